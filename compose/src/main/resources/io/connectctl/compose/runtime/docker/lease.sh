#!/bin/sh
# Runs a leased server in a container, with its dead man's switch beside it: whoever leased it may be gone, the daemon too.
#
#   lease.sh DEADLINE COMMAND [ARG...]
#
# DEADLINE is a file: BOOT SECONDS LEFT, one line. LEFT seconds after its content was last seen to change, the server gets SIGTERM, and
# SIGKILL 5 s later; the engine then removes the container with its volumes. Whoever lives writes it anew ahead of time. Boot and second
# are another machine's, maybe, so only LEFT is used here. The server can't write the file.
set -u
deadline=$1
shift
server=$$

(
    # The server inherits neither: this shell ends with its container.
    seen=''
    read -r up _ </proc/uptime
    # Should the file never be there.
    due=$((${up%%.*} + 600))
    while sleep 1; do
        line=''
        { IFS= read -r line <"$deadline"; } 2>/dev/null
        left=${line##* }
        read -r up _ </proc/uptime
        up=${up%%.*}
        case $left in
            '' | *[!0-9]*) ;;
            *)
                if [ "$line" != "$seen" ]; then
                    seen=$line
                    due=$((up + left))
                fi
                ;;
        esac
        [ "$up" -ge "$due" ] || continue
        kill -TERM "$server" 2>/dev/null
        sleep 5
        kill -KILL "$server" 2>/dev/null
        exit
    done
) </dev/null >/dev/null 2>&1 &

exec "$@"
