"""The metric crop: the same head gives the same tensor at every distance, and nothing but the face gets in."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.frames import Frame, Intrinsics
from facelatch.preprocess import NEUTRAL, Crop, CropSpec, FacePoint, crop, encode, oval, to_tensor
from tests.factories import make_frame

SPEC = CropSpec()


def _ball(distance_mm: float, focal_px: float = 610, size: tuple[int, int] = (640, 480)) -> Frame:
    """A ball of 75 mm radius with a bright left half before a wall at 1.5 m, its nearest point in the middle."""
    width, height = size
    x = (np.arange(width) + 0.5 - width / 2) / focal_px
    y = ((np.arange(height) + 0.5 - height / 2) / focal_px)[:, None]
    centre = distance_mm + 75
    a = x**2 + y**2 + 1
    root = centre**2 - a * (centre**2 - 75**2)
    on_ball = root >= 0
    depth = np.where(on_ball, (centre - np.sqrt(np.maximum(root, 0))) / a, 1500)
    colour = np.full((height, width, 3), 30, np.uint8)
    colour[on_ball] = 100
    colour[on_ball & (x * np.ones_like(y) < 0)] = 200
    intrinsics = Intrinsics(focal_px, focal_px, width / 2, height / 2)
    return Frame(colour, np.rint(depth).astype(np.uint16), intrinsics, 0)


def _middle(frame: Frame, depth_mm: float) -> FacePoint:
    width, height = frame.size
    return FacePoint(width / 2, height / 2, depth_mm)


@pytest.mark.parametrize(
    ("distance_mm", "focal_px", "size"),
    [
        pytest.param(350, 610, (640, 480), id="near"),
        pytest.param(900, 610, (640, 480), id="far"),
        pytest.param(400, 310, (424, 240), id="another-camera"),
        pytest.param(1400, 400, (640, 480), id="enlarged"),
    ],
)
def test_the_same_thing_looks_the_same_at_every_distance(
    distance_mm: float, focal_px: float, size: tuple[int, int]
) -> None:
    reference = crop(_ball(500), _middle(_ball(500), 520), SPEC)
    frame = _ball(distance_mm, focal_px, size)
    seen = crop(frame, _middle(frame, distance_mm + 20), SPEC)
    both = (reference.depth_mm > 0) & (seen.depth_mm > 0)
    relief = (reference.depth_mm - 500)[both] - (seen.depth_mm - distance_mm)[both]
    # Nearer, perspective shows a little less of a ball's side, so only its front is compared.
    front = (reference.depth_mm - 500)[both] < 40
    assert both.sum() > 4000
    assert np.abs(relief[front]).mean() < 2
    assert np.abs(reference.intensity - seen.intensity)[both][front].mean() < 6


def test_depth_is_relative_to_the_faces_own() -> None:
    near, far = (to_tensor(_ball(z), _middle(_ball(z), z + 20), SPEC)[..., 3] for z in (500, 600))
    face = (near > -1) & (far > -1)
    assert np.abs(near - far)[face].mean() < 0.05
    assert near[56, 56] == pytest.approx(0, abs=0.15)


def test_millimetres_keep_their_scale() -> None:
    depth = np.full((480, 640), 500, np.uint16)
    depth[:, 320:] = 520
    frame = replace(make_frame(500, focal_px=610.0), depth_mm=depth)
    tensor = to_tensor(frame, FacePoint(320, 240, 500), SPEC)
    step = tensor[56, 30, 3] - tensor[56, 80, 3]
    assert step == pytest.approx(20 / (SPEC.depth_span_mm / 2), abs=1e-3)


def test_the_crop_is_as_wide_as_its_card_says() -> None:
    frame = make_frame(1000, focal_px=600.0, size=(640, 480))
    colour = frame.colour.copy()
    # 200 mm at 1000 mm and 600 px are 120 px: bars just inside both edges of the crop.
    colour[:, 262] = 255
    colour[:, 377] = 255
    row = crop(replace(frame, colour=colour), FacePoint(320, 240, 1000), SPEC).intensity[56, :, 0]
    bright = np.flatnonzero(row > 180)
    assert bright.min() == round((262 - 260) / 120 * 112)
    assert bright.max() == int((377 - 260) / 120 * 112)


def test_what_is_behind_the_face_is_blanked() -> None:
    frame = _ball(500)
    cropped = crop(frame, _middle(frame, 520), SPEC)
    corner = cropped.intensity[2, 2]
    np.testing.assert_array_equal(corner, np.full(3, NEUTRAL))
    assert cropped.depth_mm[2, 2] == 0
    tensor = encode(cropped, SPEC)
    np.testing.assert_array_equal(tensor[2, 2], (0, 0, 0, -1))


def test_the_room_behind_makes_no_difference() -> None:
    frame = _ball(500)
    wall = frame.depth_mm == 1500
    colour = frame.colour.copy()
    colour[wall] = np.random.default_rng(0).integers(0, 256, (int(wall.sum()), 3))
    other = replace(frame, colour=colour)
    point = _middle(frame, 520)
    difference = np.abs(to_tensor(frame, point, SPEC) - to_tensor(other, point, SPEC))
    assert difference.max() < 0.02 or (difference > 0.02).any(axis=2).mean() < 0.02


def test_small_holes_keep_their_colour_and_large_ones_lose_it() -> None:
    frame = make_frame(500, grey=200, focal_px=610.0)
    depth = frame.depth_mm.copy()
    depth[230:240, 310:320] = 0
    depth[150:330, 400:] = 0
    tensor = to_tensor(replace(frame, depth_mm=depth), FacePoint(320, 240, 500), SPEC)
    assert tensor[54, 54, 3] == -1
    assert tensor[54, 54, 0] == pytest.approx(200 / 127.5 - 1, abs=0.02)
    assert tensor[56, 93, 0] == 0


def test_beyond_the_border_there_is_nothing() -> None:
    frame = make_frame(500, grey=200, focal_px=610.0)
    tensor = to_tensor(frame, FacePoint(5, 240, 500), SPEC)
    np.testing.assert_array_equal(tensor[56, 10], (0, 0, 0, -1))
    assert tensor[56, 60, 0] > 0.5


@pytest.mark.parametrize("depth_mm", [0, -5, float("nan"), float("inf")])
def test_a_face_must_be_in_front_of_the_camera(depth_mm: float) -> None:
    with pytest.raises(ValueError, match="in front of the camera"):
        to_tensor(make_frame(), FacePoint(320, 240, depth_mm), SPEC)


def test_darkness_lets_the_infrared_image_stand_in() -> None:
    frame = make_frame(500, grey=3, infrared=180, focal_px=610.0)
    tensor = to_tensor(frame, FacePoint(320, 240, 500), SPEC)
    np.testing.assert_allclose(tensor[56, 56, :3], 180 / 127.5 - 1, atol=0.01)


@given(
    u=st.floats(-200, 900),
    v=st.floats(-200, 700),
    depth=st.floats(60, 8000),
    surface=st.sampled_from([0, 1, 300, 500, 65535]),
)
def test_any_point_gives_a_tensor_within_its_bounds(u: float, v: float, depth: float, surface: int) -> None:
    tensor = to_tensor(
        make_frame(surface, noise_seed=3 if surface < 60_000 else None), FacePoint(u, v, depth), SPEC
    )
    assert tensor.shape == (112, 112, 4)
    assert tensor.dtype == np.float32
    assert np.isfinite(tensor).all()
    assert np.abs(tensor).max() <= 1 + 1e-6


def test_no_readings_at_all_give_no_depth() -> None:
    empty = Crop(np.full((112, 112, 3), 90, np.float32), np.zeros((112, 112), np.float32))
    tensor = encode(empty, SPEC)
    assert (tensor[..., 3] == -1).all()
    assert (tensor[..., :3] == 0).all()


def test_the_oval_holds_a_face_and_no_corner() -> None:
    inside = oval(112)
    assert inside[56, 56]
    assert inside[56, 20]
    assert not inside[2, 2]
    assert 0.5 < inside.mean() < 0.54


@pytest.mark.parametrize(
    "wrong", [{"size_px": 4}, {"span_mm": 10.0}, {"depth_span_mm": 0.0}, {"span_mm": float("nan")}]
)
def test_crops_that_hold_no_face_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        CropSpec(**wrong)  # type: ignore[arg-type]
