"""`facelatch cameras`: which cameras are on the bus, and which drivers are there to open them."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from facelatch.cameras.drivers import BUILT_IN
from facelatch.cameras.installed import installed_drivers
from facelatch.cameras.libfreenect import load_library
from facelatch.cameras.realsense_sdk import load_sdk
from facelatch.commands.options import add_json
from facelatch.diagnosis.board import read_usb
from facelatch.diagnosis.judgements import camera_driver
from facelatch.errors import ConfigError
from facelatch.exit_codes import ExitCode

DESCRIPTION = """\
List the cameras on the USB bus that a built-in driver knows, and all drivers: built-in ones with what they lack
here, and those that other packages bring. Nothing is opened; `facelatch doctor` looks through the camera.
"""
EXAMPLES = """\
examples:
  facelatch cameras
  facelatch cameras --json
"""
READY = "ready"

_LIBRARIES: Mapping[str, Callable[[], object]] = {"realsense": load_sdk, "kinect": load_library}
"""What a built-in driver has to load; replay needs nothing."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """List both; no camera at all is no failure."""
    report = look(Path("/"), _LIBRARIES)
    print(json.dumps(report, indent=2) if arguments.json else to_text(report))
    return ExitCode.OK


def look(root: Path, libraries: Mapping[str, Callable[[], object]]) -> dict[str, list[dict[str, Any]]]:
    """What `--json` prints; `root` is where /sys is read from."""
    cameras: list[dict[str, Any]] = [
        {"driver": driver, "name": usb.name, "speed_mbps": usb.speed_mbps, "node": str(usb.node)}
        for usb in read_usb(root)
        if (driver := camera_driver(usb)) is not None
    ]
    drivers: list[dict[str, Any]] = [
        {"name": name, "packages": ["facelatch"], "state": _state(libraries.get(name))} for name in BUILT_IN
    ]
    for name, packages in installed_drivers().items():
        state = READY
        if name in BUILT_IN:
            state = "ignored: the built-in driver has that name"
        elif len(packages) > 1:
            state = "refused: several packages bring it; uninstall all but one"
        drivers.append({"name": name, "packages": packages, "state": state})
    return {"cameras": cameras, "drivers": drivers}


def to_text(report: Mapping[str, list[dict[str, Any]]]) -> str:
    """The same for people."""
    lines = [
        "{driver:12}  {name} at {speed_mbps:g} Mbit/s, {node}".format(**camera)
        for camera in report["cameras"]
    ]
    lines = ["cameras", *(lines or ["none that a built-in driver knows"]), "", "drivers"]
    for driver in report["drivers"]:
        packages = ", ".join(driver["packages"])
        lines.append(f"{driver['name']:12}  {driver['state']} ({packages})")
    return "\n".join(lines)


def _state(load: Callable[[], object] | None) -> str:
    try:
        if load is not None:
            load()
    except ConfigError as error:
        return str(error)
    return READY
