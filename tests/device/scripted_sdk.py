"""A double of the RealSense SDK's live camera: delivers scripted framesets, hangs or disappears on cue.

It refuses what the SDK refuses, with the SDK's own words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from facelatch.frames import Frame

Stream = Enum("Stream", "depth color infrared")
Format = Enum("Format", "z16 rgb8 bgr8 y8 yuyv")
Status = Enum("Status", "playing stopped")
Option = Enum("Option", "depth_units emitter_enabled emitter_on_off laser_power enable_auto_exposure")
Info = Enum("Info", "serial_number name usb_type_descriptor firmware_version recommended_firmware_version")
Metadata = Enum("Metadata", "frame_laser_power_mode frame_laser_power actual_exposure")

HANG = "hang"
UNPLUG = "unplug"
BREAK = "break"

D435 = {Option.emitter_enabled: (0, 2), Option.emitter_on_off: (0, 1), Option.laser_power: (0, 360)}
"""What a camera with a projector that switches can be told, and between what values."""


@dataclass(frozen=True)
class Told:
    """A frame with what its metadata say, in a script."""

    frame: Frame
    metadata: dict[Metadata, int]
    number: int | None = None


class ScriptedSdk:
    """Stands in for the module `pyrealsense2`; a script is frames and `HANG`, `UNPLUG` or `BREAK`."""

    stream = Stream
    format = Format
    playback_status = Status
    camera_info = Info
    option = Option
    frame_metadata_value = Metadata
    region_of_interest = SimpleNamespace

    def __init__(
        self,
        script: Sequence[Frame | Told | str] = (),
        serials: Sequence[str] = ("111",),
        *,
        start_error: str = "",
        colour_format: Format = Format.rgb8,
        metres_per_unit: float = 0.001,
        timestamps_ms: Sequence[float] = (),
        infos: dict[Info, str] | None = None,
        options: dict[Option, tuple[float, float]] | None = None,
        has_region: bool = True,
        refuses: str = "",
        rates_hz: Sequence[int] = (30, 60),
        baseline_mm: float = 0.0,
        size: tuple[int, int] = (4, 3),
    ) -> None:
        """`refuses` is the SDK's message for every command to a sensor."""
        self.script = list(script)
        self.serials = list(serials)
        self.start_error = start_error
        self.colour_format = colour_format
        self.timestamps_ms = list(timestamps_ms)
        self.infos = infos or {}
        self.refuses = refuses
        self.rates_hz = rates_hz
        self.baseline_mm = baseline_mm
        self.size = size
        self.pipelines: list[ScriptedPipeline] = []
        self.contexts = 0
        self.resets: list[str] = []
        stereo = {Option.depth_units: (metres_per_unit, metres_per_unit)} | (
            D435 if options is None else options
        )
        self.depth_sensor = ScriptedSensor(self, stereo, has_region)
        self.colour_sensor = ScriptedSensor(self, {Option.enable_auto_exposure: (0, 1)}, has_region)

    def context(self) -> Any:
        self.contexts += 1
        return SimpleNamespace(
            query_devices=lambda: [ScriptedDevice(self, serial) for serial in self.serials]
        )

    def config(self) -> Any:
        return ScriptedConfig(self)

    def align(self, _: Stream) -> Any:
        return SimpleNamespace(process=lambda frameset: frameset)

    def pipeline(self) -> "ScriptedPipeline":
        self.pipelines.append(ScriptedPipeline(self))
        return self.pipelines[-1]

    def pipeline_wrapper(self, pipeline: "ScriptedPipeline") -> "ScriptedPipeline":
        return pipeline


class ScriptedDevice:
    def __init__(self, sdk: ScriptedSdk, serial: str) -> None:
        self.sdk = sdk
        self._infos = {Info.serial_number: serial} | sdk.infos

    def supports(self, info: Info) -> bool:
        return info in self._infos

    def get_info(self, info: Info) -> str:
        return self._infos[info]

    def query_sensors(self) -> "list[ScriptedSensor]":
        return [self.sdk.depth_sensor, self.sdk.colour_sensor]

    def hardware_reset(self) -> None:
        if self.sdk.refuses:
            raise RuntimeError(self.sdk.refuses)
        self.sdk.resets.append(self._infos[Info.serial_number])


@dataclass
class ScriptedSensor:
    sdk: ScriptedSdk
    ranges: dict[Option, tuple[float, float]]
    has_region: bool
    told: list[tuple[Option, float]] = field(default_factory=list)
    regions: list[tuple[int, int, int, int]] = field(default_factory=list)

    def supports(self, option: Option) -> bool:
        return option in self.ranges

    def get_option_range(self, option: Option) -> Any:
        low, high = self.ranges[option]
        return SimpleNamespace(min=low, max=high)

    def get_option(self, option: Option) -> float:
        return dict(self.told).get(option, self.ranges[option][0])

    def set_option(self, option: Option, value: float) -> None:
        if self.sdk.refuses:
            raise RuntimeError(self.sdk.refuses)
        self.told.append((option, value))

    def is_roi_sensor(self) -> bool:
        return self.has_region

    def as_roi_sensor(self) -> "ScriptedSensor":
        return self

    def set_region_of_interest(self, region: Any) -> None:
        if self.sdk.refuses:
            raise RuntimeError(self.sdk.refuses)
        self.regions.append((region.min_x, region.min_y, region.max_x, region.max_y))


