#!/bin/sh
# Removes what leased servers have on this machine, should nobody else be left to do it: their folders, with their tokens. Started by
# connectctl in a session of its own, so it outlives the daemon; one for all servers of a state folder. POSIX sh (dash, busybox, bash).
#
#   deadlines.sh STATE
#
# Each STATE/servers/NAME of a leased server holds the file "deadline": BOOT SECONDS ..., renewed by whoever lives. A server ends by
# itself at that second of this boot's uptime (keeper.sh, lease.sh); its folder goes some seconds later, whether it was ever launched,
# ended long ago, or outlived its keeper: then whatever holds the lock of the folder is killed first. Ends as soon as nothing is leased.
grace=7

main() {
    state=$1 server='' due_boot='' due='' up=''
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    cd / || exit
    read -r boot </proc/sys/kernel/random/boot_id
    while :; do
        # A plain command tries first: an exec that can't open its file ends the shell with a message.
        true 2>/dev/null >>"$state/deadlines.lock" || exit 0
        exec 9>>"$state/deadlines.lock"
        # Another one is at it already. Where flock is missing, two do no harm.
        ! command -v flock >/dev/null || flock -n 9 || exit 0
        while leased; do
            sleep 2 9>&-
        done
        exec 9>&-
        # Whoever leases writes the deadline first and starts this second, which finds the lock held until just now.
        leased || exit 0
    done
}

# True while there is a leased server.
leased() {
    some=1
    for file in "$state"/servers/*/deadline; do
        [ -f "$file" ] || continue
        some=0
        server=${file%/deadline}
        due_boot='' due=''
        { read -r due_boot due _ <"$file"; } 2>/dev/null
        ! over || remove
    done
    return "$some"
}

over() {
    [ -n "$due" ] || return 1
    [ "$due_boot" = "$boot" ] || return 0
    read -r up _ </proc/uptime && [ "$((${up%%.*} - grace))" -ge "$due" ] 2>/dev/null
}

remove() {
    [ ! -L "$state/servers" ] && [ ! -L "$server" ] || return 0
    if [ -f "$server/lock" ] && [ ! -L "$server/lock" ] && ! flock -n "$server/lock" true 9>&-; then
        # Its end takes a moment: the next look removes the folder.
        kill_holders
        return 0
    fi
    rm -rf -- "$server" 9>&-
    # What was made for one command alone goes with its last server, unless it may have containers: its id is their only mark.
    if [ ! -L "$state" ] && [ -f "$state/for-one-command" ] && [ ! -e "$state/installation" ] && rmdir "$state/servers" 2>/dev/null; then
        rm -rf -- "$state"
    fi
}

# A server holds the lock of its folder as descriptor 9, and nobody else's process does. What it started is in its session.
kill_holders() {
    for process in /proc/[0-9]*; do
        [ "$process/fd/9" -ef "$server/lock" ] || continue
        session=$(session "${process#/proc/}")
        kill -KILL "${process#/proc/}" 2>/dev/null
        [ -n "$session" ] || continue
        for other in /proc/[0-9]*; do
            [ "$(session "${other#/proc/}")" != "$session" ] || kill -KILL "${other#/proc/}" 2>/dev/null
        done
    done
}

# The session of process $1. Its name in there may hold blanks and parentheses: cut behind the last.
session() {
    { read -r stat </proc/"$1"/stat; } 2>/dev/null || return 0
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    echo "$4"
}

main "$@"
