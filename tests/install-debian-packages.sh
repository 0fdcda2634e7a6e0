#!/bin/sh
# Installs what the tests need from Debian beside the Python packages. Needs root and apt-get where one is missing.
#   systemd       systemd-analyze, systemd-sysusers and systemd-tmpfiles check the files under systemd/
#   libusb-1.0-0  pyrealsense2's wheels load it
set -eu
PACKAGES="systemd libusb-1.0-0"

missing=
for package in $PACKAGES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # one word per package
apt-get install -y -qq --no-install-recommends $missing
