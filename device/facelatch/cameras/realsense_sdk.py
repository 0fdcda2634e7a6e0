"""The RealSense SDK: found, loaded, asked for cameras, and kept away from files that it cannot read."""

import ctypes
import importlib
import importlib.util
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facelatch.cameras.realsense_errors import to_reason
from facelatch.errors import CameraError, CameraForeignError, CameraUnpluggedError, CaptureError, ConfigError


@dataclass(frozen=True, slots=True)
class Connected:
    """A camera as the SDK lists it; a word is empty where it does not tell."""

    serial: str
    model: str = ""
    usb: str = ""
    """Of the connection, not of the camera: `3.2`, or `2.1` on a slow port or cable."""
    firmware: str = ""
    newest_firmware: str = ""
    """The one that this SDK recommends."""

    @property
    def is_slow(self) -> bool:
        """Whether it is connected by less than USB 3."""
        return self.usb.startswith(("1", "2"))


def find_cameras(rs: Any) -> list[Connected]:
    """Every RealSense camera that is connected now.

    Asks a new context: an old one may not have noticed a camera that was plugged in, or came back from a reset.
    """
    try:
        return [to_connected(rs, device) for device in rs.context().query_devices()]
    except RuntimeError as error:
        raise CameraError(f"the RealSense SDK cannot list cameras ({to_reason(str(error))})") from None


def find_device(rs: Any, serial: str) -> Any:
    """The SDK's device with a serial number, asked of a new context; `CameraUnpluggedError` where it is gone."""
    for device in rs.context().query_devices():
        if to_connected(rs, device).serial == serial:
            return device
    raise CameraUnpluggedError(f"camera {serial} is gone from the bus; plug it in again")


def reset_camera(rs: Any, serial: str) -> None:
    """Restart the device with a serial number (empty: the only one), though nobody has it open."""
    chosen = choose_serial(serial, [found.serial for found in find_cameras(rs)])
    try:
        find_device(rs, chosen).hardware_reset()
    except RuntimeError as error:
        raise CameraError(
            f"camera {chosen} cannot be reset ({to_reason(str(error))}); unplug it and plug it in again"
        ) from None


def to_connected(rs: Any, device: Any) -> Connected:
    """What a device of the SDK says of itself."""
    told = rs.camera_info
    serial, model, usb, firmware, newest = (
        str(device.get_info(info)) if device.supports(info) else ""
        for info in (
            told.serial_number,
            told.name,
            told.usb_type_descriptor,
            told.firmware_version,
            told.recommended_firmware_version,
        )
    )
    return Connected(serial, model, usb, firmware, newest)


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


def to_depth_sensor(rs: Any, device: Any) -> Any:
    """The device's sensor that measures depth; a device that is being recorded may not call it by that name."""
    named = (sensor for sensor in device.query_sensors() if sensor.supports(rs.option.depth_units))
    return next(named, None) or device.first_depth_sensor()


def to_mm_per_unit(rs: Any, device: Any) -> float:
    """Millimetres per unit of depth; it differs between models, so the sensor is asked."""
    return round(float(to_depth_sensor(rs, device).get_option(rs.option.depth_units)) * 1000, 6)


def was_switched(rs: Any, device: Any) -> bool:
    """Whether a recording was made with the projector switching."""
    sensor, option = to_depth_sensor(rs, device), rs.option.emitter_on_off
    return bool(sensor.supports(option) and sensor.get_option(option))


def choose_serial(wanted: str, found: Sequence[str]) -> str:
    """The serial number to open; raises `CameraError` that names the ones found."""
    if not found:
        raise CameraUnpluggedError(
            "no RealSense camera is connected, or none may be opened by this user; plug one in, or install "
            "systemd/60-facelatch.rules and join the group video"
        )
    listed = ", ".join(found)
    if wanted and wanted not in found:
        raise CameraForeignError(
            f"RealSense camera {wanted} is not connected, found {listed}; plug that one in, or set camera.serial"
        )
    if not wanted and len(found) > 1:
        raise CameraError(
            f"several RealSense cameras are connected, {listed}; set camera.serial to one of them"
        )
    return wanted or found[0]


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
