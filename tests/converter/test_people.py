import numpy as np
import pytest

from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import draw_hair, draw_person
from facelatch_converter.regions import Regions


def test_a_seed_gives_the_same_person_again(model: FaceModel, regions: Regions) -> None:
    one, two = (draw_person(model, regions, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.vertices_mm, two.vertices_mm)
    np.testing.assert_array_equal(one.albedo, two.albedo)
    other = draw_person(model, regions, np.random.default_rng(6))
    assert np.abs(one.vertices_mm - other.vertices_mm).max() > 1


def test_people_span_all_skin_tones_and_reflect_at_most_all_light(model: FaceModel, regions: Regions) -> None:
    rng = np.random.default_rng(1)
    people = [draw_person(model, regions, rng) for _ in range(60)]
    cheeks = np.array([person.albedo[regions.cheek > 0.5].mean() for person in people])
    # Linear reflectance: the scale's darkest tone has about 0.02, its lightest about 0.8.
    assert cheeks.min() < 0.06
    assert cheeks.max() > 0.6
    for person in people:
        assert person.albedo.min() > 0
        assert person.albedo.max() <= 1
        assert 0 < person.infrared_albedo.min() < person.infrared_albedo.max() <= 1


def test_shape_follows_the_known_coefficients(model: FaceModel, regions: Regions) -> None:
    rng = np.random.default_rng(2)
    people = [draw_person(model, regions, rng) for _ in range(80)]
    weights = np.stack([person.weights for person in people])
    # A vertex of the chin, where hair and bumps are small beside the first shape vector.
    chin = model.landmarks[8]
    moved = np.array([person.vertices_mm[chin, 1] for person in people])
    expected = weights @ model.identity_mm[:, chin, 1]
    assert np.corrcoef(moved, expected)[0, 1] > 0.5


def test_brows_are_darker_than_the_skin_of_light_people(model: FaceModel, regions: Regions) -> None:
    rng = np.random.default_rng(3)
    people = [draw_person(model, regions, rng) for _ in range(40)]
    cheek, brow = regions.cheek > 0.5, regions.brow_mm < 1.5
    light = [person for person in people if person.albedo[cheek].mean() > 0.4]
    assert len(light) >= 8
    assert np.mean([person.albedo[brow].mean() < person.albedo[cheek].mean() for person in light]) > 0.8


def test_regions_lie_where_their_names_say(model: FaceModel, regions: Regions) -> None:
    height = model.vertices_mm[:, 1]
    mouth, nose, brow = (model.landmark_mm(n)[0, 1] for n in (51, 33, 19))
    assert height[regions.lip > 0.5].mean() < nose
    assert height[regions.beard > 0.5].max() < model.landmark_mm(41)[0, 1]
    assert mouth < height[regions.moustache > 0.5].mean() < nose + 5
    assert height[regions.brow_mm < 3].mean() == pytest.approx(brow, abs=8)
    assert height[regions.scalp_mm > 10].max() == height.max()
    assert regions.scalp_mm[model.landmarks[30]] < -20


def test_hair_comes_in_all_kinds() -> None:
    rng = np.random.default_rng(4)
    drawn = [draw_hair(rng) for _ in range(200)]
    assert 0.08 < np.mean([hair.scalp_mm == 0 for hair in drawn]) < 0.25
    assert 0.35 < np.mean([hair.beard_mm == 0 for hair in drawn]) < 0.65
    assert any(0 < hair.beard_mm < 1 for hair in drawn)
    assert any(hair.scalp_mm > 20 for hair in drawn)
