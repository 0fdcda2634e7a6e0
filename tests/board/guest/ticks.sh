#!/bin/sh
# ticks SECONDS COMMAND...: run the command, then say about every 20 ms since when and until when it has been,
# by the board's own clock.
seconds=$1
shift
read -r from _ < /proc/uptime
"$@"
now=$from
until [ "${now%.*}" -gt $((${from%.*} + seconds)) ]; do
    read -r now _ < /proc/uptime
    echo "tick $from $now"
    sleep 0.02
done
