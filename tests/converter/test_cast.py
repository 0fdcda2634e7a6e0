"""The same people each time, twins as near as stated, owners years later."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facelatch_converter.look_alikes import near
from facelatch_converter.people import Person
from facelatch_converter.protocols.cast import draw_caller, draw_owner, draw_twin, load_generator
from facelatch_converter.protocols.named import Circumstances, Cohort, Protocol

COHORT = Cohort("people", 5)
PLAIN = Protocol("plain", "nothing special", 6, COHORT, Circumstances())


def apart(one: Person, other: Person) -> float:
    return float(np.linalg.norm(one.weights - other.weights))


@pytest.mark.parametrize("wanted", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_relatives_are_as_far_apart_as_stated_and_as_far_from_the_mean_face_as_anybody(wanted: float) -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 4000, 100)).astype(np.float32)
    found = near(one, other, wanted)
    strangers = np.sqrt(np.mean(np.sum((one - other) ** 2, axis=1)))
    assert np.sqrt(np.mean(np.sum((found - one) ** 2, axis=1))) == pytest.approx(wanted * strangers, abs=0.1)
    assert np.std(found) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("wanted", [-0.1, 1.1, float("nan")])
def test_no_relative_is_farther_than_a_stranger(wanted: float) -> None:
    one = np.ones(3, np.float32)
    with pytest.raises(ValueError, match="0 to 1 strangers' distances apart"):
        near(one, one, wanted)


def test_a_person_is_the_same_each_time_and_nobody_else(face_model: Path) -> None:
    generator = load_generator(face_model)
    one = draw_owner(generator, COHORT, 3)
    draw_owner.cache_clear()
    np.testing.assert_array_equal(one.vertices_mm, draw_owner(generator, COHORT, 3).vertices_mm)
    assert apart(one, draw_owner(generator, COHORT, 4)) > 0.5
    assert apart(one, draw_owner(generator, replace(COHORT, seed=6), 3)) > 0.5
    assert draw_caller(generator, PLAIN, 3) is draw_owner(generator, COHORT, 3)


def test_twins_share_skin_and_hair_and_differ_in_shape(face_model: Path) -> None:
    generator = load_generator(face_model)
    owner = draw_owner(generator, COHORT, 0)
    near_twin = draw_twin(generator, replace(PLAIN, twin=0.25), 0)
    far_twin = draw_twin(generator, replace(PLAIN, twin=1.0), 0)
    assert 0 < apart(owner, near_twin) < apart(owner, far_twin)
    assert near_twin.hair_albedo == owner.hair_albedo
    # The same paint on another shape: spots may move, the skin as a whole stays.
    np.testing.assert_allclose(near_twin.albedo.mean(0), owner.albedo.mean(0), rtol=0.1)
    with pytest.raises(ValueError, match="plain has no twins"):
        draw_twin(generator, PLAIN, 0)


def test_years_change_the_owner_less_than_a_stranger_is_different(face_model: Path) -> None:
    generator = load_generator(face_model)
    aged = replace(PLAIN, drift=0.1)
    changes = [apart(draw_owner(generator, COHORT, n), draw_caller(generator, aged, n)) for n in range(4)]
    strangers = [
        apart(draw_owner(generator, COHORT, n), draw_owner(generator, COHORT, n + 10)) for n in range(4)
    ]
    assert min(changes) > 0
    assert np.mean(changes) < 0.3 * np.mean(strangers)


def test_a_relative_keeps_its_flesh_unless_years_have_passed(face_model: Path) -> None:
    generator = load_generator(face_model)
    still = draw_twin(generator, replace(PLAIN, twin=0.0), 1)
    np.testing.assert_allclose(still.vertices_mm, draw_owner(generator, COHORT, 1).vertices_mm, atol=1e-4)
    aged = draw_caller(generator, replace(PLAIN, drift=1e-6), 1)
    assert np.abs(aged.vertices_mm - still.vertices_mm).max() > 0.1
