"""The real RealSense SDK without a camera: its software device, recorded by its own recorder or streamed live.

`record` writes frames as a camera would whose depth is already in the colour view; `SoftwareSdk` stands in for the
module and has one camera connected. A `Rig` gives it a baseline, another depth unit or no infrared, so that
alignment and units are exercised, and a projector that switches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.cameras.realsense_sdk import load_sdk
from facelatch.frames import Frame, Intrinsics

SERIAL = "000000000042"
RATE_HZ = 30


@dataclass(frozen=True)
class Rig:
    """How the made-up camera is built."""

    serial: str = SERIAL
    metres_per_unit: float = 0.001
    baseline_mm: float = 0.0
    """How far the depth camera sits to the left of the colour camera."""
    depth_intrinsics: Intrinsics | None = None
    """None: those of the colour camera."""
    with_infrared: bool = True
    with_colour: bool = True
    switches: bool = False
    """Whether the projector can be switched; it then is, from frame to frame, the first one being lit."""
    tells: bool = True
    """Whether the metadata say which frame was lit."""


def record(path: Path, frames: Sequence[Frame], rig: Rig = Rig()) -> Path:
    """Write the frames to `path` (`.db3`); the depth goes in as `depth_mm` in the rig's unit."""
    rs = load_sdk()
    device, depth_sensor, colour_sensor, profiles = _build(rs, frames[0], rig)
    if rig.switches:
        depth_sensor.set_option(rs.option.emitter_on_off, 1)
    # The recorder has to be there before the sensors open, and to go before the file is whole.
    recorder = rs.recorder(str(path), device)
    recorded_sensors = recorder.query_sensors()
    queue = rs.syncer()
    sensors: list[tuple[Any, list[str]]] = [
        (depth_sensor, [name for name in ("depth", "infrared") if name in profiles])
    ]
    if rig.with_colour:
        sensors.append((colour_sensor, ["colour"]))
    for sensor, names in sensors:
        sensor.open([profiles[name] for name in names])
        sensor.start(queue)
    for number, frame in enumerate(frames):
        _send(rs, sensors, profiles, frame, number, rig)
        queue.try_wait_for_frames(200)
    for sensor, _ in sensors:
        sensor.stop()
        sensor.close()
    recorder.pause()
    del recorded_sensors, recorder
    return path


class SoftwareSdk:
    """The real module, but the one camera that is connected is a software device that plays a script of frames."""

    def __init__(self, script: Sequence[Frame], rig: Rig = Rig()) -> None:
        self._rs = load_sdk()
        self._rig = rig
        self._script: Iterator[tuple[int, Frame]] = iter(enumerate(script))
        self._device, self._depth, self._colour, self._profiles = _build(self._rs, script[0], rig)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rs, name)

    def context(self) -> Any:
        return SimpleNamespace(query_devices=lambda: [self._device])

    def pipeline(self) -> "FedPipeline":
        return FedPipeline(self, self._rs, self._device)

    def pipeline_wrapper(self, pipeline: "FedPipeline") -> Any:
        return self._rs.pipeline_wrapper(pipeline.real)

    def send_next(self) -> None:
        """Let the device send one more frame, if there is one."""
        number, frame = next(self._script, (0, None))
        if frame is not None:
            sensors = [(self._depth, ["depth", "infrared"]), (self._colour, ["colour"])]
            streaming = [
                (sensor, [name for name in names if name in self._profiles])
                for sensor, names in sensors
                if sensor.get_active_streams()
            ]
            _send(self._rs, streaming, self._profiles, frame, number, self._rig)


class FedPipeline:
    """The SDK's pipeline; each wait makes its camera send a frame first."""

    def __init__(self, sdk: SoftwareSdk, rs: Any, device: Any) -> None:
        self._sdk = sdk
        self.real = rs.pipeline()
        self.real.set_device(device)

    def start(self, config: Any) -> Any:
        return self.real.start(config)

    def try_wait_for_frames(self, timeout_ms: int) -> Any:
        self._sdk.send_next()
        return self.real.try_wait_for_frames(timeout_ms)

    def stop(self) -> None:
        self.real.stop()


