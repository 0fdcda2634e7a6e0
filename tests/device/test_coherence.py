import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch import coherence
from facelatch.matching import Embedding, distance, fuse
from tests.factories import make_embedding, make_near

REACH = 0.8


def agreeing(samples: list[Embedding], least: int, reach: float = REACH) -> tuple[int, ...]:
    return coherence.agreeing(samples, least, reach)


def coherence_limit(samples: int) -> float:
    return coherence.coherence_limit(samples, REACH)


def near(apart: float, seed: int = 1) -> Embedding:
    return make_near(make_embedding(1), apart, seed)


def ring(apart: float, count: int) -> list[Embedding]:
    """Embeddings of one face, each as far from it, in directions of their own."""
    return [near(apart, seed) for seed in range(count)]


@pytest.mark.parametrize(("samples", "limit"), [(1, math.inf), (2, 0.396), (3, 0.457), (5, 0.501)])
def test_the_more_samples_the_farther_each_may_be_from_their_mean(samples: int, limit: float) -> None:
    assert coherence_limit(samples) == pytest.approx(limit, abs=1e-3)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12])
def test_samples_of_one_face_all_agree(count: int) -> None:
    assert agreeing(ring(0.45, count), 1) == tuple(range(count))


@pytest.mark.parametrize("place", range(3))
def test_a_sample_astray_is_set_aside_wherever_it_is(place: int) -> None:
    samples = ring(0.2, 2)
    samples.insert(place, near(0.7, 9))
    assert agreeing(samples, 2) == tuple(other for other in range(3) if other != place)


def test_as_many_must_agree_as_are_asked_for() -> None:
    samples = [*ring(0.2, 3), near(0.7, 8), near(0.7, 9)]
    assert agreeing(samples, 3) == (0, 1, 2)
    assert agreeing(samples, 4) == ()


def test_fewer_samples_than_must_agree_leave_none() -> None:
    assert agreeing(ring(0.1, 2), 3) == ()
    assert agreeing(ring(0.1, 2), 2) == (0, 1)


def test_a_sample_of_another_face_leaves_none() -> None:
    own, astray, stranger = ring(0.1, 3), near(0.7, 9), near(0.9, 9)
    assert distance(astray, fuse(own)) < REACH < distance(stranger, fuse(own))
    assert agreeing([*own, astray], 3) == (0, 1, 2)
    assert agreeing([*own, stranger], 3) == ()


@pytest.mark.parametrize(("reach", "places"), [(0.4, ()), (0.8, (0, 1, 2)), (1.2, (0, 1, 2, 3))])
def test_how_near_is_near_enough_comes_with_the_encoder(reach: float, places: tuple[int, ...]) -> None:
    assert agreeing([*ring(0.3, 3), near(0.65, 9)], 3, reach) == places


@pytest.mark.parametrize(("frames", "share"), [(2, 0.97), (4, 1.18)])
def test_how_near_two_faces_in_equal_shares_must_be(frames: int, share: float) -> None:
    """The shares of the reach that `session` names."""
    for apart, agree in ((share - 0.015, True), (share + 0.015, False)):
        two = [make_embedding(1), near(apart * REACH)]
        assert bool(agreeing(two * (frames // 2), frames // 2 + 1)) == agree


def test_two_faces_in_equal_shares_leave_none() -> None:
    one, other = near(0.75, 1), near(0.75, 2)
    assert distance(one, other) > 2 * coherence_limit(4)
    assert agreeing([one, other], 2) == ()
    assert agreeing([one, one, other, other], 3) == ()


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_a_broken_sample_leaves_none(count: int, value: float) -> None:
    assert agreeing([*ring(0.1, count - 1), make_embedding(1, broken=value)], 1) == ()


def test_nothing_agrees_with_nothing() -> None:
    assert agreeing([], 1) == ()


@given(st.lists(st.tuples(st.floats(0, 1.5), st.integers(0, 9)), min_size=1, max_size=7), st.integers(1, 7))
def test_what_agrees_is_enough_and_lies_near_what_it_makes(
    drawn: list[tuple[float, int]], least: int
) -> None:
    samples = [near(apart, seed) for apart, seed in drawn]
    places = agreeing(samples, least)
    if not places:
        return
    assert list(places) == sorted(set(places))
    assert len(places) >= least
    fused = fuse([samples[place] for place in places])
    apart = np.array([distance(sample, fused) for sample in samples])
    assert apart[list(places)].max() <= coherence_limit(len(places))
    assert apart.max() < REACH or len(places) == len(samples)
