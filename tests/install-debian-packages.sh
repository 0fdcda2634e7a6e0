#!/bin/sh
# Installs what the tests need from Debian beside the Python packages. Needs root and apt-get where one is missing.
#   systemd       systemd-analyze, systemd-sysusers and systemd-tmpfiles check the files under systemd/
#   libusb-1.0-0  pyrealsense2's wheels load it
#   libfreenect0.5                 has fakenect, which plays what a Kinect would send
#   libfreenect-dev gcc libc6-dev  build a libfreenect that fails as told, against the real headers
set -eu
PACKAGES="systemd libusb-1.0-0 libfreenect0.5 libfreenect-dev gcc libc6-dev"

missing=
for package in $PACKAGES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # one word per package
apt-get install -y -qq --no-install-recommends $missing
