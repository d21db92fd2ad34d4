#!/bin/sh
# Keeps one server: holds its lock, starts it, waits for it, writes down how it ended, bounds its log.
# Started by connectctl in a session of its own, so it outlives the daemon. POSIX sh (dash, busybox, bash).
#
#   keeper.sh LOCK RUN WORK LOG_LIMIT SECONDS COMMAND [ARG...]
#
#   LOCK       held (flock) as long as this keeper or the server lives: file descriptor 9, inherited by the server
#   RUN        folder of this incarnation; gets keeper, instance (pid, start ticks, boot id), server.log*, rotated, exit
#   WORK       the server's working folder: emptied first, and only with the lock held, so that nobody else works in it
#   LOG_LIMIT  bytes from which on server.log is moved to server.log.1 (then .2, .3; older ones go)
#   SECONDS    between two looks at the log's size
#
# Beside LOCK may lie the file "deadline": BOOT SECONDS ... A server that has one is leased, and this is its dead man's switch: from
# that second of this boot's uptime on (or in another boot) the server is ended, since whoever leased it may be gone, the daemon too.
# Whoever lives renews the file's content ahead of time. The folder goes some seconds later: see deadlines.sh.
#
# Exit codes before a server exists: 75 the lock is held, 69 flock is missing, 73 LOCK, RUN or WORK can't be written.
set -u
lock=$1 run=$2 work=$3 limit=$4 seconds=$5
shift 5
log=$run/server.log
umask 077

# The server gets the PATH it was declared with; the keeper's own tools don't depend on it.
server_path=${PATH-}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
command -v flock >/dev/null || { echo "keeper: flock (util-linux) is missing" >&2; exit 69; }

# Handlers, not "ignore": an ignored signal would stay ignored in the server.
child='' stopping='' interrupted=''
trap 'interrupted=1' HUP
trap 'interrupted=1; stopping=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM

# An exec (or any other special builtin, such as ":") that can't open its file ends the shell, with a code of the shell's own.
# So a plain command tries first.
true >>"$lock" || exit 73
exec 9>>"$lock"
flock -n 9 || exit 75

read -r boot </proc/sys/kernel/random/boot_id

# Sets pid, state and start from /proc/$1/stat. The command's name in there may hold blanks and parentheses: cut behind the last.
identify() {
    { read -r stat </proc/"$1"/stat; } 2>/dev/null || return 1
    pid=${stat%% *}
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    state=$1
    shift 19
    start=$1
}

identify self
keeper=$pid
echo "$pid $start $boot" >"$run/keeper" || exit 73

# What earlier runs left in WORK is moved away, which takes no time however much it is, and removed beside the server's start.
# A folder that can't be moved (a mount point) is emptied in its place.
[ ! -L "$work" ] || { echo "keeper: $work is a symbolic link; its target isn't ours to empty" >&2; exit 73; }
if [ -e "$work" ] && ! mv "$work" "$run/left" 2>/dev/null; then
    find "$work" -mindepth 1 -delete || exit 73
