import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.coherence import SCATTER, coherence_limit
from facelatch.liveness import PadCheck
from facelatch.matching import Embedding, Template, distance, fuse, template_distance
from facelatch.session import USUAL_REACH, Outcome, Session, SessionRule, Verdict, decide, sample_limit
from tests.factories import make_embedding, make_near, make_template

LIVE = PadCheck(name="plane", passed=True, value=9.0, limit=3.0)
FLAT = PadCheck(name="plane", passed=False, value=1.0, limit=3.0)
BLIND = PadCheck(name="depth-coverage", passed=False, value=math.nan, limit=0.5)

THRESHOLD = 0.6
OWNER = make_template(seed=1)
RULE = SessionRule(frames=3, attempts=6)

numbers = st.floats(allow_nan=True, allow_infinity=True)
checks = st.lists(st.sampled_from([LIVE, FLAT, BLIND]), max_size=4)


def owner(seed: int) -> Embedding:
    return make_near(make_embedding(1), 0.25, seed + 100)


def run(*steps: tuple[Embedding, list[PadCheck]] | str, rule: SessionRule = RULE) -> Session:
    session = Session(rule)
    for step in steps:
        session = (
            session.after_failure(step)
            if isinstance(step, str)
            else session.after_sample(*step, coverage=1.0)
        )
    return session


def decided(session: Session, gallery: list[Template] | None = None) -> Verdict:
    verdict = session.verdict([OWNER] if gallery is None else gallery, THRESHOLD)
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    ("found", "ran", "outcome"),
    [
        pytest.param(0.2, [LIVE], Outcome.GRANTED, id="near-and-live"),
        pytest.param(THRESHOLD, [LIVE], Outcome.GRANTED, id="at-the-threshold"),
        pytest.param(0.7, [LIVE], Outcome.NO_MATCH, id="too-far"),
        pytest.param(0.2, [LIVE, FLAT], Outcome.NOT_LIVE, id="one-check-fails"),
        pytest.param(0.2, [LIVE, BLIND], Outcome.NOT_LIVE, id="one-check-could-not-run"),
        pytest.param(0.2, [], Outcome.NOT_LIVE, id="no-check-ran"),
        pytest.param(math.nan, [LIVE], Outcome.NO_MATCH, id="nan-distance"),
        pytest.param(-math.inf, [LIVE], Outcome.NO_MATCH, id="impossible-distance"),
        pytest.param(None, [LIVE], Outcome.RETRY, id="no-sample"),
        pytest.param(None, [FLAT], Outcome.RETRY, id="no-sample-no-guess"),
    ],
)
def test_decide(found: float | None, ran: list[PadCheck], outcome: Outcome) -> None:
    assert decide(found, THRESHOLD, ran) is outcome


@given(st.none() | numbers, numbers, checks)
def test_a_grant_needs_a_true_distance_and_every_check(
    found: float | None, threshold: float, ran: list[PadCheck]
) -> None:
    if decide(found, threshold, ran) is Outcome.GRANTED:
        assert found is not None
        assert 0 <= found <= threshold
        assert ran
        assert all(check.passed for check in ran)


@given(numbers, checks)
def test_nan_is_never_granted(number: float, ran: list[PadCheck]) -> None:
    assert decide(math.nan, number, ran) is not Outcome.GRANTED
    assert decide(number, math.nan, ran) is not Outcome.GRANTED


def test_the_owner_is_granted() -> None:
    verdict = decided(run(*((owner(seed), [LIVE, LIVE]) for seed in range(3))))
    assert (verdict.outcome, verdict.user, verdict.reason) == (Outcome.GRANTED, "ada", None)
    assert verdict.distance == pytest.approx(
        template_distance(fuse([owner(seed) for seed in range(3)]), OWNER), abs=1e-6
    )
    assert (verdict.samples, verdict.looks, verdict.threshold) == (3, 3, THRESHOLD)


def test_frames_without_a_face_do_not_count_as_samples() -> None:
    session = run("no-face", (owner(1), [LIVE]), "too-far", (owner(2), [LIVE]), (owner(3), [LIVE]))
    assert decided(session).outcome is Outcome.GRANTED
    assert decided(session).looks == 5


def test_a_stranger_is_refused_with_the_nearest_distance() -> None:
    verdict = decided(run(*((make_near(make_embedding(2), 0.1, seed), [LIVE]) for seed in range(3))))
    assert (verdict.outcome, verdict.reason) == (Outcome.NO_MATCH, "beyond-threshold")
    assert verdict.distance is not None
    assert verdict.distance > THRESHOLD


