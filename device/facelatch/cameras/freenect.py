"""One Kinect behind libfreenect: which are there, what this one knows of itself, its two streams."""

import ctypes
import re
from collections.abc import Callable
from ctypes import POINTER, byref, c_void_p

import numpy as np
import numpy.typing as npt

from facelatch.cameras import libfreenect as c
from facelatch.errors import CameraError, CameraUnpluggedError
from facelatch.frames import ColourImage, DepthImage
from facelatch.optics.kinect_depth import HEIGHT, NOMINAL, WIDTH, Calibration

FAKE_SERIAL = "fakenect"
_RULES = "install systemd/60-facelatch.rules and plug the Kinect in again"


class Freenect:
    """A context of libfreenect and the device that is opened in it; `close` it, however the work ends.

    Only the camera is touched: neither motor nor LED. (libfreenect itself lights a model 1473's or a Kinect for
    Windows's LED green when it opens one, and knows no way round it.)
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self.is_fake = c.is_fakenect(library)
        self._context, self._device = c_void_p(), c_void_p()
        self._last_message = ""
        # ctypes keeps no reference of its own: a callback that is collected crashes the process.
        self._callbacks: list[object] = []
        if library.freenect_init(byref(self._context), None) < 0:
            raise CameraError(
                "libfreenect cannot use USB here; run this on the board, with access to /dev/bus/usb"
            )
        log = c.LogCallback(self._log)
        self._callbacks.append(log)
        library.freenect_set_log_level(self._context, c.LOG_ERROR)
        library.freenect_set_log_callback(self._context, log)
        library.freenect_select_subdevices(self._context, c.DEVICE_CAMERA)

    def count(self) -> int:
        """How many Kinects are on the bus now, whether they may be opened or not."""
        return max(0, int(self._library.freenect_num_devices(self._context)))

    def serials(self) -> list[str]:
        """The serial numbers of those that may be opened."""
        if self.is_fake:
            return [FAKE_SERIAL]
        first = POINTER(c.DeviceAttributes)()
        if self._library.freenect_list_device_attributes(self._context, byref(first)) < 0:
            return []
        found, each = [], first
        while each:
            found.append((each.contents.camera_serial or b"").decode(errors="replace"))
            each = each.contents.next
        self._library.freenect_free_device_attributes(first)
        return found

    def open(self, serial: str) -> None:
        """Take the device with this serial number."""
        library = self._library
        code = library.freenect_open_device_by_camera_serial(
            self._context, byref(self._device), serial.encode()
        )
        if code < 0 or not self._device:
            self._device = c_void_p()
            raise self._refused(f"Kinect {serial} cannot be opened", code)

    def calibration(self) -> Calibration:
        """What the device knows of its own cameras; fakenect has no device to ask."""
        if self.is_fake:
            return NOMINAL
        registration = self._library.freenect_copy_registration(self._device)
        try:
            return registration.to_calibration()  # type: ignore[no-any-return]
        finally:
            self._library.freenect_destroy_registration(byref(registration))

    def start(
        self, on_depth: Callable[[DepthImage, int], None], on_colour: Callable[[ColourImage, int], None]
    ) -> None:
        """Let images come: raw depth and RGB, each a copy, with the device's own time; within `pump` only."""
        library, device = self._library, self._device
        depth = c.FrameCallback(
            lambda _, at, ticks: on_depth(_copy(at, 2).view(np.uint16).reshape(HEIGHT, WIDTH), ticks)
        )
        colour = c.FrameCallback(
            lambda _, at, ticks: on_colour(_copy(at, 3).reshape(HEIGHT, WIDTH, 3), ticks)
        )
        self._callbacks += [depth, colour]
        library.freenect_set_depth_callback(device, depth)
        library.freenect_set_video_callback(device, colour)
        depth_mode = library.freenect_find_depth_mode(c.RESOLUTION_MEDIUM, c.DEPTH_11BIT)
        colour_mode = library.freenect_find_video_mode(c.RESOLUTION_MEDIUM, c.VIDEO_RGB)
        for name, mode, size in (("depth", depth_mode, 2), ("colour", colour_mode, 3)):
            if not mode.is_valid or mode.bytes != WIDTH * HEIGHT * size:
                raise CameraError(
                    f"this libfreenect has no {name} of {WIDTH}x{HEIGHT}; install libfreenect0.5"
                )
        for code in (
            library.freenect_set_depth_mode(device, depth_mode),
            library.freenect_set_video_mode(device, colour_mode),
            library.freenect_start_depth(device),
            library.freenect_start_video(device),
        ):
            if code < 0:
                raise self._refused("the Kinect's streams do not start", code)

    def pump(self, longest_s: float) -> bool:
        """Wait for events and handle them; False once the device is gone, or the dump that fakenect plays ends."""
        wait = c.TimeVal(int(longest_s), int(longest_s % 1 * 1e6))
        code = self._library.freenect_process_events_timeout(self._context, byref(wait))
        return bool(code >= 0 or code == c.INTERRUPTED)

    def close(self) -> None:
        """Stop the streams and free everything; may be called twice."""
        library = self._library
        device, self._device = self._device, c_void_p()
        context, self._context = self._context, c_void_p()
        if device:
            library.freenect_stop_depth(device)
            library.freenect_stop_video(device)
            library.freenect_close_device(device)
        if context:
            library.freenect_shutdown(context)
        self._callbacks.clear()

    def _log(self, _context: int, _level: int, text: bytes) -> None:
        self._last_message = " ".join(text.decode(errors="replace").split())

    def _refused(self, what: str, code: int) -> CameraError:
        """The error with libusb's reason, which libfreenect only logs."""
        said = self._last_message
        if re.search(r"LIBUSB_ERROR_ACCESS|: -3$", said) or code == -3:
            return CameraError(f"{what}: this user may not use it; {_RULES}")
        if re.search(r"LIBUSB_ERROR_BUSY|: -6$", said) or code == -6:
            return CameraError(f"{what}: another program uses it; stop that one")
        if self.count() == 0:
            return CameraUnpluggedError(f"{what}: it is gone from the bus; plug it in again")
        return CameraError(
            f"{what} ({said or f'code {code}'}); unplug it and plug it in again, with its own power"
        )


def _copy(at: int, bytes_per_pixel: int) -> npt.NDArray[np.uint8]:
    """The image at an address that the library will use again."""
    image = (ctypes.c_uint8 * (WIDTH * HEIGHT * bytes_per_pixel)).from_address(at)
    return np.frombuffer(memoryview(image), np.uint8).copy()
