from contextlib import closing

import pytest

from facelatch.cameras import Resettable
from facelatch.cameras.scripted import ScriptedCamera
from facelatch.errors import CameraError, CameraUnpluggedError
from facelatch.frames import Frame
from tests.factories import make_frame


def test_the_script_is_played_failures_included() -> None:
    script: list[Frame | Exception] = [make_frame(500), CameraUnpluggedError("USB reset"), make_frame(600)]
    with closing(ScriptedCamera(script)) as camera:
        stream = camera.frames()
        assert next(stream).depth_mm[0, 0] == 500
        with pytest.raises(CameraUnpluggedError):
            next(stream)
        assert [frame.depth_mm[0, 0] for frame in camera.frames()] == [600]
    assert camera.closed


def test_a_closed_camera_gives_no_frames() -> None:
    camera = ScriptedCamera([make_frame()], serial="7")
    camera.close()
    camera.close()
    assert camera.serial == "7"
    with pytest.raises(CameraError, match="closed"):
        next(camera.frames())


def test_resets_are_counted() -> None:
    camera = ScriptedCamera([])
    assert isinstance(camera, Resettable)
    camera.reset()
    assert camera.resets == 1
