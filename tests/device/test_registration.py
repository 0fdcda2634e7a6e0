import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.frames import Intrinsics
from facelatch.optics.registration import Registration, View, to_depth_mm

CAMERA = Intrinsics(100.0, 100.0, 32.0, 24.0)
STILL = np.eye(3, dtype=np.float32)


def shifted(x_mm: float) -> View:
    return View(CAMERA, STILL, np.array((x_mm, 0, 0), np.float32))


@given(st.integers(0, 65535), st.sampled_from([0.1, 0.125, 0.25, 0.5, 1.0, 2.0, 10.0]))
def test_depth_is_rounded_and_never_wraps(raw: int, mm_per_unit: float) -> None:
    got = int(to_depth_mm(np.array([[raw]], np.uint16), mm_per_unit)[0, 0])
    exact = raw * mm_per_unit
    assert got == 0 if exact > 65535.5 else abs(got - exact) <= 0.51
    if raw == 0:
        assert got == 0


def test_millimetres_are_copied_not_shared() -> None:
    raw = np.array([[1, 2]], np.uint16)
    assert not np.shares_memory(to_depth_mm(raw, 1.0), raw)


def test_the_same_view_changes_nothing() -> None:
    image = np.random.default_rng(1).integers(0, 256, (48, 64), np.uint8)
    depth = np.full((48, 64), 500, np.uint16)
    same = Registration(CAMERA, (64, 48), shifted(0)).to_colour(image, depth)
    np.testing.assert_array_equal(same, image)


@pytest.mark.parametrize(("depth_mm", "pixels"), [(500, 10), (1000, 5)])
def test_a_baseline_shifts_by_focal_length_over_depth(depth_mm: int, pixels: int) -> None:
    image = np.random.default_rng(1).integers(1, 256, (48, 64), np.uint8)
    moved = Registration(CAMERA, (64, 48), shifted(50)).to_colour(
        image, np.full((48, 64), depth_mm, np.uint16)
    )
    np.testing.assert_array_equal(moved[:, :-pixels], image[:, pixels:])
    assert not moved[:, -pixels:].any()


def test_holes_take_the_scenes_median_depth() -> None:
    image = np.random.default_rng(1).integers(1, 256, (48, 64), np.uint8)
    depth = np.full((48, 64), 500, np.uint16)
    whole = Registration(CAMERA, (64, 48), shifted(50)).to_colour(image, depth)
    depth[10:20, 10:20] = 0
    np.testing.assert_array_equal(Registration(CAMERA, (64, 48), shifted(50)).to_colour(image, depth), whole)


def test_no_depth_at_all_still_gives_an_image() -> None:
    image = np.full((48, 64), 9, np.uint8)
    got = Registration(CAMERA, (64, 48), shifted(1)).to_colour(image, np.zeros((48, 64), np.uint16))
    assert got.shape == image.shape


@pytest.mark.parametrize(
    ("view", "same"),
    [
        pytest.param(shifted(0), True, id="same"),
        pytest.param(shifted(15), False, id="baseline"),
        pytest.param(View(CAMERA, -STILL, np.zeros(3, np.float32)), False, id="turned"),
        pytest.param(View(Intrinsics(99, 100, 32, 24), STILL, np.zeros(3, np.float32)), False, id="lens"),
    ],
)
def test_views_are_compared_by_everything(view: View, same: bool) -> None:
    assert view.is_same_as(CAMERA) is same
