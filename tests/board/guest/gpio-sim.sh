#!/bin/sh
# gpio-sim NAME...: make a simulated GPIO chip whose lines have these names, and say where its files are.
set -eu
modprobe gpio-sim 2>/dev/null || true
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
chip=/sys/kernel/config/gpio-sim/door
mkdir -p "$chip/bank"
echo door > "$chip/bank/label"
echo $# > "$chip/bank/num_lines"
offset=0
for name in "$@"; do
    mkdir "$chip/bank/line$offset"
    echo "$name" > "$chip/bank/line$offset/name"
    offset=$((offset + 1))
done
echo 1 > "$chip/live"
udevadm settle
echo "/sys/devices/platform/$(cat "$chip/dev_name")/$(cat "$chip/bank/chip_name")"
