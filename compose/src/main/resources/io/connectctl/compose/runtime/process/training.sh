#!/bin/sh
# Runs the server that a class data archive is recorded from: at the lowest priority, in a session of its own. Ends all of it and removes
# FOLDER as soon as standard input ends. The daemon holds the other end of that pipe, so nothing outlives it, however it ends.
# A line "stop" on standard input ends the server politely: then its JVM writes the archive. POSIX sh.
#
#   training.sh FOLDER COMMAND [ARG...]
#
#   FOLDER  of this training; in FOLDER/run lie instance (pid, start ticks, boot id of the server) and server.log
set -u
folder=$1
shift
umask 077
server_path=${PATH-}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Handlers, not "ignore": an ignored signal would stay ignored in the server. The end of standard input is all that counts.
trap : HUP INT TERM

read -r boot </proc/sys/kernel/random/boot_id

(
    # /proc/self is whoever opens it: this subshell, which becomes the server and keeps its pid. Its name may hold blanks.
    read -r stat </proc/self/stat || exit 73
    pid=${stat%% *}
    # shellcheck disable=SC2086
    set -- "$pid" ${stat##*) } -- "$@"
    start=${21}
    while [ "$1" != -- ]; do shift; done
    shift
    echo "$pid $start $boot" >"$folder/run/instance" || exit 73
    # Idle I/O, too, where there is ionice.
    ionice=$(command -v ionice) && ionice -c 3 -p "$pid" 2>/dev/null
    nice=$(command -v nice) setsid=$(command -v setsid)
    PATH=$server_path
    export PATH
    # Where the kernel shares out the processor by sessions (autogroup), a session's own niceness is what counts.
    # shellcheck disable=SC2016
    exec "$nice" -n 19 "$setsid" /bin/sh -c '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec "$@"' training "$@"
) </dev/null >"$folder/run/server.log" 2>&1 &
child=$!

while read -r word; do
    [ "$word" != stop ] || kill -TERM "$child" 2>/dev/null
done

# Its whole session: a JVM may have started another one to assemble what it recorded.
# Without "--", which dash's own kill takes for a process.
kill -KILL "-$child" 2>/dev/null
kill -KILL "$child" 2>/dev/null
wait "$child"
rm -rf "$folder"