def test_nobody_enrolled_is_a_refusal_not_a_retry() -> None:
    verdict = decided(run(*((owner(seed), [LIVE]) for seed in range(3))), gallery=[])
    assert verdict == Verdict(Outcome.NO_MATCH, None, None, THRESHOLD, "nobody-enrolled", 3, 3, 3)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param([LIVE, FLAT], "plane", id="photo"),
        pytest.param([BLIND, LIVE], "depth-coverage", id="could-not-run"),
        pytest.param([], "no-check", id="no-check"),
    ],
)
def test_one_frame_that_is_not_live_ends_the_session(place: int, bad: list[PadCheck], reason: str) -> None:
    steps = [(owner(seed), bad if seed == place else [LIVE]) for seed in range(3)]
    verdict = decided(run(*steps))
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_LIVE, reason)
    assert (verdict.user, verdict.distance) == (None, None)


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_one_broken_sample_refuses(frames: int, value: float) -> None:
    broken = make_embedding(1, broken=value)
    steps = [(owner(seed), [LIVE]) for seed in range(frames - 1)] + [(broken, [LIVE])]
    assert decided(run(*steps, rule=SessionRule(frames, 6))).outcome is Outcome.NO_MATCH


def test_two_faces_in_turn_are_refused_though_their_mean_would_match() -> None:
    # Two people on either side of the owner: neither matches, the mean of both does.
    one = make_near(make_embedding(1), 0.9, 7)
    other = fuse([make_near(make_embedding(1), 0.1, 8), -one])
    other = fuse([other, make_embedding(1)])
    assert distance(one, other) > THRESHOLD
    assert template_distance(one, OWNER) > THRESHOLD
    assert template_distance(fuse([one, other]), OWNER) <= THRESHOLD
    verdict = decided(run((one, [LIVE]), (other, [LIVE]), rule=SessionRule(2, 6)))
    assert (verdict.outcome, verdict.reason) == (Outcome.NO_MATCH, "samples-disagree")


def test_a_strangers_frame_among_the_owners_is_refused() -> None:
    verdict = decided(run((owner(1), [LIVE]), (owner(2), [LIVE]), (make_embedding(2), [LIVE])))
    assert (verdict.outcome, verdict.reason) == (Outcome.NO_MATCH, "samples-disagree")


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        pytest.param(THRESHOLD * 1.1, Outcome.GRANTED, id="noisy-frame"),
        pytest.param(THRESHOLD * 1.5, Outcome.NO_MATCH, id="somebody-else"),
    ],
)
def test_a_single_frame_may_be_noisy_and_not_more(last: float, outcome: Outcome) -> None:
    alone = _alone(OWNER.embeddings[0])
    steps = [make_embedding(1), make_embedding(1), make_near(make_embedding(1), last)]
    verdict = decided(run(*((embedding, [LIVE]) for embedding in steps)), gallery=[alone])
    assert verdict.outcome is outcome


def _alone(stored: Embedding) -> Template:
    return Template(OWNER.user, OWNER.encoder_sha256, stored[None], OWNER.made_at[:1], OWNER.poses[:1])


@pytest.mark.parametrize(
    ("apart", "outcome"),
    [pytest.param(0.75, Outcome.GRANTED, id="one-face"), pytest.param(0.83, Outcome.NO_MATCH, id="two")],
)
def test_two_frames_may_be_as_far_apart_as_those_of_one_face(apart: float, outcome: Outcome) -> None:
    owner_alone = _alone(make_embedding(1))
    one = make_near(make_embedding(1), apart / 2, 7)
    other = 2 * float(one @ make_embedding(1)) * make_embedding(1) - one
    assert distance(one, other) == pytest.approx(apart, abs=0.03)
    steps = ((one, [LIVE]), (other, [LIVE]))
    assert decided(run(*steps, rule=SessionRule(2, 6)), gallery=[owner_alone]).outcome is outcome


def test_samples_that_are_near_the_owner_but_not_each_other_are_refused() -> None:
    owner_alone = _alone(make_embedding(1))
    one = make_near(make_embedding(1), 0.7, 7)
    towards = float(one @ make_embedding(1))
    other = 2 * towards * make_embedding(1) - one
    for sample in (one, other):
        assert THRESHOLD < template_distance(sample, owner_alone) < sample_limit(THRESHOLD, USUAL_REACH)
    assert template_distance(fuse([one, other]), owner_alone) < 0.01
    verdict = decided(run((one, [LIVE]), (other, [LIVE]), rule=SessionRule(2, 6)), gallery=[owner_alone])
    assert (verdict.outcome, verdict.reason) == (Outcome.NO_MATCH, "samples-disagree")


