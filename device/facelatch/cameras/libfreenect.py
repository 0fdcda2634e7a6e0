"""The C library libfreenect: found, loaded, and its structures and functions declared.

They are those of libfreenect.h and libfreenect_registration.h; what is used here has been the same since 0.5.3.
"""

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_uint16, c_uint32, c_void_p

from facelatch.errors import ConfigError
from facelatch.optics.kinect_depth import Calibration, Cubic

NAMES = ("libfreenect.so.0.5", "libfreenect.so.0")
"""Debian's 0.5.3, and the name that the library gives itself since 0.6."""

RESOLUTION_MEDIUM, VIDEO_RGB, DEPTH_11BIT, DEVICE_CAMERA, LOG_ERROR = 1, 0, 0, 2, 1
INTERRUPTED = -10
"""libusb's code for a wait that a signal cut short."""


class FrameMode(ctypes.Structure):
    """freenect_frame_mode."""

    _fields_ = (
        ("reserved", c_uint32),
        ("resolution", c_int),
        ("format", c_int32),
        ("bytes", c_int32),
        ("width", ctypes.c_int16),
        ("height", ctypes.c_int16),
        ("data_bits_per_pixel", ctypes.c_int8),
        ("padding_bits_per_pixel", ctypes.c_int8),
        ("framerate", ctypes.c_int8),
        ("is_valid", ctypes.c_int8),
    )


class DeviceAttributes(ctypes.Structure):
    """freenect_device_attributes, a linked list."""


DeviceAttributes._fields_ = (("next", POINTER(DeviceAttributes)), ("camera_serial", c_char_p))


_REG_INFO = (
    "dx_center ax bx cx dx dx_start ay by cy dy dy_start dx_beta_start dy_beta_start rollout_blank rollout_size "
    "dx_beta_inc dy_beta_inc dxdx_start dxdy_start dydx_start dydy_start dxdxdx_start dydxdx_start dxdxdy_start "
    "dydxdy_start back_comp1 dydydx_start back_comp2 dydydy_start"
)


class RegInfo(ctypes.Structure):
    """freenect_reg_info."""

    _fields_ = tuple((name, c_int32) for name in _REG_INFO.split())


class Registration(ctypes.Structure):
    """freenect_registration, with its other parts in place."""

    _fields_ = (
        ("reg_info", RegInfo),
        ("pad_lines", c_uint16 * 3),
        ("emitter_cm", c_float),
        ("colour_cm", c_float),
        ("plane_cm", c_float),
        ("plane_pixel_cm", c_float),
        ("const_shift", c_double),
        ("tables", c_void_p * 3),
    )

    def to_calibration(self) -> Calibration:
        """What the device knows of its cameras; raises ValueError for what no Kinect can have."""
        return Calibration(
            self.emitter_cm,
            self.colour_cm,
            self.plane_cm,
            self.plane_pixel_cm,
            self.const_shift,
            self._cubic("x"),
            self._cubic("y"),
        )

    def _cubic(self, axis: str) -> Cubic:
        starts = (f"{name}d{axis}_start" for name in ("", "dx", "dy", "dxdx", "dydx", "dydy"))
        thirds = (f"{name}{axis}" for name in "abcd")
        return Cubic(*(int(getattr(self.reg_info, name)) for name in (*starts, *thirds)))


class TimeVal(ctypes.Structure):
    """struct timeval."""

    _fields_ = (("seconds", ctypes.c_long), ("microseconds", ctypes.c_long))


FrameCallback = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_uint32)
LogCallback = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)

_FUNCTIONS: Sequence[tuple[str, object, Sequence[object]]] = (
    ("freenect_init", c_int, (POINTER(c_void_p), c_void_p)),
    ("freenect_shutdown", c_int, (c_void_p,)),
    ("freenect_set_log_level", None, (c_void_p, c_int)),
    ("freenect_set_log_callback", None, (c_void_p, LogCallback)),
    ("freenect_select_subdevices", None, (c_void_p, c_int)),
    ("freenect_num_devices", c_int, (c_void_p,)),
    ("freenect_open_device_by_camera_serial", c_int, (c_void_p, POINTER(c_void_p), c_char_p)),
    ("freenect_close_device", c_int, (c_void_p,)),
    ("freenect_process_events_timeout", c_int, (c_void_p, POINTER(TimeVal))),
    ("freenect_find_depth_mode", FrameMode, (c_int, c_int)),
    ("freenect_find_video_mode", FrameMode, (c_int, c_int)),
    ("freenect_set_depth_mode", c_int, (c_void_p, FrameMode)),
    ("freenect_set_video_mode", c_int, (c_void_p, FrameMode)),
    ("freenect_set_depth_callback", None, (c_void_p, FrameCallback)),
    ("freenect_set_video_callback", None, (c_void_p, FrameCallback)),
    ("freenect_start_depth", c_int, (c_void_p,)),
    ("freenect_start_video", c_int, (c_void_p,)),
    ("freenect_stop_depth", c_int, (c_void_p,)),
    ("freenect_stop_video", c_int, (c_void_p,)),
)
_OF_DEVICES: Sequence[tuple[str, object, Sequence[object]]] = (
    ("freenect_list_device_attributes", c_int, (c_void_p, POINTER(POINTER(DeviceAttributes)))),
    ("freenect_free_device_attributes", None, (POINTER(DeviceAttributes),)),
    ("freenect_copy_registration", Registration, (c_void_p,)),
    ("freenect_destroy_registration", c_int, (POINTER(Registration),)),
)
"""What fakenect, which plays dumps, lacks."""


def load_library(names: Sequence[str] = NAMES) -> ctypes.CDLL:
    """libfreenect, ready to be called; raises `ConfigError` that names the package."""
    reasons = []
    for name in names:
        try:
            library = ctypes.CDLL(name)
        except OSError as error:
            reasons.append(str(error))
            continue
        _declare(library)
        return library
    raise ConfigError(
        f"the camera driver kinect needs libfreenect, which does not load ({reasons[0]}); "
        "on Debian, Ubuntu and Raspberry Pi OS: sudo apt install libfreenect0.5"
    )


def is_fakenect(library: ctypes.CDLL) -> bool:
    """Whether this is not libfreenect but fakenect, which plays a dump and knows of no device."""
    return not all(hasattr(library, name) for name, _, _ in _OF_DEVICES)


def _declare(library: ctypes.CDLL) -> None:
    optional = () if is_fakenect(library) else _OF_DEVICES
    for name, result, arguments in (*_FUNCTIONS, *optional):
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ConfigError(
                f"{library._name} has no {name}, which libfreenect 0.5.3 and later have; install libfreenect0.5"
            ) from None
        function.restype, function.argtypes = result, arguments
