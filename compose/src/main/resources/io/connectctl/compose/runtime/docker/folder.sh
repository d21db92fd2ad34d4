#!/bin/sh
# Removes what a leased server in a container has on this machine, should nobody else be left to do it: its folder, with its token. The
# container ends and goes by itself (lease.sh). Started by connectctl in a session of its own, so it outlives the daemon.
#
#   folder.sh SERVER
#
# SERVER holds the file "deadline": BOOT SECONDS ..., renewed by whoever lives. Ends as soon as the folder is gone.
main() {
    server=$1 due_boot='' due=''
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    cd / || exit
    read -r boot </proc/sys/kernel/random/boot_id
    while [ -f "$server/deadline" ]; do
        { read -r due_boot due _ <"$server/deadline"; } 2>/dev/null
        read -r up _ </proc/uptime
        # Some seconds after the container, which is told the same time and gets 5 s to end.
        if [ -n "$due" ] && { [ "$due_boot" != "$boot" ] || [ "$((${up%%.*} - 7))" -ge "$due" ]; } 2>/dev/null; then
            remove
            exit
        fi
        sleep 2
    done
}

remove() {
    case $server in */servers/?*) ;; *) return ;; esac
    [ ! -L "$server" ] && [ -f "$server/docker.json" ] && [ -f "$server/deadline" ] || return
    rm -rf -- "$server"
    # A state folder that was made for one command alone, and holds no other server, goes with it.
    private=${server%/servers/*}
    if [ ! -L "$private" ] && [ -f "$private/for-one-command" ] && rmdir "$private/servers" 2>/dev/null; then
        rm -rf -- "$private"
    fi
}

main "$@"
