"""Prototypes: the mean of all looks at a person in one light, of the latest people alone."""

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.prototypes import ACROSS, Prototypes

Real = npt.NDArray[np.float32]


def _unit(rows: Real) -> Real:
    unit: Real = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return unit


def test_a_person_lies_where_the_mean_of_all_looks_in_a_light_does_and_a_little_nearer_to_the_others() -> (
    None
):
    looks = np.random.default_rng(6).normal(size=(2, 6, 128)).astype(np.float32)
    people, lights = np.array([7, 9, 7, 9, 7, 9]), np.array([0, 0, 0, 2, 0, 2])
    known = Prototypes(teachers=2, streams=1, size=8)
    known.take_in(people, lights, looks)

    def mean(places: list[int]) -> Real:
        return _unit(_unit(looks[:, places]).mean(1))

    for person, light, own, every in (
        (7, 0, [0, 2, 4], [0, 2, 4]),
        (9, 0, [1], [1, 3, 5]),
        (9, 2, [3, 5], [1, 3, 5]),
    ):
        (place,) = known.places(np.array([person]), np.array([light]))
        expected = _unit(mean(own) + ACROSS * mean(every))
        np.testing.assert_allclose(known.unit[:, place], expected, atol=1e-6)
        assert known.lights[place] == light


def test_long_looks_count_no_more_than_short_ones() -> None:
    looks = np.zeros((1, 2, 128), np.float32)
    looks[0, 0, 0], looks[0, 1, 1] = 100, 0.1
    known = Prototypes(teachers=1, streams=1, size=2)
    known.take_in(np.array([1, 1]), np.array([0, 0]), looks)
    np.testing.assert_allclose(known.unit[0, 0, :2], np.sqrt([0.5, 0.5]), atol=1e-6)


def test_whoever_is_known_in_the_same_light_is_a_rival() -> None:
    known = Prototypes(teachers=1, streams=1, size=5)
    known.take_in(np.array([1, 2, 3]), np.array([0, 1, 0]), np.ones((1, 3, 128), np.float32))
    rivals = known.rivals(np.array([0, 1, 2], np.int8))
    np.testing.assert_array_equal(rivals, [[1, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]])


def test_the_oldest_are_forgotten_first_and_their_places_taken() -> None:
    known = Prototypes(teachers=1, streams=1, size=3)
    looks = np.eye(128, dtype=np.float32)[None]
    for person in range(5):
        known.take_in(np.array([person]), np.array([0]), looks[:, person : person + 1])
    for person in (2, 3, 4):
        (place,) = known.places(np.array([person]), np.array([0]))
        assert known.unit[0, place, person] == 1
    for person in (0, 1):
        with pytest.raises(KeyError):
            known.places(np.array([person]), np.array([0]))


def test_nobody_is_known_in_a_light_in_which_teachers_did_not_see_them() -> None:
    known = Prototypes(teachers=1, streams=1, size=3)
    known.take_in(np.array([1]), np.array([0]), np.ones((1, 1, 128), np.float32))
    with pytest.raises(KeyError):
        known.places(np.array([1]), np.array([1]))


def test_a_stream_forgets_its_own_people_alone() -> None:
    known = Prototypes(teachers=1, streams=2, size=2)
    looks = np.eye(128, dtype=np.float32)[None]
    known.take_in(np.array([100]), np.array([0]), looks[:, 100:101], stream=3)
    for person in range(7):
        known.take_in(np.array([person]), np.array([0]), looks[:, person : person + 1], stream=4)
    for person in (100, 5, 6):
        (place,) = known.places(np.array([person]), np.array([0]))
        assert known.unit[0, place, person] == 1
    assert (known.lights == 0).sum() == 3
    with pytest.raises(ValueError, match=r"no room for a stream 5 beside \[3, 4\]"):
        known.take_in(np.array([8]), np.array([0]), looks[:, 8:9], stream=5)


def test_somebody_who_is_introduced_again_is_no_rival_of_himself() -> None:
    known = Prototypes(teachers=1, streams=1, size=3)
    looks = np.eye(128, dtype=np.float32)[None]
    for axis in (5, 6):
        known.take_in(np.array([1]), np.array([0]), looks[:, axis : axis + 1])
    (place,) = known.places(np.array([1]), np.array([0]))
    assert known.unit[0, place, 6] == 1
    assert known.rivals(np.array([0], np.int8)).sum() == 1
