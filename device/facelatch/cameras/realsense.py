"""Intel RealSense cameras and recordings of them, through the SDK's ordinary pipeline."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facelatch.cameras.realsense_sdk import (
    HEIGHT,
    RATE_HZ,
    WIDTH,
    check_recording,
    choose_serial,
    load_sdk,
    to_error,
)
from facelatch.errors import CameraError, CameraStalledError, CameraUnpluggedError, CaptureError
from facelatch.frames import Frame, GreyImage, Intrinsics
from facelatch.registration import Registration, View, to_depth_mm

_SLICE_MS = 100
"""How often a waiting camera looks whether its recording has ended."""
_SILENCE_AT_END = 2
"""Slices without a frame after which an ended recording is over."""


class RealSenseCamera:
    """A camera chosen by its serial number (empty: the only one), or a recording of one.

    Depth comes registered to colour and in millimetres whatever the sensor's unit; infrared where the camera
    or the recording has it. A recording plays every frame, as fast as they are taken.
    """

    driver = "realsense"

    def __init__(
        self, serial: str = "", recording: Path | None = None, timeout_ms: int = 5000, sdk: Any = None
    ) -> None:
        if recording is not None:
            check_recording(recording)
        self._sdk = sdk or load_sdk()
        self._recording = recording
        self._timeout_ms = timeout_ms
        self._pipeline: Any = None
        self._playback: Any = None
        if recording is None:
            serial = choose_serial(serial, self._connected())
        self._start(serial)
        try:
            self._prepare(serial)
        except BaseException:
            self.close()
            raise

    @property
    def serial(self) -> str:
        """The device's own serial number; a recording gives the recorded one."""
        return self._serial

    def frames(self) -> Iterator[Frame]:
        """Yield frames; ends where a recording ends."""
        last_ns = -1
        while (frameset := self._wait()) is not None:
            colour, depth = frameset.get_color_frame(), frameset.get_depth_frame()
            if not colour or not depth:
                continue
            # System time may be set back while the camera runs.
            last_ns = max(last_ns + 1, int(depth.get_timestamp() * 1e6))
            yield self._to_frame(frameset, last_ns)
        if last_ns < 0:
            raise CaptureError(
                f"{self._recording}: holds no frame with both colour and depth; record it again"
            )

    def close(self) -> None:
        """Free the device; may be called twice."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.stop()

    def _connected(self) -> list[str]:
        devices = self._sdk.context().query_devices()
        return [device.get_info(self._sdk.camera_info.serial_number) for device in devices]

    def _start(self, serial: str) -> None:
        rs = self._sdk
        pipeline, config = rs.pipeline(), rs.config()
        try:
            if self._recording is not None:
                rs.config.enable_device_from_file(config, str(self._recording), repeat_playback=False)
                self._playback = _paused(config.resolve(rs.pipeline_wrapper(pipeline)).get_device())
            else:
                config.enable_device(serial)
                config.enable_stream(rs.stream.depth, WIDTH, HEIGHT, rs.format.z16, RATE_HZ)
                config.enable_stream(rs.stream.color, WIDTH, HEIGHT, rs.format.rgb8, RATE_HZ)
                config.enable_stream(rs.stream.infrared, 1, WIDTH, HEIGHT, rs.format.y8, RATE_HZ)
            self._profile = pipeline.start(config)
        except RuntimeError as error:
            raise to_error(str(error), self._recording or serial) from None
        self._pipeline = pipeline

    def _prepare(self, serial: str) -> None:
        """Ask the device what it is: serial, units, intrinsics, how its views lie to each other."""
        rs = self._sdk
        try:
            device = self._profile.get_device()
            self._serial = str(device.get_info(rs.camera_info.serial_number))
            self._streams = {stream.stream_type(): stream for stream in self._profile.get_streams()}
            self._require_streams()
            # Metres per unit differ between models: ask the sensor, never assume.
            self._mm_per_unit = round(device.first_depth_sensor().get_depth_scale() * 1000, 6)
            colour = self._streams[rs.stream.color].as_video_stream_profile()
            self._intrinsics = _to_intrinsics(colour.get_intrinsics())
            self._size = (colour.width(), colour.height())
            same = self._view(rs.stream.depth).is_same_as(self._intrinsics)
            self._align = (
                None if same and self._is_colour_sized(rs.stream.depth) else rs.align(rs.stream.color)
            )
            self._register_infrared = self._infrared_registration()
            if self._playback is not None:
                self._playback.resume()
        except RuntimeError as error:
            raise to_error(str(error), self._recording or serial) from None
        if self._recording is not None and serial not in ("", self._serial):
            raise CaptureError(f"{self._recording}: was recorded by camera {self._serial}, not by {serial}")

    def _require_streams(self) -> None:
        rs = self._sdk
        for stream, formats, name in (
            (rs.stream.depth, (rs.format.z16,), "depth (z16)"),
            (rs.stream.color, (rs.format.rgb8, rs.format.bgr8), "colour (rgb8 or bgr8)"),
        ):
            found = self._streams.get(stream)
            if found is None or found.format() not in formats:
                shown = "none" if found is None else str(found.format())
                raise CaptureError(
                    f"{self._recording or self._serial}: needs a stream of {name}, found {shown}"
                )

    def _infrared_registration(self) -> Registration | None:
        """How infrared gets into the colour view; None where it is there already or there is none."""
        infrared = self._sdk.stream.infrared
        if infrared not in self._streams:
            return None
        view = self._view(infrared)
        if view.is_same_as(self._intrinsics) and self._is_colour_sized(infrared):
            return None
        return Registration(self._intrinsics, self._size, view)

    def _is_colour_sized(self, stream: Any) -> bool:
        profile = self._streams[stream].as_video_stream_profile()
        return (profile.width(), profile.height()) == self._size

    def _view(self, stream: Any) -> View:
        profile = self._streams[stream].as_video_stream_profile()
        extrinsics = self._streams[self._sdk.stream.color].get_extrinsics_to(profile)
        return View(
            _to_intrinsics(profile.get_intrinsics()),
            # The SDK stores rotations by columns.
            np.array(extrinsics.rotation, np.float32).reshape(3, 3).T,
            np.array(extrinsics.translation, np.float32) * 1000,
        )

    def _wait(self) -> Any:
        """The next frameset, or None at the end of a recording."""
        if self._pipeline is None:
            raise CameraError(f"camera {self._serial} is closed")
        silent_after_end = 0
        for _ in range(max(_SILENCE_AT_END, self._timeout_ms // _SLICE_MS)):
            silent_after_end += self._has_ended()
            try:
                arrived, frameset = self._pipeline.try_wait_for_frames(_SLICE_MS)
            except RuntimeError as error:
                raise to_error(str(error), self._recording or self._serial) from None
            if arrived:
                return frameset
            # Frames that were read before the end may still be on their way through the pipeline.
            if silent_after_end >= _SILENCE_AT_END:
                return None
        raise self._stalled()

    def _has_ended(self) -> bool:
        """Only the playback knows: an end and a stall look the same to the pipeline."""
        status = None if self._playback is None else self._playback.current_status()
        return status is not None and status == self._sdk.playback_status.stopped

    def _stalled(self) -> CameraError:
        waited_s = self._timeout_ms / 1000
        if self._recording is not None:
            return CameraStalledError(f"{self._recording}: no frame within {waited_s:g} s and not at its end")
        if self._serial not in self._connected():
            return CameraUnpluggedError(f"camera {self._serial} is gone from the bus; plug it in again")
        return CameraStalledError(
            f"camera {self._serial} is connected but sent no frame within {waited_s:g} s; "
            "check its cable and power supply"
        )

    def _to_frame(self, frameset: Any, timestamp_ns: int) -> Frame:
        infrared = self._infrared(frameset)
        registered = frameset if self._align is None else self._align.process(frameset)
        # The SDK reuses its buffers: everything is copied out.
        colour = np.array(registered.get_color_frame().get_data(), np.uint8)
        if self._streams[self._sdk.stream.color].format() == self._sdk.format.bgr8:
            colour = np.ascontiguousarray(colour[..., ::-1])
        raw = np.asarray(registered.get_depth_frame().get_data())
        depth_mm = to_depth_mm(raw, self._mm_per_unit)
        if infrared is not None and self._register_infrared is not None:
            infrared = self._register_infrared.to_colour(infrared, depth_mm)
        return Frame(colour, depth_mm, self._intrinsics, timestamp_ns, infrared)

    def _infrared(self, frameset: Any) -> GreyImage | None:
        if self._sdk.stream.infrared not in self._streams:
            return None
        frame = frameset.get_infrared_frame(self._streams[self._sdk.stream.infrared].stream_index())
        return np.array(frame.get_data(), np.uint8) if frame else None


def _to_intrinsics(found: Any) -> Intrinsics:
    # The SDK keeps float32; the shortest number that is stored so is the one that was meant.
    fx, fy, ppx, ppy = (float(str(np.float32(value))) for value in (found.fx, found.fy, found.ppx, found.ppy))
    # The SDK counts from the first pixel's middle, a `Frame` from its corner.
    return Intrinsics(fx, fy, round(ppx + 0.5, 6), round(ppy + 0.5, 6))


def _paused(device: Any) -> Any:
    """The playback of a recording, to be resumed once its streams are open.

    Otherwise it runs while the sensors open one by one, and under load the first frame is lost or is paired with
    another's depth.
    """
    playback = device.as_playback()
    playback.set_real_time(False)
    playback.pause()
    return playback
