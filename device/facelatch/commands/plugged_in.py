"""Cameras that are plugged in and what their drivers lack, as far as can be told without opening one."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from facelatch.cameras.drivers import BUILT_IN
from facelatch.cameras.installed import installed_drivers
from facelatch.cameras.libfreenect import load_library
from facelatch.cameras.realsense_sdk import find_cameras, load_sdk
from facelatch.diagnosis.board import read_usb
from facelatch.diagnosis.checks import Finding, Status
from facelatch.diagnosis.judgements import USB3_MBPS, Seen, camera_driver
from facelatch.errors import FacelatchError


def check_driver(driver: str) -> Finding:
    """Load what the camera's driver needs; its error names the extra or the Debian package."""
    if driver == "realsense":
        load_sdk()
        try:
            found = f"pyrealsense2 {version('pyrealsense2')}"
        except PackageNotFoundError:
            found = "pyrealsense2, built from source"
        return Finding("driver", Status.OK, f"{driver}: {found}")
    if driver == "kinect":
        load_library()
        return Finding("driver", Status.OK, f"{driver}: libfreenect")
    if driver in BUILT_IN:
        return Finding("driver", Status.OK, f"{driver} needs nothing")
    packages = installed_drivers().get(driver, [])
    if len(packages) == 1:
        return Finding("driver", Status.OK, f"{driver} of package {packages[0]}")
    found = (
        f"{len(packages)} packages bring it: {', '.join(packages)}" if packages else "no package brings it"
    )
    hint = (
        "uninstall all but one"
        if packages
        else "install its package, or set camera.driver; see `facelatch cameras`"
    )
    return Finding("driver", Status.FAIL, f"{driver}: {found}", hint)


def find_seen(root: Path) -> list[Seen]:
    """Cameras that are plugged in: RealSense as the SDK tells where it is installed, all others by the USB bus."""
    usb = [(driver, one) for one in read_usb(root) if (driver := camera_driver(one)) is not None]
    seen = [
        Seen(
            driver,
            one.name,
            connection=f"{one.speed_mbps:g} Mbit/s",
            is_slow=driver == "realsense" and one.speed_mbps < USB3_MBPS,
        )
        for driver, one in usb
    ]
    if not any(one.driver == "realsense" for one in seen):
        return seen
    try:
        told = find_cameras(load_sdk())
    except FacelatchError:
        return seen
    by_sdk = [
        Seen(
            "realsense",
            one.model.removeprefix("Intel RealSense "),
            one.serial,
            f"USB {one.usb}" if one.usb else "",
            one.is_slow,
            one.firmware,
        )
        for one in told
    ]
    return by_sdk + [one for one in seen if one.driver != "realsense"] if by_sdk else seen
