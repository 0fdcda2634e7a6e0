#!/bin/busybox sh
# The first process of a board: loads modules, mounts the disk that root= names and starts systemd from it.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
while read -r module; do
    # Not every board has what every module drives.
    /bin/busybox insmod "/modules/$module" 2>/dev/null
done < /modules/order
for word in $(/bin/busybox cat /proc/cmdline); do
    case $word in root=*) root=${word#root=} ;; esac
done
tries=0
until [ -b "$root" ] || [ $tries -ge 300 ]; do
    /bin/busybox sleep 0.1
    tries=$((tries + 1))
done
if ! /bin/busybox mount -t ext4 "$root" /root; then
    echo "board-failed: no disk at $root"
    /bin/busybox cat /proc/partitions
    /bin/busybox poweroff -f
fi
/bin/busybox mount --move /dev /root/dev
/bin/busybox umount /proc /sys
exec /bin/busybox switch_root /root /usr/lib/systemd/systemd
