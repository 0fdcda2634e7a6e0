"""Intel RealSense cameras and recordings of them, through the SDK's ordinary pipeline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facelatch.cameras.realsense_controls import Controls
from facelatch.cameras.realsense_errors import to_error
from facelatch.cameras.realsense_options import RealSenseOptions
from facelatch.cameras.realsense_sdk import (
    Connected,
    check_recording,
    choose_serial,
    find_cameras,
    find_device,
    load_sdk,
    to_connected,
    was_switched,
)
from facelatch.cameras.realsense_streams import Stream, play, start_camera, start_recording, stop
from facelatch.cameras.realsense_views import AlignedView, InfraredView, Profiles, Viewer
from facelatch.errors import CameraError, CameraStalledError, CameraUnpluggedError, CaptureError
from facelatch.frames import Frame
from facelatch.optics.exposure import Box

_SLICE_MS = 100
"""How often a waiting camera looks whether its recording has ended."""
_SET_BACK_NS = 1_000_000_000
"""A frame so much older than the one before is of a clock that was set back; less is disorder."""
_SILENCE_AT_END = 2
"""Slices without a frame after which an ended recording is over."""


@dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """What there is of the SDK while the camera is open, and must be gone for it to be closed."""

    stream: Stream
    device: Any
    profiles: Profiles
    viewer: Viewer
    controls: Controls | None
    """None for a recording."""


class RealSenseCamera:
    """A camera chosen by its serial number (empty: the only one), or a recording of one.

    Depth comes in millimetres whatever the sensor's unit, and in the view of the picture. A recording plays every
    frame, as fast as they are taken. With `record_to`, what a camera sends is kept in the SDK's own format.
    """

    driver = "realsense"

    def __init__(
        self,
        serial: str = "",
        recording: Path | None = None,
        timeout_ms: int = 5000,
        sdk: Any = None,
        *,
        options: RealSenseOptions | None = None,
        record_to: Path | None = None,
    ) -> None:
        if recording is not None:
            check_recording(recording)
        self._sdk = sdk or load_sdk()
        self._recording = recording
        self._timeout_ms = timeout_ms
        self._options = options or RealSenseOptions()
        self._exposures_us: dict[str, int] = {}
        self._notes: list[str] = []
        self._last_ns = -1
        self._behind_ns = 0
        if recording is None:
            serial = choose_serial(serial, [found.serial for found in find_cameras(self._sdk)])
            stream = start_camera(self._sdk, serial, self._options, record_to)
        else:
            stream = start_recording(self._sdk, recording)
        self._told = Connected(serial)
        try:
            self._open: _Open | None = self._prepare(stream, serial)
        except BaseException:
            stop(stream)
            raise

    @property
    def serial(self) -> str:
        """The device's own serial number; a recording gives the recorded one."""
        return self._told.serial

    def frames(self) -> Iterator[Frame]:
        """Yield frames; ends where a recording ends."""
        yielded = False
        while (frameset := self._wait()) is not None:
            try:
                frame = self._to_frame(frameset)
            except RuntimeError as error:
                raise to_error(str(error), self._recording or self.serial) from None
            if frame is not None:
                yielded = True
                yield frame
        if not yielded:
            picture = "colour" if self._options.view == "aligned" else "infrared"
            raise CaptureError(
                f"{self._recording}: holds no frame with both {picture} and depth; record it again"
            )

    def aim(self, box: Box) -> None:
        """Point the exposure at a face; nothing happens more often than the camera bears."""
        if self._open is not None and self._open.controls is not None:
            self._open.controls.aim(box, self._open.profiles, self._last_ns)

    def facts(self) -> Mapping[str, str]:
        """Model, USB type, firmware and exposure, as far as the camera tells."""
        told = self._told
        newer = told.newest_firmware if told.newest_firmware != told.firmware else ""
        firmware = f"{told.firmware} ({newer} is recommended)" if told.firmware and newer else told.firmware
        exposure = ", ".join(f"{name} {us / 1000:g} ms" for name, us in self._exposures_us.items())
        facts = {"model": told.model, "usb": told.usb, "firmware": firmware, "exposure": exposure}
        return {name: words for name, words in facts.items() if words}

    def notes(self) -> Sequence[str]:
        """What was asked of the camera and it cannot do."""
        return tuple(self._notes)

    def reset(self) -> None:
        """Restart the device, as pulling its plug would, open or not; a recording has none."""
        if self._recording is not None:
            return
        try:
            # A closed camera holds no device: one that is listed and does not open is found by its serial number.
            device = self._open.device if self._open is not None else find_device(self._sdk, self.serial)
            device.hardware_reset()
        except RuntimeError as error:
            raise to_error(str(error), self.serial) from None

    def close(self) -> None:
        """Free the device; may be called twice."""
        opened, self._open = self._open, None
        if opened is not None:
            stop(opened.stream)

    def _prepare(self, stream: Stream, serial: str) -> _Open:
        """Ask the device what it is: serial, units, intrinsics, how its views lie to each other."""
        try:
            device = stream.profile.get_device()
            self._told = to_connected(self._sdk, device)
            source = self._recording or self.serial
            profiles = Profiles(self._sdk, stream.profile, self._options.view, source)
            controls = None
            if self._recording is None:
                controls = Controls(self._sdk, device, self._options, self._told, self._notes)
            switches = was_switched(self._sdk, device) if controls is None else controls.switches
            viewer: Viewer = (
                AlignedView(profiles, self._options)
                if self._options.view == "aligned"
                else InfraredView(profiles, self._options, switches)
            )
            if stream.playback is not None:
                play(stream)
        except RuntimeError as error:
            raise to_error(str(error), self._recording or serial) from None
        if self._recording is not None and serial not in ("", self.serial):
            raise CaptureError(f"{self._recording}: was recorded by camera {self.serial}, not by {serial}")
        return _Open(stream, device, profiles, viewer, controls)

    def _to_frame(self, frameset: Any) -> Frame | None:
        opened = self._open
        if opened is None:
            return None
        self._note_exposure(frameset)
        frame, viewer = opened.viewer.to_frame(frameset), opened.viewer
        if isinstance(viewer, InfraredView) and viewer.is_hopeless:
            viewer.give_up_switching()
            if opened.controls is not None:
                opened.controls.stop_switching()
        if frame is None:
            return None
        taken_ns = frame.timestamp_ns + self._behind_ns
        if taken_ns < self._last_ns - _SET_BACK_NS:
            # System time may be set back while the camera runs: ours goes on all the same, and does not wait for it.
            self._behind_ns += self._last_ns - taken_ns
            taken_ns = self._last_ns
        self._last_ns = max(self._last_ns + 1, taken_ns)
        if opened.controls is not None:
            opened.controls.aim(None, opened.profiles, self._last_ns)
        return replace(frame, timestamp_ns=self._last_ns)

    def _wait(self) -> Any:
        """The next frameset, or None at the end of a recording."""
        silent_after_end = 0
        for _ in range(max(_SILENCE_AT_END, self._timeout_ms // _SLICE_MS)):
            if self._open is None:
                raise CameraError(f"camera {self.serial} is closed")
            stream = self._open.stream
            silent_after_end += self._has_ended(stream.playback)
            try:
                arrived, frameset = stream.pipeline.try_wait_for_frames(_SLICE_MS)
            except RuntimeError as error:
                raise to_error(str(error), self._recording or self.serial) from None
            if arrived:
                return frameset
            # Frames that were read before the end may still be on their way through the pipeline.
            if silent_after_end >= _SILENCE_AT_END:
                return None
        raise self._stalled()

    def _has_ended(self, playback: Any) -> bool:
        """Only the playback knows: an end and a stall look the same to the pipeline."""
        return playback is not None and playback.current_status() == self._sdk.playback_status.stopped

    def _stalled(self) -> CameraError:
        waited_s = self._timeout_ms / 1000
        if self._recording is not None:
            return CameraStalledError(f"{self._recording}: no frame within {waited_s:g} s and not at its end")
        if self.serial not in [found.serial for found in find_cameras(self._sdk)]:
            return CameraUnpluggedError(f"camera {self.serial} is gone from the bus; plug it in again")
        return CameraStalledError(
            f"camera {self.serial} is connected but sent no frame within {waited_s:g} s; "
            "check its cable and power supply"
        )

    def _note_exposure(self, frameset: Any) -> None:
        name = self._sdk.frame_metadata_value.actual_exposure
        for kind, frame in (("colour", frameset.get_color_frame()), ("depth", frameset.get_depth_frame())):
            if frame and frame.supports_frame_metadata(name):
                self._exposures_us[kind] = int(frame.get_frame_metadata(name))