def _build(rs: Any, first: Frame, rig: Rig) -> tuple[Any, Any, Any, dict[str, Any]]:
    """The device, its two sensors, and its streams by name."""
    device = _device(rs, rig)
    depth_sensor, colour_sensor = device.add_sensor("Stereo Module"), device.add_sensor("RGB Camera")
    depth_sensor.add_read_only_option(rs.option.depth_units, rig.metres_per_unit)
    # Without it the SDK's filters would not turn depth into disparity.
    depth_sensor.add_read_only_option(rs.option.stereo_baseline, 50.0)
    if rig.switches:
        for option, highest in ((rs.option.emitter_enabled, 2), (rs.option.emitter_on_off, 1)):
            limits = rs.option_range()
            limits.min, limits.max, limits.step, limits.default = 0, highest, 1, 0
            depth_sensor.add_option(option, limits, True)
    return device, depth_sensor, colour_sensor, _streams(rs, depth_sensor, colour_sensor, first, rig)


def _send(
    rs: Any,
    sensors: list[tuple[Any, list[str]]],
    profiles: dict[str, Any],
    frame: Frame,
    number: int,
    rig: Rig,
) -> None:
    images = {"depth": _to_units(frame, rig), "colour": frame.colour, "infrared": frame.infrared}
    for sensor, names in sensors:
        if rig.switches and rig.tells and "depth" in names:
            sensor.set_metadata(rs.frame_metadata_value.frame_laser_power_mode, 1 - number % 2)
        for name in names:
            sensor.on_video_frame(_video_frame(rs, profiles[name], images[name], number, rig))


def _device(rs: Any, rig: Rig) -> Any:
    device = rs.software_device()
    for info, text in (
        (rs.camera_info.name, "Made-up D435"),
        (rs.camera_info.serial_number, rig.serial),
        (rs.camera_info.product_line, "D400"),
    ):
        device.register_info(info, text)
    return device


def _streams(rs: Any, depth_sensor: Any, colour_sensor: Any, first: Frame, rig: Rig) -> dict[str, Any]:
    of_depth = rig.depth_intrinsics or first.intrinsics
    specs = {"depth": (depth_sensor, rs.stream.depth, rs.format.z16, 2, 0, of_depth)}
    if rig.with_infrared and first.infrared is not None:
        specs["infrared"] = (depth_sensor, rs.stream.infrared, rs.format.y8, 1, 1, of_depth)
    if rig.with_colour:
        specs["colour"] = (colour_sensor, rs.stream.color, rs.format.rgb8, 3, 0, first.intrinsics)
    profiles = {}
    for uid, (name, (sensor, kind, form, depth_bytes, index, intrinsics)) in enumerate(specs.items()):
        stream = rs.video_stream()
        stream.type, stream.fmt, stream.bpp, stream.uid, stream.index = kind, form, depth_bytes, uid, index
        stream.width, stream.height = first.size
        stream.fps, stream.intrinsics = RATE_HZ, _intrinsics(rs, intrinsics, first.size)
        profiles[name] = sensor.add_video_stream(stream, True).as_video_stream_profile()
    _relate(rs, profiles, rig)
    return profiles


def _relate(rs: Any, profiles: dict[str, Any], rig: Rig) -> None:
    for name, other, shift_mm in (
        ("depth", "colour", rig.baseline_mm),
        ("infrared", "colour", rig.baseline_mm),
        ("depth", "infrared", 0.0),
        ("infrared", "depth", 0.0),
    ):
        if name in profiles and other in profiles:
            extrinsics = rs.extrinsics()
            extrinsics.rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1]
            extrinsics.translation = [-shift_mm / 1000, 0, 0]
            profiles[name].register_extrinsics_to(profiles[other], extrinsics)


def _intrinsics(rs: Any, camera: Intrinsics, size: tuple[int, int]) -> Any:
    made = rs.intrinsics()
    made.width, made.height = size
    made.fx, made.fy, made.ppx, made.ppy = camera.fx, camera.fy, camera.cx - 0.5, camera.cy - 0.5
    made.model, made.coeffs = rs.distortion.brown_conrady, [0.0] * 5
    return made


def _to_units(frame: Frame, rig: Rig) -> npt.NDArray[np.uint16]:
    units: npt.NDArray[np.uint16] = np.rint(frame.depth_mm / (rig.metres_per_unit * 1000)).astype(np.uint16)
    return units


def _video_frame(rs: Any, profile: Any, image: Any, number: int, rig: Rig) -> Any:
    pixels = np.ascontiguousarray(image)
    made = rs.software_video_frame()
    made.profile = profile
    made.pixels = pixels.reshape(-1).view(np.uint8)
    height, width = pixels.shape[:2]
    made.bpp = pixels.nbytes // (width * height)
    made.stride = made.bpp * width
    made.timestamp = 1_700_000_000_000 + number * 1000 / RATE_HZ
    made.domain, made.frame_number = rs.timestamp_domain.system_time, number
    if pixels.dtype == np.uint16:
        made.depth_units = rig.metres_per_unit
    return made
