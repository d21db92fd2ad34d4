#!/bin/bash
# Runs, in a container of its own, the server that a class data archive is recorded from, and tells its end on stdout: a line
# "connectctl: ended CODE". A line "stop" on standard input ends the server politely: then its JVM writes the archive, and this container
# stays, so that it can be fetched. The end of standard input ends everything: whoever trains holds the other end, so nothing outlives it,
# however it ends.
#
#   training.sh LIMIT COMMAND [ARG...]
#
#   LIMIT  seconds after which the server is killed, whatever it does
set -u
limit=$1
shift

"$@" </dev/null 2>&1 &
server=$!
said=

while :; do
    # More than 128: nothing was said for a second. Less, but not 0: the end.
    read -r -t 1 word
    heard=$?
    if [ "$heard" = 0 ]; then
        [ "$word" != stop ] || kill -TERM "$server" 2>/dev/null
    elif [ "$heard" -le 128 ]; then
        break
    fi
    if [ -z "$said" ] && ! kill -0 "$server" 2>/dev/null; then
        wait "$server"
        echo "connectctl: ended $?"
        said=yes
    elif [ $((SECONDS % 20)) = 0 ]; then
        # A connection that is silent for minutes may be cut on its way.
        echo
    fi
    [ "$SECONDS" -lt "$limit" ] || kill -KILL "$server" 2>/dev/null
done
kill -KILL "$server" 2>/dev/null