class ScriptedConfig:
    def __init__(self, sdk: ScriptedSdk) -> None:
        self.sdk = sdk
        self.serial = ""
        self.streams: list[Stream] = []
        self.rate_hz = 0
        self.file: Path | None = None

    def enable_device(self, serial: str) -> None:
        self.serial = serial

    def enable_stream(self, stream: Stream, *words: object) -> None:
        self.streams.append(stream)
        assert isinstance(words[-1], int)
        self.rate_hz = words[-1]

    def disable_all_streams(self) -> None:
        self.streams.clear()

    def can_resolve(self, _: object) -> bool:
        return self.rate_hz in self.sdk.rates_hz

    def enable_record_to_file(self, name: str) -> None:
        self.file = Path(name)


class ScriptedPipeline:
    def __init__(self, sdk: ScriptedSdk) -> None:
        self.sdk = sdk
        self.stopped = 0
        self.waits_ms: list[int] = []
        self.config: ScriptedConfig | None = None

    def start(self, config: ScriptedConfig) -> Any:
        if self.sdk.start_error:
            raise RuntimeError(self.sdk.start_error)
        if not config.can_resolve(self):
            raise RuntimeError("Couldn't resolve requests")
        self.config = config
        if config.file is not None:
            config.file.write_bytes(b"half a record")
        device = ScriptedDevice(self.sdk, config.serial)
        profiles = [ScriptedProfile(stream, self.sdk) for stream in config.streams]
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
        told = step if isinstance(step, Told) else Told(step, {})
        timestamp = self.sdk.timestamps_ms.pop(0) if self.sdk.timestamps_ms else told.frame.timestamp_ns / 1e6
        return True, ScriptedFrameset(told, timestamp, self.sdk.colour_format)

    def stop(self) -> None:
        if self.stopped:
            raise RuntimeError("stop() cannot be called before start()")
        self.stopped += 1


class ScriptedProfile:
    """Every stream has the same size; the colour camera may sit beside the others."""

    def __init__(self, stream: Stream, sdk: ScriptedSdk) -> None:
        self.stream = stream
        self._sdk = sdk
        self._format = {Stream.depth: Format.z16, Stream.infrared: Format.y8}.get(stream, sdk.colour_format)

    def stream_type(self) -> Stream:
        return self.stream

    def stream_index(self) -> int:
        return 1 if self.stream is Stream.infrared else 0

    def format(self) -> Format:
        return self._format

    def as_video_stream_profile(self) -> "ScriptedProfile":
        return self

    def width(self) -> int:
        return self._sdk.size[0]

    def height(self) -> int:
        return self._sdk.size[1]

    def get_intrinsics(self) -> Any:
        width, height = self._sdk.size
        return SimpleNamespace(fx=0.95 * width, fy=0.95 * width, ppx=(width - 1) / 2, ppy=(height - 1) / 2)

    def get_extrinsics_to(self, other: "ScriptedProfile") -> Any:
        crosses = (self.stream is Stream.color) != (other.stream is Stream.color)
        shift_m = self._sdk.baseline_mm / 1000 if crosses else 0.0
        return SimpleNamespace(rotation=[1, 0, 0, 0, 1, 0, 0, 0, 1], translation=[shift_m, 0, 0])


class ScriptedFrameset:
    """What arrived together."""

    def __init__(self, told: Told, timestamp_ms: float, colour_format: Format) -> None:
        frame = told.frame
        colour = frame.colour[..., ::-1] if colour_format is Format.bgr8 else frame.colour
        self._images = {"color": colour, "depth": frame.depth_mm, "infrared": frame.infrared}
        self._timestamp_ms = timestamp_ms
        self._told = told

    def _get(self, kind: str) -> Any:
        image = self._images[kind]
        if image is None:
            return None
        number = self._told.number
        return SimpleNamespace(
            get_data=lambda: np.asarray(image),
            get_timestamp=lambda: self._timestamp_ms,
            get_frame_number=lambda: round(self._timestamp_ms * 0.03) if number is None else number,
            supports_frame_metadata=lambda name: name in self._told.metadata,
            get_frame_metadata=lambda name: self._told.metadata[name],
        )

    def get_color_frame(self) -> Any:
        return self._get("color")

    def get_depth_frame(self) -> Any:
        return self._get("depth")

    def get_infrared_frame(self, _: int) -> Any:
        return self._get("infrared")
