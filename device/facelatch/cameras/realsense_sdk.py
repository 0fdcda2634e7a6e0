"""The RealSense SDK: found, loaded, and kept away from files that it cannot read."""

import ctypes
import importlib
import importlib.util
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facelatch.errors import CameraError, CameraStalledError, CameraUnpluggedError, CaptureError, ConfigError

WIDTH, HEIGHT, RATE_HZ = 640, 480, 30
"""What is asked of a live camera."""

_SQLITE = b"SQLite format 3\0"
_ROSBAG = b"#ROSBAG V2.0\n"


def load_sdk() -> Any:
    """The `pyrealsense2` module; raises `ConfigError` that says how to install it."""
    if importlib.util.find_spec("pyrealsense2") is None:
        raise ConfigError(
            "the camera driver realsense needs pyrealsense2, which is not installed; "
            "pip install 'facelatch[realsense]', or build it from source where it has no wheel"
        )
    try:
        return importlib.import_module("pyrealsense2")
    except ImportError as error:
        if "libusb" not in str(error):
            raise ConfigError(f"pyrealsense2 is installed but does not load ({error})") from None
    _load_libusb()
    try:
        return importlib.import_module("pyrealsense2")
    except ImportError as error:
        raise ConfigError(f"pyrealsense2 is installed but does not load ({error})") from None


def check_recording(path: Path) -> None:
    """Refuse, before the SDK sees it, a file that is missing, foreign or cut short.

    The SDK's own messages do not name the file, and a recording that was cut short plays as a shorter one.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
        size = path.stat().st_size
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror})") from None
    if header.startswith(_ROSBAG):
        return
    if not header.startswith(_SQLITE) or len(header) < 100:
        raise CaptureError(
            f"{path}: is not a RealSense recording; expected a .db3 or .bag file of the SDK's recorder"
        )
    page, pages = struct.unpack(">H", header[16:18])[0], struct.unpack(">I", header[28:32])[0]
    expected = (65536 if page == 1 else page) * pages
    if size < expected:
        raise CaptureError(
            f"{path}: is cut short, {size} of {expected} bytes; copy it again, or record again and stop the "
            "recording before the camera is unplugged"
        )


def choose_serial(wanted: str, found: Sequence[str]) -> str:
    """The serial number to open; raises `CameraError` that names the ones found."""
    if not found:
        raise CameraUnpluggedError("no RealSense camera is connected; plug one in, or play a recording")
    listed = ", ".join(found)
    if wanted and wanted not in found:
        raise CameraUnpluggedError(f"RealSense camera {wanted} is not connected, found {listed}")
    if not wanted and len(found) > 1:
        raise CameraError(f"several RealSense cameras are connected, {listed}; set the serial of one")
    return wanted or found[0]


def to_error(text: str, source: str | Path) -> CameraError | CaptureError:
    """What a message of the SDK means to the user; the SDK has one class of error for everything.

    `source` is the recording's path or the camera's serial number.
    """
    text = text.strip().rpartition("Reason: ")[2].rstrip(".")
    if isinstance(source, Path):
        return CaptureError(f"{source}: the RealSense SDK cannot play it ({text}); record it again")
    if "No device connected" in text or "disconnected" in text.lower():
        return CameraUnpluggedError(f"camera {source} is gone from the bus; plug it in again")
    if "didn't arrive" in text:
        return CameraStalledError(f"camera {source} is connected but sends no frames ({text})")
    if "resolve" in text.lower():
        return CameraError(
            f"camera {source} cannot deliver colour, depth and infrared together at {WIDTH}x{HEIGHT} and "
            f"{RATE_HZ} Hz; plug it into a USB 3 port"
        )
    return CameraError(f"camera {source}: {text}")


def _load_libusb() -> None:
    """Load the libusb of PyPI's `libusb-package`, so that the SDK finds it by its name.

    pyrealsense2's wheels expect the system's libusb-1.0, which small installations lack.
    """
    spec = importlib.util.find_spec("libusb_package")
    folders = list(spec.submodule_search_locations or []) if spec else []
    for library in (found for folder in folders for found in Path(folder).glob("libusb-1.0.so*")):
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        return
    raise ConfigError(
        "pyrealsense2 needs libusb-1.0, which is not installed; pip install libusb-package, "
        "or install the system's package libusb-1.0-0"
    )
