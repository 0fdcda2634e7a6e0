#!/bin/sh
# Installs what the tests need from Debian beside the Python packages. Needs root and apt-get where one is missing.
#   systemd       systemd-analyze, systemd-sysusers and systemd-tmpfiles check the files under systemd/
#   libusb-1.0-0  pyrealsense2's wheels load it
#   libfreenect0.5                 has fakenect, which plays what a Kinect would send
#   libfreenect-dev gcc libc6-dev  build a libfreenect that fails as told, against the real headers
set -eu
"$(dirname "$0")/install-missing.sh" \
    systemd libusb-1.0-0 libfreenect0.5 libfreenect-dev gcc libc6-dev
