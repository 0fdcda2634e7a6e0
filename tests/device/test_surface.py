import numpy as np
import pytest

from facelatch import surface
from facelatch.frames import Frame, Intrinsics
from facelatch.preprocess import FacePoint
from tests.factories import make_frame

MIDDLE = FacePoint(320, 240, 500)


def test_a_wall_is_flat_and_metric() -> None:
    patch = surface.measure(make_frame(500, focal_px=600), MIDDLE)
    assert patch.seen.all()
    assert np.abs(patch.z_mm).max() == 0
    # 55 cells of 4 mm: the outermost middles lie 108 mm out, to within a pixel.
    assert patch.x_mm[0, -1] == pytest.approx(108, abs=0.9)
    assert patch.y_mm[0, 0] == pytest.approx(-108, abs=0.9)
    np.testing.assert_allclose(patch.x_mm[0], patch.column_mm)


def test_a_tilted_wall_keeps_its_slope_off_the_axis() -> None:
    camera = Intrinsics(600, 600, 320, 240)
    rays = (np.arange(640) + 0.5 - 320) / 600
    depth = np.rint(500 / (1 - 0.3 * rays)).astype(np.uint16)
    frame = Frame(np.zeros((480, 640, 3), np.uint8), np.broadcast_to(depth, (480, 640)).copy(), camera, 0)
    patch = surface.measure(frame, FacePoint(420, 240, float(depth[420])))
    slope = np.polyfit(patch.x_mm[patch.seen], patch.z_mm[patch.seen], 1)[0]
    assert slope == pytest.approx(0.3, abs=0.01)


def test_what_is_beyond_reach_or_outside_is_not_seen() -> None:
    frame = make_frame(500, focal_px=600)
    frame.depth_mm[:, 320:] = 700
    patch = surface.measure(frame, FacePoint(320, 5, 500))
    assert not patch.seen[:, 28:].any()
    assert not patch.seen[:26].any()
    assert patch.seen[29:, :27].all()


def test_a_cell_that_is_half_empty_is_not_averaged() -> None:
    frame = make_frame(500, focal_px=600)
    frame.depth_mm[::2] = 0
    frame.depth_mm[:, ::2] = 0
    assert not surface.measure(frame, MIDDLE).seen.any()


def test_few_pixels_give_larger_cells() -> None:
    patch = surface.measure(make_frame(1500, (160, 120), focal_px=150), FacePoint(80, 60, 1500))
    assert patch.seen.any()
    assert np.all(np.diff(patch.column_mm) >= 9)


@pytest.mark.parametrize("depth_mm", [0.0, -500.0, 99.0, float("nan"), float("inf")])
def test_a_point_that_cannot_be_a_face_is_refused(depth_mm: float) -> None:
    with pytest.raises(ValueError, match="mm away"):
        surface.measure(make_frame(500), FacePoint(320, 240, depth_mm))


@pytest.mark.parametrize("point", [(-5000, 240), (320, -5000), (9000, 9000)])
def test_a_point_far_outside_sees_nothing(point: tuple[int, int]) -> None:
    assert not surface.measure(make_frame(500), FacePoint(*point, 500)).seen.any()
