"""Kinect v1 (Xbox 360, models 1414 and 1473, and Kinect for Windows) through libfreenect."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from facelatch.cameras.fakenect import check_dump
from facelatch.cameras.freenect import Freenect
from facelatch.cameras.libfreenect import NAMES, load_library
from facelatch.errors import (
    CameraError,
    CameraForeignError,
    CameraStalledError,
    CameraUnpluggedError,
    CaptureError,
)
from facelatch.frames import ColourImage, DepthImage, Frame
from facelatch.optics.kinect_depth import KinectRegistration
from facelatch.optics.kinect_pairs import Pair, Pairing

_SLICE_S = 0.1
"""How often a pump without events looks whether it should stop."""
_STOP_S = 2.0
"""How long a pump may take to stop before it is left behind."""


class KinectCamera:
    """A Kinect chosen by its camera's serial number (empty: the only one).

    Depth is registered to colour by the device's own calibration. There is no infrared image: the device sends
    it only in place of colour. Under fakenect (see docs/cameras.md) it plays a dump once, by a nominal
    calibration.
    """

    driver = "kinect"

    def __init__(
        self,
        serial: str = "",
        stall_s: float = 5.0,
        libraries: Sequence[str] = NAMES,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        library = load_library(libraries)
        self._stall_s = stall_s
        self._device: Freenect | None = Freenect(library)
        self._pump: _Pump | None = None
        try:
            self._dump = _dump(self._device)
            self.serial = choose_serial(serial, self._device.serials(), self._device.count())
            self._device.open(self.serial)
            self._registration = _registration(self._device, self.serial)
            self._pump = _Pump(self._device, Pairing(clock()))
            self._pump.start()
        except BaseException:
            self.close()
            raise

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame each time; ends where a dump ends."""
        count = 0
        while (pair := self._wait()) is not None:
            depth_mm = self._registration.to_colour(pair.depth)
            yield Frame(pair.colour, depth_mm, self._registration.intrinsics, pair.timestamp_ns)
            count += 1
        if not count:
            raise CaptureError(
                f"{self._dump}: holds no more colour and depth of one moment; fakenect plays a dump once per process"
            )

    def close(self) -> None:
        """Free the device; may be called twice."""
        pump, self._pump = self._pump, None
        device, self._device = self._device, None
        if device is not None and (pump is None or pump.stop()):
            device.close()

    def _wait(self) -> Pair | None:
        """The next pair, or None at the end of a dump."""
        if self._pump is None or self._device is None:
            raise CameraError(f"camera {self.serial} is closed")
        pair = self._pump.take(self._stall_s)
        if pair is not None:
            return pair
        if self._pump.has_ended and self._device.is_fake:
            return None
        if self._pump.has_ended or self._device.count() == 0:
            raise CameraUnpluggedError(f"Kinect {self.serial} is gone from the bus; plug it in again")
        raise CameraStalledError(
            f"Kinect {self.serial} is connected but sent no colour and depth of one moment within "
            f"{self._stall_s:g} s; check its cable and its own power supply"
        )


class _Pump:
    """A thread that handles the device's events and keeps the newest pair.

    The device sends whether anybody listens or not: what is not fetched in time is lost in the middle of an
    image. So whoever looks at frames must not be the one who fetches them.
    """

    def __init__(self, device: Freenect, pairing: Pairing) -> None:
        self._device = device
        self._pairing = pairing
        self._news = threading.Condition()
        self._newest: Pair | None = None
        self._is_stopping = False
        self.has_ended = False
        self._thread = threading.Thread(target=self._run, name="kinect", daemon=True)

    def start(self) -> None:
        """Start the device's streams and fetch from them."""
        self._device.start(self._on_depth, self._on_colour)
        self._thread.start()

    def take(self, longest_s: float) -> Pair | None:
        """The newest pair, once; None where none came in time or none will come."""
        with self._news:
            self._news.wait_for(lambda: self._newest is not None or self.has_ended, longest_s)
            pair, self._newest = self._newest, None
            return pair

    def stop(self) -> bool:
        """Whether the thread has ended: where the library hangs, its device must not be freed under it."""
        self._is_stopping = True
        with suppress(RuntimeError):  # Never started.
            self._thread.join(_STOP_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_stopping and self._device.pump(_SLICE_S):
            pass
        with self._news:
            self.has_ended = True
            self._news.notify_all()

    def _on_depth(self, image: DepthImage, ticks: int) -> None:
        self._put(self._pairing.add_depth(image, ticks))

    def _on_colour(self, image: ColourImage, ticks: int) -> None:
        self._put(self._pairing.add_colour(image, ticks))

    def _put(self, pair: Pair | None) -> None:
        if pair is not None:
            with self._news:
                self._newest = pair
                self._news.notify_all()


def choose_serial(wanted: str, found: Sequence[str], connected: int) -> str:
    """The serial number to open, of those found among so many connected ones; `CameraError` says why not."""
    listed = ", ".join(found)
    if not connected:
        raise CameraUnpluggedError(
            "no Kinect is connected; plug one in, with its own power supply: USB alone lights only its LED"
        )
    if not found:
        raise CameraError(
            "a Kinect is connected, but this user may not open it; install systemd/60-facelatch.rules and plug it "
            "in again"
        )
    if wanted and wanted not in found:
        raise CameraForeignError(
            f"Kinect {wanted} is not connected, found {listed}; plug it in or set camera.serial"
        )
    if not wanted and len(found) > 1:
        raise CameraError(f"several Kinects are connected, {listed}; set the serial of one")
    return wanted or found[0]


def _dump(device: Freenect) -> Path | None:
    return check_dump(os.environ.get("FAKENECT_PATH", "")) if device.is_fake else None


def _registration(device: Freenect, serial: str) -> KinectRegistration:
    try:
        return KinectRegistration(device.calibration())
    except ValueError as error:
        raise CameraError(
            f"Kinect {serial} does not tell its calibration ({error}); unplug it and plug it in again"
        ) from None
