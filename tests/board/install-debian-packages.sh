#!/bin/sh
# Installs what `make board-test` needs from Debian beside the checkout's own .venv. Needs root where one is missing.
#   qemu-system-*            the machines
#   qemu-user                compiles the boards' Python files once, so that no board has to at every start
#   cpio kmod e2fsprogs      put kernel modules and a root file system together
#   debian-archive-keyring   verifies the packages that the boards are made of
#   systemd                  systemd-sysusers and systemctl set up the boards' users and units
set -eu
"$(dirname "$0")/../install-missing.sh" \
    qemu-system-arm qemu-system-x86 qemu-user cpio kmod e2fsprogs xz-utils debian-archive-keyring systemd
