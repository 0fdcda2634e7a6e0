"""A double of the RealSense SDK's live camera: delivers scripted framesets, hangs or disappears on cue.

It refuses what the SDK refuses, with the SDK's own words.
"""

from collections.abc import Sequence
from enum import Enum
from types import SimpleNamespace
from typing import Any

import numpy as np

from facelatch.frames import Frame

Stream = Enum("Stream", "depth color infrared")
Format = Enum("Format", "z16 rgb8 bgr8 y8 yuyv")
Status = Enum("Status", "playing stopped")

HANG = "hang"
UNPLUG = "unplug"
BREAK = "break"


class ScriptedSdk:
    """Stands in for the module `pyrealsense2`; a script is frames and `HANG`, `UNPLUG` or `BREAK`."""

    stream = Stream
    format = Format
    playback_status = Status
    camera_info = SimpleNamespace(serial_number="serial_number")

    def __init__(
        self,
        script: Sequence[Frame | str] = (),
        serials: Sequence[str] = ("111",),
        *,
        start_error: str = "",
        colour_format: Format = Format.rgb8,
        metres_per_unit: float = 0.001,
        timestamps_ms: Sequence[float] = (),
    ) -> None:
        self.script = list(script)
        self.serials = list(serials)
        self.start_error = start_error
        self.colour_format = colour_format
        self.metres_per_unit = metres_per_unit
        self.timestamps_ms = list(timestamps_ms)
        self.pipelines: list[ScriptedPipeline] = []

    def context(self) -> Any:
        devices = [SimpleNamespace(get_info=lambda _, serial=serial: serial) for serial in self.serials]
        return SimpleNamespace(query_devices=lambda: devices)

    def config(self) -> Any:
        return ScriptedConfig()

    def pipeline(self) -> "ScriptedPipeline":
        self.pipelines.append(ScriptedPipeline(self))
        return self.pipelines[-1]


class ScriptedConfig:
    def __init__(self) -> None:
        self.serial = ""
        self.streams: list[Stream] = []

    def enable_device(self, serial: str) -> None:
        self.serial = serial

    def enable_stream(self, stream: Stream, *_: object) -> None:
        self.streams.append(stream)


class ScriptedPipeline:
    def __init__(self, sdk: ScriptedSdk) -> None:
        self.sdk = sdk
        self.stopped = 0
        self.waits_ms: list[int] = []

    def start(self, config: ScriptedConfig) -> Any:
        if self.sdk.start_error:
            raise RuntimeError(self.sdk.start_error)
        sensor = SimpleNamespace(get_depth_scale=lambda: self.sdk.metres_per_unit)
        device = SimpleNamespace(get_info=lambda _: config.serial, first_depth_sensor=lambda: sensor)
        profiles = [ScriptedProfile(stream, self.sdk.colour_format) for stream in config.streams]
        return SimpleNamespace(get_device=lambda: device, get_streams=lambda: profiles)

    def try_wait_for_frames(self, timeout_ms: int) -> tuple[bool, Any]:
        self.waits_ms.append(timeout_ms)
        step = self.sdk.script[0] if self.sdk.script else HANG
        if step == BREAK:
            raise RuntimeError("Device disconnected. Failed to recconect: 111")
        if step == UNPLUG:
            self.sdk.serials.clear()
        if isinstance(step, str):
            return False, None
        self.sdk.script.pop(0)
        timestamp = self.sdk.timestamps_ms.pop(0) if self.sdk.timestamps_ms else step.timestamp_ns / 1e6
        return True, ScriptedFrameset(step, timestamp, self.sdk.colour_format)

    def stop(self) -> None:
        if self.stopped:
            raise RuntimeError("stop() cannot be called before start()")
        self.stopped += 1


class ScriptedProfile:
    """Every stream is in the colour view, 4 by 3 pixels."""

    def __init__(self, stream: Stream, colour_format: Format) -> None:
        self._stream = stream
        self._format = {Stream.depth: Format.z16, Stream.infrared: Format.y8}.get(stream, colour_format)

    def stream_type(self) -> Stream:
        return self._stream

    def stream_index(self) -> int:
        return 1 if self._stream is Stream.infrared else 0

    def format(self) -> Format:
        return self._format

    def as_video_stream_profile(self) -> "ScriptedProfile":
        return self

    def width(self) -> int:
        return 4

    def height(self) -> int:
        return 3

    def get_intrinsics(self) -> Any:
        return SimpleNamespace(fx=3.8, fy=3.8, ppx=1.5, ppy=1.0)

    def get_extrinsics_to(self, _: object) -> Any:
        return SimpleNamespace(rotation=[1, 0, 0, 0, 1, 0, 0, 0, 1], translation=[0, 0, 0])


class ScriptedFrameset:
    """What arrived together."""

    def __init__(self, frame: Frame, timestamp_ms: float, colour_format: Format) -> None:
        colour = frame.colour[..., ::-1] if colour_format is Format.bgr8 else frame.colour
        self._images = {"color": colour, "depth": frame.depth_mm, "infrared": frame.infrared}
        self._timestamp_ms = timestamp_ms

    def _get(self, kind: str) -> Any:
        image = self._images[kind]
        if image is None:
            return None
        return SimpleNamespace(get_data=lambda: np.asarray(image), get_timestamp=lambda: self._timestamp_ms)

    def get_color_frame(self) -> Any:
        return self._get("color")

    def get_depth_frame(self) -> Any:
        return self._get("depth")

    def get_infrared_frame(self, _: int) -> Any:
        return self._get("infrared")
