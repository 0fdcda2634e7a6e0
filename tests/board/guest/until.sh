#!/bin/sh
# until SECONDS FILE VALUE COMMAND...: run the command and wait until the file reads that; say since when and until when
# that took, by the board's own clock.
seconds=$1 file=$2 value=$3
shift 3
read -r from _ < /proc/uptime
"$@"
# A file that cannot be read says nothing.
until read -r found < "$file" && [ "$found" = "$value" ]; do
    read -r now _ < /proc/uptime
    [ "${now%.*}" -le $((${from%.*} + seconds)) ] || exit 1
    sleep 0.02
done
read -r now _ < /proc/uptime
echo "$from $now"