@pytest.mark.parametrize(
    ("threshold", "outcome"),
    [pytest.param(0.3, Outcome.GRANTED, id="within"), pytest.param(0.22, Outcome.NO_MATCH, id="beyond")],
)
def test_each_sample_is_as_near_as_one_of_a_face_within_the_threshold_is(
    threshold: float, outcome: Outcome
) -> None:
    stored = make_embedding(1)
    last = make_near(stored, 0.62)
    assert sample_limit(0.22, USUAL_REACH) < 0.62 < sample_limit(0.3, USUAL_REACH)
    assert distance(last, fuse([stored, stored, last])) < coherence_limit(3, USUAL_REACH)
    assert distance(stored, fuse([stored, stored, last])) < 0.22
    session = run(*((sample, [LIVE]) for sample in (stored, stored, last)))
    verdict = session.verdict([_alone(stored)], threshold)
    assert verdict is not None
    assert verdict.outcome is outcome


def test_a_stricter_threshold_makes_no_frame_less_noisy() -> None:
    assert sample_limit(0.0, 0.7) == pytest.approx(SCATTER * 0.7)
    assert sample_limit(0.3, 0.7) ** 2 == pytest.approx(0.3**2 + (SCATTER * 0.7) ** 2)
    assert 0.4 < sample_limit(0.4, 0.7) < sample_limit(0.5, 0.7) < sample_limit(0.5, 0.8)


def test_a_badly_covered_sample_neither_spoils_an_attempt_nor_has_to_resemble_anybody() -> None:
    far = make_near(make_embedding(1), 1.2)
    session = Session(SessionRule(5, 6))
    for place in range(5):
        one, seen = (far, 0.3) if place == 2 else (owner(place), 0.8)
        session = session.after_sample(one, [LIVE], seen)
    assert len(session.counted) == 4
    verdict = decided(session)
    assert verdict.outcome is Outcome.GRANTED
    assert verdict.distance == pytest.approx(template_distance(fuse(session.counted), OWNER), abs=1e-6)
    assert verdict.samples == 5


def test_a_badly_covered_sample_must_still_be_live() -> None:
    session = Session(RULE).after_sample(owner(1), [LIVE], 0.9).after_sample(owner(2), [FLAT], 0.1)
    assert decided(session).outcome is Outcome.NOT_LIVE


def test_most_of_a_session_cannot_be_hidden() -> None:
    # The owner's face once, well seen, and a stranger's twice: the better half is one of each, and they disagree.
    session = Session(RULE).after_sample(owner(1), [LIVE], 1.0)
    for _ in range(2):
        session = session.after_sample(make_embedding(2), [LIVE], 0.1)
    verdict = decided(session)
    assert session.counted == ()
    assert verdict.outcome is Outcome.NO_MATCH


def test_a_sample_astray_neither_spoils_an_attempt_nor_has_to_resemble_anybody() -> None:
    astray = make_near(make_embedding(1), 0.78, 7)
    assert template_distance(astray, _alone(make_embedding(1))) > sample_limit(0.5, USUAL_REACH)
    session = run((make_embedding(1), [LIVE]), (astray, [LIVE]), (make_embedding(1), [LIVE]))
    assert len(session.counted) == 2
    verdict = session.verdict([_alone(make_embedding(1))], 0.5)
    assert verdict is not None
    assert verdict.outcome is Outcome.GRANTED
    assert verdict.distance == pytest.approx(0, abs=1e-3)
    assert (verdict.samples, verdict.fused) == (3, 2)


def test_a_sample_astray_must_still_be_live() -> None:
    astray = make_near(make_embedding(1), 0.78, 7)
    session = run((make_embedding(1), [LIVE]), (make_embedding(1), [LIVE]), (astray, [FLAT]))
    assert decided(session).outcome is Outcome.NOT_LIVE


def test_badly_seen_and_astray_samples_together_are_less_than_half() -> None:
    # Two are badly covered and one is astray: setting all of them aside would leave two of five.
    session = Session(SessionRule(5, 6))
    for place, seen in enumerate((1.0, 1.0, 0.2, 0.2, 1.0)):
        one = make_near(make_embedding(1), 0.7, 7) if place == 4 else make_embedding(1)
        session = session.after_sample(one, [LIVE], seen)
    assert session.counted == ()
    assert decided(session).reason == "samples-disagree"


