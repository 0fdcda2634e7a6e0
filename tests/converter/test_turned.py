"""Heads turned to the front by the pose that their own depth shows."""

import numpy as np
import pytest

from facelatch.pose import to_pose
from facelatch.preprocess import NEUTRAL, Crop, CropSpec
from facelatch_converter.crops import batches
from facelatch_converter.exposures import expose_crop
from facelatch_converter.face_model import FaceModel
from facelatch_converter.held_out import held_out_crops
from facelatch_converter.people import draw_person
from facelatch_converter.recipe import Recipe
from facelatch_converter.regions import find_regions
from facelatch_converter.render import View, express, pose, render_crop
from facelatch_converter.scenes import draw_light
from facelatch_converter.sensors import ACTIVE_STEREO
from facelatch_converter.turned import _grid, to_front

SPEC = CropSpec()


def turned(model: FaceModel, yaw_deg: float, pitch_deg: float) -> Crop:
    rng = np.random.default_rng(3)
    person = draw_person(model, find_regions(model), rng)
    view = View(yaw_deg, pitch_deg, 0.0, (0.0, 0.0, 500.0))
    vertices = express(model, person, np.zeros(len(model.expression_mm), np.float32))
    head = pose(model, vertices, person.albedo, person.infrared_albedo, view, draw_light(rng, 0))
    rendering = render_crop(head, (0.0, 0.0, 500.0), 500.0, SPEC)
    return expose_crop(rendering, 500.0, ACTIVE_STEREO, SPEC, False, rng)


def measured(crop: Crop) -> tuple[float, float]:
    x, y = _grid(SPEC)
    seen = crop.depth_mm > 0
    found = to_pose(x, y, crop.depth_mm - np.median(crop.depth_mm[seen]), seen)
    assert found is not None
    return found.yaw_deg, found.pitch_deg


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(20, 0), (-20, 0), (0, 15), (0, -15), (15, 10)])
def test_a_turned_head_looks_straight_and_stays_where_it_is(
    model: FaceModel, yaw_deg: float, pitch_deg: float
) -> None:
    crop = turned(model, yaw_deg, pitch_deg)
    front = to_front(crop, SPEC)
    assert np.hypot(*measured(crop)) > 10
    assert np.hypot(*measured(front)) < 3
    middle = (slice(50, 62), slice(50, 62))
    assert np.median(front.depth_mm[middle]) == pytest.approx(np.median(crop.depth_mm[middle]), abs=4)
    assert front.depth_mm[front.depth_mm > 0].min() > 400
    assert np.count_nonzero(front.depth_mm) > 0.8 * np.count_nonzero(crop.depth_mm)


def test_a_straight_head_stays_as_it_is(model: FaceModel) -> None:
    crop = turned(model, 0, 0)
    both = (crop.depth_mm > 0) & ((front := to_front(crop, SPEC)).depth_mm > 0)
    # The made-up head's pose is measured four degrees too low.
    assert np.median(np.abs(front.depth_mm - crop.depth_mm)[both]) < 5
    assert np.median(np.abs(front.intensity - crop.intensity)[both]) < 4


def test_a_hole_of_the_depth_stays_one_and_its_picture_too(model: FaceModel) -> None:
    crop = turned(model, 15, 0)
    crop.depth_mm[70:80, 50:62], crop.intensity[70:80, 50:62] = 0, 255
    front = to_front(crop, SPEC)
    white = (front.intensity > 250).all(-1)
    assert 80 < np.count_nonzero(white) < 160
    assert np.count_nonzero(front.depth_mm[white]) < 0.2 * np.count_nonzero(white)


@pytest.mark.parametrize("depth_mm", [0.0, np.nan])
def test_a_crop_without_depth_is_left_as_it_is(depth_mm: float) -> None:
    crop = Crop(np.zeros((112, 112, 3), np.float32), np.full((112, 112), depth_mm, np.float32))
    assert to_front(crop, SPEC) is crop


@pytest.mark.parametrize("yaw_deg", [-35, 35])
def test_a_head_turned_far_is_turned_back_most_of_the_way(model: FaceModel, yaw_deg: float) -> None:
    crop = turned(model, yaw_deg, 20)
    assert np.hypot(*measured(to_front(crop, SPEC))) < 0.5 * np.hypot(*measured(crop))


def test_what_no_pixel_shows_is_neutral_and_without_depth(model: FaceModel) -> None:
    front = to_front(turned(model, 35, 0), SPEC)
    empty = front.depth_mm[:, :8] == 0
    assert empty.any()
    assert (front.intensity[:, :8][empty] == NEUTRAL).any()


def test_training_and_the_people_measured_on_are_turned_where_the_recipe_says_so(model: FaceModel) -> None:
    plain, front = (
        next(batches(model, SPEC, Recipe(people=2, views=2, turned=chosen, augmented=0), 1, 0)).tensors
        for chosen in (False, True)
    )
    assert (plain != front).any(axis=(1, 2, 3)).all()
    held, held_front = (held_out_crops(model, SPEC, 2, 2, (1, 2), chosen)[0] for chosen in (False, True))
    assert (held != held_front).any(axis=(1, 2, 3)).all()
