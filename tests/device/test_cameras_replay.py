from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from facelatch.cameras.replay import ReplayCamera
from facelatch.captures import CaptureWriter, image_path
from facelatch.errors import CameraError, CaptureError
from tests.factories import make_frame


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    folder = tmp_path / "ada"
    with CaptureWriter(folder, driver="realsense", serial="123", subject="ada") as writer:
        for seed in range(3):
            writer.write(make_frame(size=(8, 6), noise_seed=seed, timestamp_ns=seed))
    return folder


def test_every_frame_once_in_order(capture: Path) -> None:
    with closing(ReplayCamera(capture)) as camera:
        frames = list(camera.frames())
        assert (camera.driver, camera.serial) == ("replay", "123")
    assert [frame.timestamp_ns for frame in frames] == [0, 1, 2]
    np.testing.assert_array_equal(frames[2].depth_mm, make_frame(size=(8, 6), noise_seed=2).depth_mm)


def test_a_folder_that_is_no_capture_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=str(tmp_path)):
        ReplayCamera(tmp_path)


def test_damage_shows_when_its_frame_is_due(capture: Path) -> None:
    image_path(capture, 1, "depth").write_bytes(b"")
    stream = ReplayCamera(capture).frames()
    next(stream)
    with pytest.raises(CaptureError, match=r"0001\.depth\.png"):
        next(stream)


def test_close_may_be_called_twice_and_ends_the_stream(capture: Path) -> None:
    camera = ReplayCamera(capture)
    stream = camera.frames()
    next(stream)
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match="closed"):
        next(stream)
