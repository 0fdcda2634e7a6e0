"""Weight, age and the warp beyond the model's vectors."""

from dataclasses import replace

import numpy as np
import pytest

from facelatch_converter.face_model import FaceModel
from facelatch_converter.flesh import Flesh, draw_flesh, flesh_out
from facelatch_converter.people import Person, draw_person
from facelatch_converter.rasterise import vertex_normals
from facelatch_converter.regions import Regions

PLAIN = Flesh(0, 0, 0)


def _person(model: FaceModel, regions: Regions, flesh: Flesh) -> Person:
    return draw_person(model, regions, np.random.default_rng(4), reflesh=lambda _: flesh)


def test_weight_moves_cheeks_and_throat_outwards_and_nothing_else(model: FaceModel, regions: Regions) -> None:
    normals = vertex_normals(model.vertices_mm, model.triangles)
    rng = np.random.default_rng(0)
    moved = flesh_out(model.vertices_mm, normals, regions, replace(PLAIN, weight_mm=5), rng)
    outwards = np.sum(moved * normals, axis=1)
    assert outwards[regions.fat > 0.9].min() > 4
    assert np.abs(outwards[regions.fat < 0.01]).max() < 0.1
    assert regions.fat[model.landmarks[[30, 27, 19]]].max() < 0.3


def test_age_lets_skin_hang_down(model: FaceModel, regions: Regions) -> None:
    normals = vertex_normals(model.vertices_mm, model.triangles)
    moved = flesh_out(model.vertices_mm, normals, regions, replace(PLAIN, sag_mm=5), np.random.default_rng(0))
    assert moved[regions.sag > 0.9, 1].mean() < -3
    assert np.abs(moved[regions.sag < 0.01]).max() < 0.1


def test_the_warp_is_as_large_as_it_says_and_smooth(model: FaceModel, regions: Regions) -> None:
    normals = vertex_normals(model.vertices_mm, model.triangles)
    sizes, steps = [], []
    for seed in range(20):
        moved = flesh_out(
            model.vertices_mm, normals, regions, replace(PLAIN, warp_mm=2), np.random.default_rng(seed)
        )
        sizes.append(np.sqrt(np.mean(np.sum(moved**2, axis=1))))
        ends = model.triangles[:, :2]
        far = np.linalg.norm(model.vertices_mm[ends[:, 0]] - model.vertices_mm[ends[:, 1]], axis=1)
        steps.append(
            np.max(np.linalg.norm(moved[ends[:, 0]] - moved[ends[:, 1]], axis=1) / np.maximum(far, 1))
        )
    assert np.mean(sizes) == pytest.approx(2, rel=0.25)
    assert max(steps) < 0.6


def test_another_weight_or_age_is_the_same_person(model: FaceModel, regions: Regions) -> None:
    young, old = (_person(model, regions, flesh) for flesh in (replace(PLAIN, warp_mm=1), Flesh(4, 5, 1)))
    np.testing.assert_array_equal(young.weights, old.weights)
    moved = np.linalg.norm(young.vertices_mm - old.vertices_mm, axis=1)
    assert 2 < moved.max() < 15
    # The warp is the same, so that the bridge of the nose stays.
    assert moved[model.landmarks[27]] < 1
    assert np.abs(young.infrared_albedo - old.infrared_albedo).mean() < 0.01


def test_people_differ_beyond_the_models_vectors(model: FaceModel, regions: Regions) -> None:
    people = [draw_person(model, regions, np.random.default_rng(seed)) for seed in range(30)]
    basis = model.identity_mm.reshape(len(model.identity_mm), -1)
    left = []
    for person in people:
        off = (person.vertices_mm - (model.vertices_mm - regions.centre_mm)).ravel()
        fitted, *_ = np.linalg.lstsq(basis.T, off, rcond=None)
        left.append(np.sqrt(np.mean((off - fitted @ basis) ** 2)))
    assert np.mean(left) > 0.8
    kinds = [draw_flesh(np.random.default_rng(seed)) for seed in range(200)]
    assert min(kind.weight_mm for kind in kinds) < -2
    assert max(kind.weight_mm for kind in kinds) > 4
    assert max(kind.sag_mm for kind in kinds) > 3
