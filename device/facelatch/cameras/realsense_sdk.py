"""The RealSense SDK: found, loaded, and kept away from files that it cannot read."""

import ctypes
import importlib
import importlib.util
import struct
from pathlib import Path
from typing import Any

from facelatch.errors import CaptureError, ConfigError

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
