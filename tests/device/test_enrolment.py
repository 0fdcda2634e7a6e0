import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.enrolment import CENTRE, ROUND, SECTORS, WANTED, Coverage, Enrolment, Step, to_sector
from facelatch.liveness import PadCheck
from facelatch.matching import Embedding
from tests.factories import ENCODER_SHA256, MOMENT, make_embedding, make_near

LIVE = PadCheck(name="plane", passed=True, value=9.0, limit=3.0)
FLAT = PadCheck(name="plane", passed=False, value=1.0, limit=3.0)
POSES = {
    "centre": (1.0, -2.0),
    "right": (15.0, 0.0),
    "right-up": (14.0, 8.0),
    "up-right": (8.0, 14.0),
    "up": (0.0, 12.0),
    "up-left": (-8.0, 14.0),
    "left-up": (-14.0, 8.0),
    "left": (-15.0, 1.0),
    "left-down": (-14.0, -8.0),
    "down-left": (-8.0, -14.0),
    "down": (1.0, -12.0),
    "down-right": (8.0, -14.0),
    "right-down": (14.0, -8.0),
}
angles = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-50, 50)


@pytest.mark.parametrize(("sector", "pose"), POSES.items(), ids=POSES)
def test_sectors(sector: str, pose: tuple[float, float]) -> None:
    assert to_sector(*pose) == sector


@pytest.mark.parametrize(
    "pose", [(8.0, 0.0), (0.0, 45.0), (90.0, 0.0), (math.nan, 0.0), (0.0, math.nan), (math.inf, math.nan)]
)
def test_no_sector(pose: tuple[float, float]) -> None:
    assert to_sector(*pose) is None


@given(angles, angles)
def test_mirrored_poses_are_in_mirrored_sectors(yaw_deg: float, pitch_deg: float) -> None:
    sector = to_sector(yaw_deg, pitch_deg)
    assert sector is None or sector in SECTORS
    mirrored = to_sector(-yaw_deg, pitch_deg)
    assert (sector is None) == (mirrored is None)
    if sector in {"up", "down", CENTRE}:
        assert mirrored == sector


@given(st.floats(-720, 720), st.floats(9.5, 39.5))
def test_every_direction_is_as_wide_as_the_others(around_deg: float, away_deg: float) -> None:
    around = math.radians(around_deg)
    sector = to_sector(away_deg * math.cos(around), away_deg * math.sin(around))
    assert sector is not None
    aside_deg = (around_deg - 30 * ROUND.index(sector) + 180) % 360 - 180
    assert abs(aside_deg) <= 15 + 1e-6


@given(st.lists(st.tuples(angles, angles), max_size=30))
def test_coverage_only_grows_and_is_complete_with_twelve(poses: list[tuple[float, float]]) -> None:
    coverage = Coverage()
    for pose in poses:
        following = coverage.after(*pose)
        assert following.covered >= coverage.covered
        assert set(following.missing) | following.covered == set(SECTORS)
        assert following.complete == (CENTRE in following.covered and len(following.covered) >= 12)
        assert bool(following.hint) != following.complete
        coverage = following


def test_twelve_directions_without_the_centre_are_not_complete() -> None:
    coverage = Coverage(frozenset(SECTORS) - {CENTRE})
    assert not coverage.complete
    assert coverage.hint == "look straight into the camera"


def test_hints_are_the_users_own_left_and_right() -> None:
    assert Coverage(frozenset({CENTRE})).hint == "turn your head to the left"
    turned = Coverage(frozenset({CENTRE})).after(20, 0)
    assert "right" in turned.covered
    assert Coverage(frozenset(SECTORS) - {"left", "up"}).hint == "raise your chin"


def test_no_two_directions_have_the_same_hint() -> None:
    hints = {sector: Coverage(frozenset(SECTORS) - {sector, CENTRE}, (sector,)).hint for sector in ROUND}
    assert set(hints.values()) == {"look straight into the camera"}
    hints = {sector: Coverage(frozenset({CENTRE}), (sector,)).hint for sector in ROUND}
    assert len(set(hints.values())) == len(ROUND)
    for sector, hint in hints.items():
        assert ("chin" in hint) == ("up" in sector or "down" in sector)
        # The image's right is the user's left.
        assert ("to the left" in hint) == ("right" in sector)
        assert ("to the right" in hint) == ("left" in sector)


@pytest.mark.parametrize(
    ("seen", "following"),
    [
        pytest.param(["right", "right-up"], "up-right", id="one-way-round"),
        pytest.param(["right", "right-down"], "down-right", id="the-other-way-round"),
        pytest.param(["right", "right-up", "up"], "up-left", id="onwards-and-not-back-to-the-skipped"),
        pytest.param([*ROUND[:2], *ROUND[3:10], "down-right"], "right-down", id="round-once"),
        pytest.param(["right", "right-down", "down"], "down-left", id="onwards-the-other-way-round"),
        pytest.param(["left", "left-down", "right", "up-right"], "up", id="after-a-jump"),
        pytest.param(["left"], "left-down", id="from-where-it-began"),
    ],
)
def test_hints_go_round(seen: list[str], following: str) -> None:
    coverage = Coverage()
    for name in [CENTRE, *seen]:
        coverage = coverage.after(*POSES[name])
    assert coverage.hint == Coverage(frozenset({CENTRE}), (following,)).hint
    assert following in coverage.missing


TOLD = {Coverage(frozenset({CENTRE}), (sector,)).hint: sector for sector in ROUND}


