"""Real RealSense recordings without a camera: the SDK's software device through its own recorder.

`record` writes frames as a camera would whose depth is already in the colour view. A `Rig` gives it a baseline,
another depth unit or no infrared, so that alignment and units are exercised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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


def record(path: Path, frames: Sequence[Frame], rig: Rig = Rig()) -> Path:
    """Write the frames to `path` (`.db3`); the depth goes in as `depth_mm` in the rig's unit."""
    rs = load_sdk()
    device = _device(rs, rig)
    depth_sensor, colour_sensor = device.add_sensor("Stereo Module"), device.add_sensor("RGB Camera")
    depth_sensor.add_read_only_option(rs.option.depth_units, rig.metres_per_unit)
    profiles = _streams(rs, depth_sensor, colour_sensor, frames[0], rig)
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
        images = {"depth": _to_units(frame, rig), "colour": frame.colour, "infrared": frame.infrared}
        for sensor, names in sensors:
            for name in names:
                sensor.on_video_frame(_video_frame(rs, profiles[name], images[name], number, rig))
        queue.try_wait_for_frames(200)
    for sensor, _ in sensors:
        sensor.stop()
        sensor.close()
    recorder.pause()
    del recorded_sensors, recorder
    return path


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
