import numpy as np
import pytest

from facelatch import surface
from facelatch.nose import find_nose
from facelatch.preprocess import FacePoint
from tests.device.procedural_face import CAMERA, Scene, face_frame, sheet_frame
from tests.factories import make_frame


def look(scene: Scene, right_mm: float = 0.0, down_mm: float = 0.0) -> surface.Surface:
    """The head's surface around a point that misses its nose's foot by so much."""
    u = CAMERA.cx + (scene.x_mm + right_mm) / scene.z_mm * CAMERA.fx
    v = CAMERA.cy + (scene.y_mm + down_mm) / scene.z_mm * CAMERA.fy
    return surface.measure(face_frame(scene), FacePoint(u, v, scene.z_mm), span_mm=200)


@pytest.mark.parametrize("missed_mm", [(0, 0), (15, 0), (-15, 0), (0, 20), (0, -20), (12, -15)])
def test_the_nose_is_found_from_wherever_the_box_was(missed_mm: tuple[float, float]) -> None:
    nose = find_nose(look(Scene(), *missed_mm))
    assert nose is not None
    assert nose.x_mm + missed_mm[0] == pytest.approx(0, abs=1.5)
    assert nose.y_mm + missed_mm[1] == pytest.approx(0, abs=4)


def test_a_turned_head_moves_the_nose_with_it() -> None:
    left, right = find_nose(look(Scene(yaw_deg=-20))), find_nose(look(Scene(yaw_deg=20)))
    assert left is not None
    assert right is not None
    assert left.x_mm == pytest.approx(-right.x_mm, abs=1.5)
    assert right.x_mm > 2


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(make_frame(500), id="wall"),
        pytest.param(make_frame(0), id="no-depth"),
        pytest.param(sheet_frame(Scene()), id="photo"),
        pytest.param(sheet_frame(Scene(), radius_mm=120), id="bent-photo"),
    ],
)
def test_there_is_no_nose_where_nothing_stands_out(frame: object) -> None:
    assert find_nose(surface.measure(frame, FacePoint(320, 240, 500), span_mm=200)) is None  # type: ignore[arg-type]


def test_a_bump_far_from_the_middle_is_not_followed() -> None:
    frame = make_frame(500, focal_px=600)
    frame.depth_mm[:, :300] = 450
    nose = find_nose(surface.measure(frame, FacePoint(320, 240, 500), span_mm=200))
    assert nose is None or np.hypot(nose.x_mm, nose.y_mm) <= 45
