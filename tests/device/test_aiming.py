"""From the face that the daemon locates to the camera's exposure."""

import pytest

from facelatch.cameras import Aimable
from facelatch.cameras.scripted import ScriptedCamera
from facelatch.cameras.supervised import Source, SupervisedCamera
from facelatch.errors import CameraError
from facelatch.frames import Frame
from facelatch.supervision.health import for_recording
from tests.factories import make_frame

BOX = (10, 20, 30, 40)


class Aimed(ScriptedCamera):
    def __init__(self, error: Exception | None = None) -> None:
        super().__init__([make_frame(size=(32, 24), noise_seed=1)])
        self.boxes: list[tuple[int, int, int, int]] = []
        self._error = error

    def aim(self, box: tuple[int, int, int, int]) -> None:
        self.boxes.append(box)
        if self._error is not None:
            raise self._error


def supervise(camera: ScriptedCamera) -> tuple[SupervisedCamera, Frame]:
    """Open, with a first frame."""
    supervised = SupervisedCamera(
        Source(lambda: camera, rule=for_recording()), lambda state: None, lambda seconds: True, lambda: 0
    )
    return supervised, next(iter(supervised.frames()))


def test_the_box_reaches_the_camera() -> None:
    camera = Aimed()
    assert isinstance(camera, Aimable)
    supervised, _ = supervise(camera)
    supervised.aim(BOX)
    assert camera.boxes == [BOX]


def test_a_camera_that_cannot_be_aimed_is_left_alone() -> None:
    camera = ScriptedCamera([make_frame(size=(32, 24))])
    assert not isinstance(camera, Aimable)
    supervise(camera)[0].aim(BOX)


@pytest.mark.parametrize("error", [CameraError("busy"), RuntimeError("hwmon")])
def test_aiming_is_nothing_to_fail_for(error: Exception) -> None:
    camera = Aimed(error)
    supervise(camera)[0].aim(BOX)
    assert camera.boxes == [BOX]


def test_a_closed_camera_is_not_aimed() -> None:
    camera = Aimed()
    supervised, _ = supervise(camera)
    supervised.close()
    supervised.aim(BOX)
    assert camera.boxes == []