@given(
    st.integers(0, len(ROUND) - 1),
    st.sampled_from([1, -1]),
    st.lists(st.integers(1, 2), min_size=2, max_size=5),
)
def test_hints_keep_the_direction_of_travel(start: int, direction: int, steps: list[int]) -> None:
    """Whoever passes over a sector here and there is not sent back while there is one ahead."""
    coverage, place = Coverage().after(0, 0).after(*POSES[ROUND[start]]), start
    for step in steps:
        place = (place + direction * step) % len(ROUND)
        coverage = coverage.after(*POSES[ROUND[place]])
    assert TOLD[coverage.hint] == ROUND[(place + direction) % len(ROUND)]


def test_looking_straight_ahead_in_between_changes_no_hint() -> None:
    without = Coverage(frozenset({CENTRE}))
    between = Coverage()
    for name in ("left", "left-up", "up"):
        without, between = without.after(*POSES[name]), between.after(*POSES[name])
    assert between.hint == "look straight into the camera"
    assert between.after(0, 0).hint == without.hint == Coverage(frozenset({CENTRE}), ("up-right",)).hint


@pytest.mark.parametrize(
    ("covered", "pose", "words"),
    [
        pytest.param({CENTRE}, (8.0, 0.0), "a little farther", id="between"),
        pytest.param(set(), (0.0, -8.0), "a little straighter", id="between-and-the-centre-is-missing"),
        pytest.param({CENTRE}, (0.0, 45.0), "not so far", id="beyond"),
        pytest.param(set(), (-45.0, 0.0), "not so far", id="beyond-and-the-centre-is-missing"),
        pytest.param({CENTRE}, (math.nan, 8.0), "", id="not-known"),
    ],
)
def test_corrections(covered: set[str], pose: tuple[float, float], words: str) -> None:
    assert Coverage(frozenset(covered)).correction(*pose) == words


@given(angles, angles)
def test_only_a_pose_in_none_of_the_sectors_is_corrected(yaw_deg: float, pitch_deg: float) -> None:
    is_known = not math.isnan(yaw_deg) and not math.isnan(pitch_deg)
    is_corrected = bool(Coverage().correction(yaw_deg, pitch_deg))
    if is_known:
        assert is_corrected == (to_sector(yaw_deg, pitch_deg) is None)


@given(st.permutations(ROUND))
def test_whoever_follows_the_hints_turns_the_head_in_one_circle(order: list[str]) -> None:
    coverage = Coverage().after(0, 0).after(*POSES[order[0]])
    places = [ROUND.index(order[0])]
    while not coverage.complete:
        places.append(ROUND.index(TOLD[coverage.hint]))
        coverage = coverage.after(*POSES[ROUND[places[-1]]])
    steps = [(later - sooner) % len(ROUND) for sooner, later in itertools.pairwise(places)]
    assert steps == [1] * (WANTED - 2)


def enrol(names: list[str], seed: int = 1) -> Enrolment:
    enrolment = Enrolment(limit=0.6)
    for place, name in enumerate(names):
        sample = make_near(make_embedding(seed), 0.3, place)
        enrolment, step = enrolment.after(sample, [LIVE], POSES[name], MOMENT)
        assert step is Step.TAKEN
    return enrolment


def test_twelve_poses_make_a_template() -> None:
    enrolment = enrol(list(SECTORS[:12]))
    template = enrolment.to_template("ada", ENCODER_SHA256)
    assert template.embeddings.shape == (12, 128)
    assert np.array_equal(template.embeddings[3], make_near(make_embedding(1), 0.3, 3))
    assert template.poses == tuple(POSES[name] for name in SECTORS[:12])
    assert template.made_at == (MOMENT,) * 12


def test_eleven_poses_do_not() -> None:
    with pytest.raises(
        ValueError, match="not complete: lower your chin and turn your head a little to the left"
    ):
        enrol(list(SECTORS[:11])).to_template("ada", ENCODER_SHA256)


NAN = make_embedding(1, broken=math.nan)


@pytest.mark.parametrize(
    ("embedding", "checks", "pose", "step"),
    [
        pytest.param(make_embedding(1), [FLAT, LIVE], POSES["up"], Step.NOT_LIVE, id="photo"),
        pytest.param(make_embedding(1), [], POSES["up"], Step.NOT_LIVE, id="no-check"),
        pytest.param(make_embedding(2), [LIVE], POSES["up"], Step.SOMEBODY_ELSE, id="bystander"),
        pytest.param(NAN, [LIVE], POSES["up"], Step.SOMEBODY_ELSE, id="broken"),
        pytest.param(make_embedding(1), [LIVE], None, Step.NO_POSE, id="no-pose"),
        pytest.param(make_embedding(1), [LIVE], (math.nan, 0.0), Step.NO_POSE, id="nan-pose"),
        pytest.param(make_embedding(1), [LIVE], POSES["centre"], Step.COVERED, id="covered"),
        pytest.param(make_embedding(1), [LIVE], (8.0, 0.0), Step.COVERED, id="between-sectors"),
    ],
)
def test_what_is_not_taken_changes_nothing(
    embedding: Embedding, checks: list[PadCheck], pose: tuple[float, float] | None, step: Step
) -> None:
    enrolment = enrol(["centre"])
    following, found = enrolment.after(embedding, checks, pose, MOMENT)
    assert found is step
    assert following is enrolment


def test_the_first_sample_must_be_an_embedding() -> None:
    _, step = Enrolment(limit=2.0).after(NAN, [LIVE], POSES["centre"], MOMENT)
    assert step is Step.SOMEBODY_ELSE


def test_a_broken_limit_takes_nobody_else() -> None:
    enrolment, _ = Enrolment(limit=math.nan).after(make_embedding(1), [LIVE], POSES["centre"], MOMENT)
    _, step = enrolment.after(make_embedding(1), [LIVE], POSES["up"], MOMENT)
    assert step is Step.SOMEBODY_ELSE
