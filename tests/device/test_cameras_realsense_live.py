"""A live camera through the real SDK: its software device streams into the ordinary pipeline."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facelatch.cameras.realsense import RealSenseCamera
from facelatch.cameras.realsense_options import RealSenseOptions
from facelatch.frames import Frame, Intrinsics
from tests.device.sdk_recording import SERIAL, Rig, SoftwareSdk, record
from tests.factories import make_frame
from tests.requirements import need_module

need_module("pyrealsense2")

CAMERA = Intrinsics(380.0, 380.0, 320.0, 240.0)
INFRARED = RealSenseOptions(view="infrared")
SWITCHING = Rig(switches=True)


def shots(count: int, size: tuple[int, int] = (640, 480)) -> list[Frame]:
    """What a camera sends whose projector is on in every second frame: dots, and other depth, only there."""
    made = []
    for number in range(count):
        is_lit = number % 2 == 0
        frame = make_frame(500 + number, size, infrared=1, timestamp_ns=number, noise_seed=number)
        smooth = np.full(frame.depth_mm.shape, 60 + number, np.uint8)
        infrared = frame.infrared if is_lit else smooth
        made.append(replace(frame, infrared=infrared, intrinsics=CAMERA))
    return made


def take(camera: RealSenseCamera, count: int) -> list[Frame]:
    stream = camera.frames()
    return [next(stream) for _ in range(count)]


def test_colour_and_depth_arrive_live() -> None:
    script = shots(3)
    with closing(RealSenseCamera(sdk=SoftwareSdk(script))) as camera:
        assert camera.serial == SERIAL
        for got, sent in zip(take(camera, 3), script, strict=True):
            np.testing.assert_array_equal(got.colour, sent.colour)
            np.testing.assert_array_equal(got.depth_mm, sent.depth_mm)


def check_pair(got: Frame, lit: Frame, unlit: Frame) -> None:
    """Depth of the one, picture of the other, to the last bit."""
    assert got.infrared is not None
    assert lit.infrared is not None
    assert unlit.infrared is not None
    np.testing.assert_array_equal(got.depth_mm, lit.depth_mm)
    np.testing.assert_array_equal(got.colour, np.repeat(unlit.infrared[..., None], 3, axis=2))
    np.testing.assert_array_equal(got.infrared, unlit.infrared)
    assert got.intrinsics == CAMERA


def test_the_infrared_view_pairs_lit_depth_with_the_unlit_picture() -> None:
    script = shots(14)
    with closing(RealSenseCamera(sdk=SoftwareSdk(script, SWITCHING), options=INFRARED)) as camera:
        # The first pairs only settle which of two is lit.
        for got, first in zip(take(camera, 3), (8, 10, 12), strict=True):
            check_pair(got, script[first], script[first + 1])
        assert not any("projector" in note for note in camera.notes())


def test_without_metadata_the_projector_stays_on_and_it_is_said() -> None:
    script = shots(40)
    sdk = SoftwareSdk(script, replace(SWITCHING, tells=False))
    with closing(RealSenseCamera(sdk=sdk, options=INFRARED)) as camera:
        got = take(camera, 2)
        assert got[0].infrared is None
        sent = script[30].infrared
        assert sent is not None
        np.testing.assert_array_equal(got[0].colour[..., 0], sent)
        assert any("do not say when the dot projector was on" in note for note in camera.notes())


def test_a_camera_whose_projector_cannot_switch_says_so_and_works() -> None:
    script = shots(2)
    with closing(RealSenseCamera(sdk=SoftwareSdk(script), options=INFRARED)) as camera:
        np.testing.assert_array_equal(take(camera, 1)[0].depth_mm, script[0].depth_mm)
        assert "it has no projector that switches from frame to frame" in camera.notes()


def test_the_infrared_view_needs_no_colour_camera() -> None:
    script = shots(2)
    with closing(
        RealSenseCamera(sdk=SoftwareSdk(script, Rig(with_colour=False)), options=INFRARED)
    ) as camera:
        np.testing.assert_array_equal(take(camera, 1)[0].depth_mm, script[0].depth_mm)


def test_what_is_recorded_of_a_live_camera_plays(tmp_path: Path) -> None:
    script = shots(3)
    path = tmp_path / "live.db3"
    with closing(RealSenseCamera(sdk=SoftwareSdk(script), record_to=path)) as camera:
        take(camera, 3)
    with closing(RealSenseCamera(recording=path, timeout_ms=2000)) as camera:
        for got, sent in zip(camera.frames(), script, strict=True):
            np.testing.assert_array_equal(got.colour, sent.colour)
            np.testing.assert_array_equal(got.depth_mm, sent.depth_mm)


@pytest.mark.parametrize("switches", [True, False])
def test_a_recording_plays_in_the_infrared_view_as_it_was_made(tmp_path: Path, *, switches: bool) -> None:
    script = shots(14, (160, 120))
    path = record(tmp_path / "a.db3", script, Rig(switches=switches))
    with closing(RealSenseCamera(recording=path, timeout_ms=2000, options=INFRARED)) as camera:
        played = list(camera.frames())
    if switches:
        for got, first in zip(played, (8, 10, 12), strict=True):
            check_pair(got, script[first], script[first + 1])
    else:
        assert len(played) == 14
        assert all(frame.infrared is None for frame in played)
