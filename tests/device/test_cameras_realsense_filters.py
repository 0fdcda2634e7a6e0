"""The SDK's filters over recordings that the SDK itself plays."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facelatch.cameras.realsense import RealSenseCamera
from facelatch.cameras.realsense_options import RealSenseOptions
from facelatch.frames import Frame
from tests.device.sdk_recording import record
from tests.factories import make_frame
from tests.requirements import need_module

need_module("pyrealsense2")

SIZE = (128, 96)


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of a noisy wall at 600 mm with a hole that the camera never sees."""
    random = np.random.default_rng(0)
    frames = []
    for number in range(6):
        depth = np.rint(600 + random.normal(0, 3, SIZE[::-1])).astype(np.uint16)
        depth[40:56, 50:70] = 0
        frames.append(replace(make_frame(600, SIZE, infrared=9, grey=7), depth_mm=depth, timestamp_ns=number))
    return record(tmp_path_factory.mktemp("wall") / "wall.db3", frames)


def last(path: Path, options: RealSenseOptions) -> Frame:
    with closing(RealSenseCamera(recording=path, timeout_ms=5000, options=options)) as camera:
        return list(camera.frames())[-1]


def noise_mm(frame: Frame) -> float:
    return float(frame.depth_mm[frame.depth_mm > 0].std())


def hole(frame: Frame) -> int:
    return int((frame.depth_mm[42:54, 52:68] > 0).sum())


@pytest.mark.parametrize(
    ("options", "share"),
    [
        pytest.param(RealSenseOptions(spatial=2), 0.8, id="spatial"),
        pytest.param(RealSenseOptions(temporal=True), 0.8, id="temporal"),
        pytest.param(RealSenseOptions(decimation=2), 0.8, id="decimation"),
        pytest.param(RealSenseOptions(spatial=2, temporal=True), 0.6, id="both"),
        pytest.param(RealSenseOptions(view="infrared", spatial=2), 0.8, id="infrared-view"),
    ],
)
def test_noise_goes_and_a_hole_stays(wall: Path, options: RealSenseOptions, share: float) -> None:
    plain, filtered = last(wall, RealSenseOptions()), last(wall, options)
    assert noise_mm(filtered) < share * noise_mm(plain)
    # Decimation takes the nearer of two middle readings, which brings everything nearer by a share of the noise.
    assert abs(float(np.median(filtered.depth_mm[filtered.depth_mm > 0])) - 600) <= 2
    assert hole(plain) == hole(filtered) == 0
    assert filtered.size == SIZE


def test_the_picture_is_not_filtered(wall: Path) -> None:
    filtered = last(wall, RealSenseOptions(decimation=2, spatial=3, temporal=True))
    assert (filtered.colour == 7).all()
    assert filtered.infrared is not None
    assert (filtered.infrared == 9).all()
