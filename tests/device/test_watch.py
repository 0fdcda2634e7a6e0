from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.acquisition import Failure, Sample
from facelatch.lockout import Lockout, LockoutRule
from facelatch.matching import Template
from facelatch.session import Outcome, SessionRule, Verdict
from facelatch.watch import Watch
from tests.factories import make_embedding, make_near, make_template
from tests.looks import FLAT, LIVE, NO_FACE, make_sample

SECOND = 1_000_000_000
GALLERY = (make_template(),)
THRESHOLD = 0.6
OWNER = make_sample(make_near(make_embedding(1), 0.25))
STRANGER = make_sample(make_embedding(2))
PHOTO = make_sample(make_near(make_embedding(1), 0.25), [LIVE, FLAT])
FRESH = Watch(SessionRule(frames=2, attempts=3), Lockout(LockoutRule(refusals=2)), cooldown_ns=2 * SECOND)


def after(watch: Watch, *found: Sample | Failure) -> tuple[Watch, Verdict | None]:
    verdict = None
    for one in found:
        watch, verdict = watch.after((watch.seen_ns or 0) + 1, one, lambda: GALLERY, THRESHOLD)
    return watch, verdict


def test_two_good_frames_are_a_grant_and_the_next_attempt_starts_afresh() -> None:
    watch, verdict = after(FRESH, OWNER, OWNER)
    assert verdict is not None
    assert (verdict.outcome, verdict.user) == (Outcome.GRANTED, "ada")
    assert watch.session is None


def answered(watch: Watch, outcome: Outcome, now_ns: int) -> Watch:
    return watch.counted(outcome, now_ns).rested(now_ns)


def test_an_empty_room_is_no_attempt() -> None:
    watch, verdict = after(FRESH, *[NO_FACE] * 50)
    assert (watch.session, verdict) == (None, None)
    _, verdict = after(watch, OWNER, NO_FACE, NO_FACE)
    assert verdict is not None
    assert (verdict.outcome, verdict.looks) == (Outcome.RETRY, 3)


def test_the_gallery_is_asked_for_a_verdict_only() -> None:
    asked = []

    def gallery() -> tuple[Template, ...]:
        asked.append(watch.seen_ns)
        return GALLERY

    watch, verdicts = FRESH, []
    looks: list[Sample | Failure] = [NO_FACE, NO_FACE, OWNER, OWNER, NO_FACE]
    for place, found in enumerate(looks):
        watch, verdict = watch.after(place, found, gallery, THRESHOLD)
        verdicts.append(verdict is not None)
    assert verdicts == [False, False, False, True, False]
    assert asked == [2]


def test_a_lost_camera_ends_the_attempt() -> None:
    """The second sample after the loss could be anybody's."""
    watch, _ = after(FRESH, OWNER)
    watch, verdict = after(watch.interrupted(), OWNER)
    assert verdict is None
    assert watch.session is not None
    assert watch.session.looks == 1


@pytest.mark.parametrize(
    ("watch", "frame_ns", "now_ns", "wanted"),
    [
        pytest.param(FRESH, 0, 0, True, id="first"),
        pytest.param(replace(FRESH, seen_ns=7), 8, 0, True, id="newer"),
        pytest.param(replace(FRESH, seen_ns=7), 7, 0, False, id="the-same-again"),
        pytest.param(replace(FRESH, seen_ns=7), 6, 0, False, id="older"),
        pytest.param(replace(FRESH, seen_ns=7).interrupted(), 1, 0, True, id="another-camera's-time"),
        pytest.param(answered(FRESH, Outcome.GRANTED, 10), 0, 2 * SECOND, False, id="resting"),
        pytest.param(answered(FRESH, Outcome.GRANTED, 10), 0, 2 * SECOND + 10, True, id="rested"),
    ],
)
def test_which_frames_are_wanted(watch: Watch, frame_ns: int, now_ns: int, wanted: bool) -> None:
    assert watch.wants(frame_ns, now_ns) is wanted


def test_guessing_is_locked_out() -> None:
    watch = answered(answered(FRESH, Outcome.NO_MATCH, 0), Outcome.NOT_LIVE, 5 * SECOND)
    assert not watch.wants(1, 34 * SECOND)
    assert watch.wants(1, 35 * SECOND)


@given(
    st.lists(
        st.tuples(st.sampled_from([OWNER, STRANGER, PHOTO, NO_FACE]), st.integers(0, 20 * SECOND)),
        max_size=80,
    )
)
def test_a_grant_needs_two_samples_of_the_owner_in_a_row_outside_a_lockout(
    steps: list[tuple[Sample | Failure, int]],
) -> None:
    watch, now_ns = FRESH, 0
    looked: list[Sample | Failure] = []
    for place, (found, passed_ns) in enumerate(steps):
        now_ns += passed_ns
        if not watch.wants(place + 1, now_ns):
            continue
        assert not watch.lockout.is_locked(now_ns)
        looked.append(found)
        watch, verdict = watch.after(place + 1, found, lambda: GALLERY, THRESHOLD)
        if verdict is not None:
            if verdict.outcome is Outcome.GRANTED:
                assert [one for one in looked if isinstance(one, Sample)][-2:] == [OWNER, OWNER]
            watch = answered(watch, verdict.outcome, now_ns)
            looked.clear()