fi
mkdir -p "$work" && cd "$work" || exit 73
rm -rf "${run%/*}"/*/left </dev/null 9>&- &

# Written over in place at the end, so that a disk that filled up meanwhile can't swallow the exit code.
echo "code=               " >"$run/exit.tmp" || exit 73

(
    # /proc/self is whoever opens it: this subshell, which becomes the server and keeps its pid.
    identify self
    echo "$pid $start $boot" >"$run/instance" || exit 73
    PATH=$server_path
    exec "$@"
) </dev/null >>"$log" 2>&1 &
child=$!
[ -z "$stopping" ] || kill -TERM "$child" 2>/dev/null
# Not from RUN/instance: on a loaded machine that may not be written yet when this is first compared.
born=''
! identify "$child" || born=$start

# True while process $1 is the one that was started here.
lives() {
    identify "$1" && [ "$state" != Z ] && [ "$start" = "$born" ]
}

# Copies and truncates, since the server keeps its file open (for appending). What it writes between the two is lost.
# "rotated" counts all bytes moved away so far: a reader that follows the log knows from it where it stands.
bound_log() {
    total=0 nap=''
    trap '[ -z "$nap" ] || { kill "$nap"; wait "$nap"; }; exit' TERM
    true >"$run/looked"
    while sleep "$seconds" & nap=$!; wait "$nap"; do
        nap='' # Its pid may be another's from here on.
        lives "$child" || return
        [ "$log" -nt "$run/looked" ] || continue
        true >"$run/looked"
        size=$(wc -c <"$log")
        [ "$size" -gt "$limit" ] || continue
        rm -f "$log.3"
        first=$((size - limit + 1))
        if ! { tail -c "+$first" "$log" | head -c "$limit" >"$log.new"; }; then
            # No room for a copy. Room may come, so the log stays whole up to three times its limit; then all but its end goes:
            # a server on a full disk is better off than one whose log fills it.
            [ "$size" -gt $((limit * 3)) ] || { rm -f "$log.new"; continue; }
            last=$(tail -c 65536 "$log")
            : >"$log"
            printf '%s\n' "$last" >"$log.new"
        fi
        [ ! -e "$log.2" ] || mv -f "$log.2" "$log.3"
        [ ! -e "$log.1" ] || mv -f "$log.1" "$log.2"
        mv -f "$log.new" "$log.1" || continue
        : >"$log"
        total=$((total + size))
        echo "$total" >"$run/rotated.new" && mv -f "$run/rotated.new" "$run/rotated"
    done
}
# Without descriptor 9: a sleep that outlives the server by a moment must not hold its lock.
bound_log </dev/null >/dev/null 2>&1 9>&- &
bounding=$!

# In the folder of the server, which LOCK lies in.
deadline=${lock%/*}/deadline
due_boot='' due=''

# True once the deadline is over. What can't be read is as it was read last.
passed() {
    { read -r due_boot due _ <"$deadline"; } 2>/dev/null
    [ -n "$due" ] || return 1
    [ "$due_boot" = "$boot" ] || return 0
    read -r up _ </proc/uptime && [ "${up%%.*}" -ge "$due" ] 2>/dev/null
}

watch_deadline() {
    nap=''
    trap '[ -z "$nap" ] || { kill "$nap"; wait "$nap"; }; exit' TERM
    while sleep 1 & nap=$!; wait "$nap"; do
        nap=''
        lives "$child" || return
        passed || continue
        # For the daemon, should there be one: this end is no fault.
        echo TERM >"$run/halt"
        kill -TERM "$child" 2>/dev/null
        for _ in 1 2 3 4 5; do
            sleep 1
            lives "$child" || return
        done
        echo KILL >"$run/halt"
        kill -KILL "$child" 2>/dev/null
        return
    done
}

# Ends a helper of this keeper, one that may have ended by itself: then its pid may be another's.
end_helper() {
    { read -r stat </proc/"$1"/stat; } 2>/dev/null || return 0
    # shellcheck disable=SC2086
    set -- "$1" ${stat##*) }
    [ "$3" != "$keeper" ] || kill "$1" 2>/dev/null
    wait "$1"
}

# What the server started and left in this session, such as Python workers.
kill_session() {
    for process in /proc/[0-9]*; do
        { read -r stat <"$process/stat"; } 2>/dev/null || continue
        # shellcheck disable=SC2086
        set -- ${stat##*) }
        [ "$4" != "$keeper" ] || [ "${process#/proc/}" = "$keeper" ] || kill -KILL "${process#/proc/}" 2>/dev/null
    done
}

watching=''
if [ -e "$deadline" ]; then
    watch_deadline </dev/null >/dev/null 2>&1 9>&- &
    watching=$!
fi

code=0
while :; do
    interrupted=''
    wait "$child"
    result=$?
    # 127: it was reaped already, by the wait that a signal interrupted in the same moment.
    [ "$result" -eq 127 ] && [ "$code" -ne 0 ] && break
    code=$result
    [ -n "$interrupted" ] || break
done
# It is reaped: its pid may be another's by now.
trap '' TERM

# A JVM that crashed left its report where the next run is going to work.
for report in "$work"/hs_err_pid*.log; do
    [ ! -f "$report" ] || mv -f "$report" "$run/"
done

printf 'code=%s' "$code" 1<>"$run/exit.tmp"
mv -f "$run/exit.tmp" "$run/exit"
end_helper "$bounding"
if [ -n "$watching" ]; then
    # It ends by itself once it has ended the server.
    end_helper "$watching"
    # Nobody else may be there to do it. What a server without a lease leaves is swept by whoever starts or stops it.
    kill_session
fi
