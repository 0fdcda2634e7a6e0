"""Many attempts at once are decided as the board's session decides each of them."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.matching import Template, template_distance
from facelatch.session import USUAL_REACH, Outcome, Session, SessionRule
from facelatch_converter.protocols.attempt_scores import (
    NEVER,
    Samples,
    attempt_scores,
    nearest_distances,
    template_distances,
)
from tests.converter.scripted import LIVE
from tests.factories import ENCODER_SHA256, MOMENT

Embeddings = npt.NDArray[np.float32]


def unit(vectors: npt.NDArray[np.float64]) -> Embeddings:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / length, np.float32)


def made(
    seed: int, attempts: int = 12, frames: int = 3, people: int = 5, poses: int = 4
) -> tuple[Samples, Embeddings]:
    """Samples and templates of people in few dimensions, so that many come near each other."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((people, 128))
    centres[:, :6] = rng.normal(size=(people, 6))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    templates = unit(centres[:, None] + rng.normal(0, 0.03, (people, poses, 128)))
    callers = centres[rng.integers(people, size=attempts)]
    embeddings = unit(callers[:, None] + rng.normal(0, 0.05, (attempts, frames, 128)))
    return Samples(embeddings, rng.uniform(0.4, 0.9, (attempts, frames))), templates


def template_of(embeddings: Embeddings) -> Template:
    count = len(embeddings)
    return Template("ada", ENCODER_SHA256, embeddings, (MOMENT,) * count, ((0.0, 0.0),) * count)


def session_grants(
    samples: Samples, attempt: int, template: Template, threshold: float, reach: float = USUAL_REACH
) -> bool:
    embeddings, coverages = samples.embeddings[attempt], samples.coverages[attempt]
    session = Session(SessionRule(len(embeddings), len(embeddings), reach))
    for embedding, coverage in zip(embeddings, coverages.tolist(), strict=True):
        session = session.after_sample(embedding, LIVE, coverage)
    verdict = session.verdict([template], threshold)
    assert verdict is not None
    return verdict.outcome is Outcome.GRANTED


@pytest.mark.parametrize("reach", [0.8, 0.9, 1.5])
@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(3))
def test_an_attempt_is_granted_exactly_where_the_session_grants_it(
    seed: int, frames: int, reach: float
) -> None:
    samples, templates = made(seed, frames=frames)
    scores = attempt_scores(samples, templates, reach)
    outcomes = set()
    for (attempt, person), threshold in itertools.product(np.ndindex(scores.shape), (0.5, 0.8, 1.1)):
        if abs(scores[attempt, person] - threshold) < 1e-4:
            continue
        granted = session_grants(samples, attempt, template_of(templates[person]), threshold, reach)
        assert granted == (scores[attempt, person] <= threshold)
        outcomes.add(granted)
    assert outcomes == {True, False}


def test_the_encoders_own_reach_decides() -> None:
    samples, templates = made(3, attempts=40, frames=5)
    never = [(attempt_scores(samples, templates, reach) == NEVER).all(1).mean() for reach in (0.5, 0.8, 1.5)]
    assert never == sorted(never, reverse=True)
    assert never[0] > 0.5 > never[2]


def test_the_score_is_the_smallest_granting_threshold() -> None:
    samples, templates = made(7)
    score = float(attempt_scores(samples, templates, USUAL_REACH)[0, 0])
    template = template_of(templates[0])
    assert session_grants(samples, 0, template, score + 1e-4)
    assert not session_grants(samples, 0, template, score - 1e-4)


def test_one_sample_of_somebody_else_spoils_an_attempt() -> None:
    samples, templates = made(8, attempts=1, people=2)
    alone = attempt_scores(samples, templates, USUAL_REACH).min()
    best = int(samples.coverages[0].argmax())
    swapped = samples.embeddings.copy()
    swapped[0, best] *= -1
    assert attempt_scores(Samples(swapped, samples.coverages), templates, USUAL_REACH).min() > 1.2 > alone


def test_samples_of_two_faces_are_granted_by_no_threshold() -> None:
    _, templates = made(11, attempts=1, people=2, frames=2)
    person, rng = templates[0, 0], np.random.default_rng(5)
    aside = rng.normal(size=128)
    aside -= person * (aside @ person)
    aside /= np.linalg.norm(aside)
    two = unit(np.stack([person + 0.7 * aside, person - 0.7 * aside]))[None]
    near = unit(np.stack([person + 0.35 * aside, person - 0.35 * aside]))[None]
    coverages = np.full((1, 2), 0.8)
    assert attempt_scores(Samples(two, coverages), templates, USUAL_REACH)[0, 0] == NEVER
    assert attempt_scores(Samples(near, coverages), templates, USUAL_REACH)[0, 0] < 0.5


def test_a_sample_that_is_set_aside_spoils_nothing() -> None:
    samples, templates = made(8, attempts=1, people=2)
    coverages = np.array([[0.9, 0.1, 0.9]])
    spoilt = samples.embeddings.copy()
    spoilt[0, 1] *= -1
    kept = Samples(samples.embeddings[:, [0, 2]], coverages[:, [0, 2]])
    expected = attempt_scores(kept, templates, USUAL_REACH)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(
        attempt_scores(Samples(spoilt, coverages), templates, USUAL_REACH), expected
    )


def test_a_broken_sample_is_granted_by_no_threshold() -> None:
    samples, templates = made(12, attempts=2)
    samples.embeddings[0, int(samples.coverages[0].argmax()), 5] = np.nan
    scores = attempt_scores(samples, templates, USUAL_REACH)
    assert (scores[0] == NEVER).all()
    assert np.isfinite(scores[1]).all()


@pytest.mark.parametrize("broken", [np.nan, np.inf, 3.0], ids=["nan", "infinite", "too-long"])
def test_what_is_broken_in_a_template_is_not_stored(broken: float) -> None:
    samples, templates = made(13, people=3)
    probes, expected = samples.embeddings[:, 0], template_distances(samples.embeddings[:, 0], templates)
    rest = template_distances(probes, templates[1:2, 1:])
    templates[1, 0, 5] = broken
    templates[2, :, 7] = broken
    with np.errstate(invalid="raise"):
        found = template_distances(probes, templates)
        scores = attempt_scores(samples, templates, USUAL_REACH)
    np.testing.assert_array_equal(found[:, 0], expected[:, 0])
    np.testing.assert_allclose(found[:, 1], rest[:, 0], atol=2e-6)
    assert (found[:, 2] == NEVER).all()
    assert np.isfinite(scores[:, :2]).any()
    assert (scores[:, 2] == NEVER).all()


def test_distances_are_the_boards() -> None:
    samples, templates = made(10)
    found = template_distances(samples.embeddings[:, 0], templates)
    for attempt, person in np.ndindex(found.shape):
        assert found[attempt, person] == pytest.approx(
            template_distance(samples.embeddings[attempt, 0], template_of(templates[person])), abs=2e-6
        )


def test_blocks_change_nothing() -> None:
    rng = np.random.default_rng(3)
    probes, templates = unit(rng.normal(size=(2100, 128))), unit(rng.normal(size=(300, 2, 128)))
    found = nearest_distances(probes, templates)
    np.testing.assert_allclose(
        found[2090:, 290:], nearest_distances(probes[2090:], templates[290:]), atol=2e-6
    )
