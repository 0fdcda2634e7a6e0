"""Which comparisons are made of attempts and enrolments, and which of them are the worst."""

import numpy as np
import pytest

from facelatch.session import USUAL_REACH
from facelatch_converter.protocols.attempt_scores import Embeddings, Samples, attempt_scores
from facelatch_converter.protocols.crop_scores import SHOWN, score_crops
from facelatch_converter.protocols.crop_trials import POSES, REFERENCES
from facelatch_converter.protocols.people_comparisons import FARTHEST
from tests.converter.scripted import embedding_of

PEOPLE, CALLERS, ATTEMPTS = 6, 3, 2
FRAMES = (1, 5)


def cohort() -> Embeddings:
    rows = [
        [embedding_of(person, 100 + place) for place in range(POSES + REFERENCES)] for person in range(PEOPLE)
    ]
    return np.array(rows, np.float32)


def attempts(first_person: int = 0) -> Samples:
    rows = [
        [
            [embedding_of(first_person + person, 10 * attempt + frame) for frame in range(5)]
            for attempt in range(ATTEMPTS)
        ]
        for person in range(CALLERS)
    ]
    return Samples(np.array(rows, np.float32), np.full((CALLERS, ATTEMPTS, 5), 0.8))


def test_every_attempt_meets_its_own_person_and_everybody_else() -> None:
    found = score_crops(cohort(), attempts(), None, FRAMES, USUAL_REACH)
    assert (found.single.genuine.size, found.single.impostor.size) == (
        CALLERS * ATTEMPTS * REFERENCES,
        CALLERS * ATTEMPTS * (PEOPLE - 1) * REFERENCES,
    )
    for frames in FRAMES:
        whole = found.attempts[frames]
        assert (whole.genuine.size, whole.impostor.size) == (
            CALLERS * ATTEMPTS,
            CALLERS * ATTEMPTS * (PEOPLE - 1),
        )
        assert whole.genuine.max() < whole.impostor.min()
    assert found.single.genuine.max() < found.single.impostor.min()


def test_attempts_are_scored_against_the_template_alone() -> None:
    known, calls = cohort(), attempts()
    scores = attempt_scores(calls.in_a_row(), known[:, :POSES], USUAL_REACH)
    own = scores[np.arange(CALLERS * ATTEMPTS), np.repeat(np.arange(CALLERS), ATTEMPTS)]
    np.testing.assert_array_equal(
        score_crops(known, calls, None, (5,), USUAL_REACH).attempts[5].genuine, np.sort(own)
    )


def test_with_twins_they_alone_are_impostors_and_each_only_of_its_own() -> None:
    found = score_crops(cohort(), attempts(), attempts(first_person=50), FRAMES, USUAL_REACH)
    assert found.single.impostor.size == found.single.genuine.size == CALLERS * ATTEMPTS * REFERENCES
    assert found.attempts[5].impostor.size == CALLERS * ATTEMPTS
    same = score_crops(cohort(), attempts(), attempts(), FRAMES, USUAL_REACH)
    np.testing.assert_array_equal(same.single.impostor, same.single.genuine)


def test_the_worst_pairs_are_of_different_callers_and_name_what_was_compared() -> None:
    calls = attempts()
    # One attempt of person 1 is filmed of person 4, who is enrolled.
    calls.embeddings[1, 0] = attempts(first_person=4).embeddings[0, 0]
    found = score_crops(cohort(), calls, None, FRAMES, USUAL_REACH)
    worst, closest = found.worst_genuine[0], found.closest_impostors[0]
    assert (worst.caller, worst.attempt, worst.enrolled) == (1, 0, 1)
    assert (closest.caller, closest.attempt, closest.enrolled) == (1, 0, 4)
    assert worst.distance == pytest.approx(found.single.genuine[-1])
    assert closest.distance == pytest.approx(found.single.impostor[0])
    for pairs in (found.worst_genuine, found.closest_impostors):
        assert len({pair.caller for pair in pairs}) == len(pairs) == min(SHOWN, CALLERS)
    assert all(pair.enrolled == pair.caller for pair in found.worst_genuine)
    assert all(pair.enrolled != pair.caller for pair in found.closest_impostors)


def test_a_broken_embedding_counts_as_the_farthest_and_is_no_picture() -> None:
    calls = attempts()
    calls.embeddings[0, 0] = np.nan
    found = score_crops(cohort(), calls, None, FRAMES, USUAL_REACH)
    assert np.count_nonzero(found.single.genuine == FARTHEST) == REFERENCES
    assert np.count_nonzero(found.attempts[5].genuine == FARTHEST) == 1
    assert all(np.isfinite(pair.distance) for pair in found.worst_genuine)


def test_broken_references_and_templates_match_nobody_and_the_run_goes_on() -> None:
    known, calls = cohort(), attempts()
    known[0, POSES] = np.nan  # a reference
    known[1, 0] = np.nan  # one of a template
    known[2, :POSES] = np.nan  # a whole template
    found = score_crops(known, calls, None, FRAMES, USUAL_REACH)
    assert np.count_nonzero(found.single.genuine == FARTHEST) == ATTEMPTS
    assert np.count_nonzero(found.single.impostor == FARTHEST) == (CALLERS - 1) * ATTEMPTS
    for whole in found.attempts.values():
        assert np.count_nonzero(whole.genuine == FARTHEST) == ATTEMPTS
        assert np.count_nonzero(whole.impostor == FARTHEST) == (CALLERS - 1) * ATTEMPTS
    assert all(np.isfinite(pair.distance) for pair in found.worst_genuine)
