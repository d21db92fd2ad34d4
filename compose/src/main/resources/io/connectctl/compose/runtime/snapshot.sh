#!/bin/sh
# Tells what a JVM that lives and doesn't answer looks like from inside, on stdout. POSIX sh (dash, busybox, bash). Changes nothing.
#
#   snapshot.sh PID SECONDS
#
#   PID       the JVM's process id; "auto" for the Spark server of the container that this runs in
#   SECONDS   for the JVM's answer; the whole takes little more
#
# A part begins with "@@connectctl NAME"; "@@remark TEXT" is a remark, and "@@dump-in-log" says that the threads were asked for by
# SIGQUIT: the JVM writes them, and its heap, to its own log as soon as it can.
# Nothing here may wait for the JVM without a limit: it may be stopped, or never come to a safepoint.
# Neither command lines nor environments are shown: they may hold secrets.
set -u
pid=$1 seconds=$2
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

if [ "$pid" = auto ]; then
    pid=
    for folder in /proc/[0-9]*; do
        read -r name <"$folder/comm" || continue
        [ "$name" = java ] && grep -q org.apache.spark.deploy.SparkSubmit "$folder/cmdline" && pid=${folder#/proc/} && break
    done 2>/dev/null
    [ -n "$pid" ] || { echo "@@remark no java process of a Spark server is in the container"; exit 0; }
fi
[ -d "/proc/$pid" ] || { echo "@@remark process $pid is gone"; exit 0; }

# First what the kernel knows: it needs nobody's answer.
echo "@@connectctl process.txt"
state=
while read -r key value; do
    [ "$key" != State: ] || state=${value%% *}
    echo "$key $value"
done <"/proc/$pid/status"
echo
echo "waits in (wchan)  state  thread"
for task in /proc/"$pid"/task/[0-9]*; do
    read -r name <"$task/comm" || continue
    waits=-
    read -r waits <"$task/wchan"
    read -r stat <"$task/stat" || continue
    # Behind the last parenthesis: the name may hold blanks and parentheses.
    stat=${stat##*) }
    printf '%-17s %s      %s %s\n' "${waits:--}" "${stat%% *}" "${task##*/}" "$name"
done 2>/dev/null

case $state in
    T | t)
        echo "@@remark the process is stopped (SIGSTOP, a debugger or a frozen cgroup; kill -CONT $pid lets it go on): its JVM can't be asked"
        exit 0
        ;;
    Z | X)
        echo "@@remark the process has ended and waits for its parent"
        exit 0
        ;;
    D) echo "@@remark the process waits for a device or a network file system (state D), and may heed nothing" ;;
esac

# "timeout" ends what is beside the JVM, never the JVM.
bounded() {
    timeout -k 1 "$@" </dev/null 2>&1
}

java=$(readlink "/proc/$pid/exe") || java=
# Both questions in one go: to be let in once more would take as long again.
questions='GC.heap_info
Thread.print'
if [ -x "${java%/*}/jcmd" ]; then
    ask() { bounded "$seconds" "${java%/*}/jcmd" "$pid" "$questions"; }
elif [ -x "$java" ]; then
    # A JRE may hold the tool's classes without its launcher. Small: it may run within the server's own limit of memory.
    ask() {
        bounded "$seconds" "$java" -Xmx32m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
            -m jdk.jcmd/sun.tools.jcmd.JCmd "$pid" "$questions"
    }
else
    ask() { return 1; }
fi

if command -v timeout >/dev/null; then
    answer=$(ask)
    # What it said until its time was over is worth as much.
    case $answer in
        *"Full thread dump"*)
            echo "@@connectctl heap.txt"
            printf '%s\n' "$answer" | sed '/^Full thread dump/,$d'
            echo "@@connectctl threads.txt"
            printf '%s\n' "$answer" | sed -n '/^Full thread dump/,$p'
            exit 0
            ;;
    esac
    # An attempt that was cut short leaves its sign, and a JVM that sees it takes SIGQUIT for another attempt.
    rm -f "/proc/$pid/cwd/.attach_pid$pid" "/proc/$pid/root/tmp/.attach_pid$pid" 2>/dev/null
    echo "@@remark its JVM didn't answer a tool within $seconds s, or has none: $(printf '%s' "$answer" | tr '\n' ' ' | cut -c1-200)"
else
    echo "@@remark there is no program 'timeout', without which no tool may wait for the JVM"
fi
if kill -QUIT "$pid"; then
    echo "@@dump-in-log"
else
    echo "@@remark process $pid can't be sent SIGQUIT"
fi