@pytest.mark.parametrize("coverage", [0.84, 1.0])
@pytest.mark.parametrize(
    "away", [pytest.param((0.795,), id="one-of-two"), pytest.param((0.75, 0.75), id="two-of-four")]
)
def test_half_of_a_session_is_not_enough(away: tuple[float, ...], coverage: float) -> None:
    """Neither where the other half is astray nor where it shows less of the face as well."""
    session = Session(SessionRule(2 * len(away), 2 * len(away)))
    for _ in away:
        session = session.after_sample(make_embedding(1), [LIVE], 1.0)
    for seed, apart in enumerate(away, start=7):
        session = session.after_sample(make_near(make_embedding(1), apart, seed), [LIVE], coverage)
    assert session.counted == ()
    assert decided(session, gallery=[_alone(make_embedding(1))]).outcome is Outcome.NO_MATCH


@pytest.mark.parametrize("coverage", [0.1, 0.84, 1.0])
def test_a_broken_sample_refuses_however_little_it_shows(coverage: float) -> None:
    session = run((owner(1), [LIVE]), (owner(2), [LIVE])).after_sample(
        make_embedding(1, broken=math.nan), [LIVE], coverage
    )
    verdict = decided(session)
    assert (verdict.outcome, verdict.reason, verdict.distance) == (Outcome.NO_MATCH, "samples-disagree", None)


def test_too_few_samples_is_a_retry_for_the_commonest_reason_and_tells_no_distance() -> None:
    session = run("no-face", "too-far", (owner(1), [LIVE]), "too-far", "no-face", "too-far")
    assert decided(session) == Verdict(Outcome.RETRY, None, None, THRESHOLD, "too-far", 1, 6)


def test_there_is_no_verdict_while_frames_are_wanted() -> None:
    session = run("no-face", (owner(1), [LIVE]), (owner(2), [LIVE]))
    assert not session.complete
    assert session.verdict([OWNER], THRESHOLD) is None


def test_a_decided_session_stays_decided() -> None:
    session = run((owner(1), [FLAT]))
    assert session.after_sample(owner(2), [LIVE], 1.0) is session
    assert session.after_failure("no-face") is session


@pytest.mark.parametrize("reach", [0, -1, 2.1, math.inf, math.nan])
def test_a_reach_that_is_no_distance_is_refused(reach: float) -> None:
    with pytest.raises(ValueError, match="reach must be a distance"):
        SessionRule(3, 30, reach)


@pytest.mark.parametrize(("reach", "outcome"), [(0.5, Outcome.NO_MATCH), (0.8, Outcome.GRANTED)])
def test_how_far_frames_may_scatter_comes_with_the_rule(reach: float, outcome: Outcome) -> None:
    steps = [(make_near(make_embedding(1), 0.45, seed), [LIVE]) for seed in range(3)]
    assert decided(run(*steps, rule=SessionRule(3, 6, reach))).outcome is outcome


@pytest.mark.parametrize(("frames", "attempts"), [(0, 5), (6, 5), (-1, 0)])
def test_a_rule_that_never_decides_is_refused(frames: int, attempts: int) -> None:
    with pytest.raises(ValueError, match="frames must be 1 to attempts"):
        SessionRule(frames, attempts)


step = st.one_of(
    st.sampled_from(["no-face", "too-far"]),
    st.tuples(
        st.sampled_from(
            [owner(1), owner(2), make_embedding(2), make_embedding(1, broken=math.nan), -make_embedding(1)]
        ),
        checks,
    ),
)


@given(st.lists(step, max_size=8), st.integers(1, 3))
def test_only_live_agreeing_samples_of_the_owner_are_granted(
    steps: list[tuple[Embedding, list[PadCheck]] | str], frames: int
) -> None:
    session = run(*steps, rule=SessionRule(frames, 6))
    verdict = session.verdict([OWNER], THRESHOLD)
    assert (verdict is None) == (not session.complete)
    if verdict is None or verdict.outcome is not Outcome.GRANTED:
        return
    samples = [step for step in steps if not isinstance(step, str)][:frames]
    assert len(samples) == frames
    for embedding, ran in samples:
        assert ran
        assert all(check.passed for check in ran)
        assert template_distance(embedding, OWNER) <= THRESHOLD
