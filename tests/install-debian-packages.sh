#!/bin/sh
# Installs what the tests need from Debian beside the Python packages. Needs root and apt-get.
#   systemd       systemd-analyze, systemd-sysusers and systemd-tmpfiles check the files under systemd/
#   libusb-1.0-0  pyrealsense2's wheels load it
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends systemd libusb-1.0-0
