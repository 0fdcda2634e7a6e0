"""Whole attempts in numbers: refused, not acquired, not live, and let in by mistake."""

import numpy as np
import pytest

from facelatch.acquisition import Failure, Sample
from facelatch.enrolling import Ending
from facelatch.locate import Missing
from facelatch.matching import Template
from facelatch.session import Outcome, SessionRule
from facelatch_converter.protocols.attempt_trials import LOOKS, Enrolled, Found
from facelatch_converter.protocols.filmed_rates import (
    count_attempts,
    count_enrolments,
    count_impostors,
    usable_samples,
    verify,
)
from tests.converter.scripted import FLAT, embedding_of, sample
from tests.factories import ENCODER_SHA256, MOMENT

NOBODY = Failure(Missing.NO_FACE)
THRESHOLD = 0.6
RULE = SessionRule(5, LOOKS)


def template(person: int) -> Template:
    embeddings = np.stack([embedding_of(person, 90 + place) for place in range(4)])
    return Template(f"p{person}", ENCODER_SHA256, embeddings, (MOMENT,) * 4, ((0.0, 0.0),) * 4)


def enrolled(person: int) -> Enrolled:
    return Enrolled(Ending.COMPLETE, 9, template(person))


def seen(person: int, frame: int = 0) -> Sample:
    return sample(embedding_of(person, frame))


def attempt(person: int, frames: int = 5) -> tuple[Found, ...]:
    return tuple(seen(person, frame) for frame in range(frames))


PHOTO: tuple[Found, ...] = (seen(1), sample(embedding_of(1), FLAT))
UNSEEN: tuple[Found, ...] = (NOBODY,) * LOOKS
LATE: tuple[Found, ...] = (NOBODY, *attempt(1))


@pytest.mark.parametrize(
    ("found", "frames", "outcome"),
    [
        pytest.param(attempt(1), 5, Outcome.GRANTED, id="owner"),
        pytest.param(attempt(1), 1, Outcome.GRANTED, id="owner-one-frame"),
        pytest.param(attempt(2), 5, Outcome.NO_MATCH, id="stranger"),
        pytest.param(PHOTO, 5, Outcome.NOT_LIVE, id="photo-in-the-second-frame"),
        pytest.param(PHOTO, 1, Outcome.GRANTED, id="first-frame-alone"),
        pytest.param(UNSEEN, 5, Outcome.RETRY, id="nobody-seen"),
        pytest.param(LATE, 5, Outcome.GRANTED, id="seen-late"),
    ],
)
def test_an_attempt_is_the_boards_session(found: tuple[Found, ...], frames: int, outcome: Outcome) -> None:
    assert verify(found, template(1), SessionRule(frames, LOOKS), THRESHOLD).outcome is outcome


def test_a_film_that_ends_too_early_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="ended after 2 frames"):
        verify(attempt(1, frames=2), template(1), RULE, THRESHOLD)


def test_refusals_and_failures_to_acquire_are_counted_over_all_attempts() -> None:
    calls = [[attempt(0), UNSEEN], [PHOTO, attempt(1)], [attempt(7), attempt(2)]]
    found = count_attempts([enrolled(person) for person in range(3)], calls, RULE, THRESHOLD)
    assert found is not None
    assert (found["frr"]["errors"], found["frr"]["trials"]) == (3, 6)
    assert (found["fta"]["errors"], found["fta"]["trials"]) == (1, 6)
    assert found["outcomes"] == {"granted": 3, "no-match": 1, "not-live": 1, "retry": 1}
    assert found["reasons"] == {"beyond-threshold": 1, "no-face": 1, "plane": 1}


def test_who_could_not_enrol_makes_no_attempt() -> None:
    failed = Enrolled(Ending.FRAMES_ENDED, 27, None)
    calls = [[attempt(0)], [attempt(1)]]
    found = count_attempts([enrolled(0), failed], calls, RULE, THRESHOLD)
    assert found is not None
    assert found["frr"]["trials"] == 1
    assert count_attempts([failed, failed], calls, RULE, THRESHOLD) is None
    enrolments = count_enrolments([enrolled(0), failed])
    assert (enrolments["failures_to_enrol"]["errors"], enrolments["frames_median"]) == (1, 9)
    assert enrolments["endings"] == {"frames-ended": 1}
    assert count_enrolments([failed])["frames_median"] is None


def test_impostors_are_everybody_against_everybody_elses_template() -> None:
    templates = np.stack([template(person).embeddings for person in range(4)])
    calls = [[attempt(0), attempt(3)], [UNSEEN, attempt(1)]]
    found = count_impostors(calls, templates, RULE, THRESHOLD)["far"]
    # Two people's four attempts against three strangers each; person 0 once shows the face of person 3.
    assert (found["errors"], found["trials"]) == (1, 12)


def test_an_attempt_that_shows_nobody_is_refused_everywhere() -> None:
    templates = np.stack([template(person).embeddings for person in range(3)])
    found = count_impostors([[UNSEEN], [PHOTO]], templates, RULE, 2.0)["far"]
    assert (found["errors"], found["trials"]) == (0, 4)


def test_only_what_a_session_compares_is_compared() -> None:
    usable = usable_samples(LATE, RULE)
    assert usable is not None
    np.testing.assert_array_equal(usable.embeddings, [embedding_of(1, frame) for frame in range(5)])
    assert usable_samples(PHOTO, RULE) is None
    assert usable_samples(UNSEEN, RULE) is None
    first = usable_samples(PHOTO, SessionRule(1, LOOKS))
    assert first is not None
    assert first.coverages.shape == (1,)
