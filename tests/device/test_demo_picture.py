import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facelatch.attempts import Look
from facelatch.demonstration.canvas import Canvas
from facelatch.demonstration.demo import Planned, Played, Report, to_medians_ms
from facelatch.demonstration.picture import WIDTH, to_depth_colours, to_picture
from facelatch.demonstration.report import to_record, to_table
from facelatch.enrolment import SECTORS, WANTED
from facelatch.preprocess import CropSpec
from facelatch.session import Outcome, Verdict
from tests.factories import make_embedding
from tests.looks import NO_FACE, make_frames, make_sample

(FRAME,) = make_frames(1)
FACE, EMPTY = Look(FRAME, make_sample(make_embedding(1))), Look(FRAME, NO_FACE)


def make_played(outcome: Outcome, expected: Outcome, look: Look | None, found: float | None) -> Played:
    reason = None if outcome is Outcome.GRANTED else "no-face"
    verdict = Verdict(outcome, "owner", found, 0.6, reason, samples=3, looks=3)
    lock = ("released", "secured") if outcome is Outcome.GRANTED else ()
    planned = Planned(Path("c"), "an attempt with a long label, at night", (expected,))
    singles = () if look is None else (0.3, 0.9, math.nan, 2.0)
    return Played(planned, verdict, look, lock, singles)


def make_report(*played: Played) -> Report:
    stages = {"locate": 8.0, "preprocess": 4.0, "encode": 1.0, "liveness": 3.0, "together": 16.0}
    return Report({"centre": FACE, "up": FACE}, played, 0.6, stages, samples=9, is_rendered=True)


@pytest.mark.parametrize(
    ("outcome", "look", "found"),
    [
        pytest.param(Outcome.GRANTED, FACE, 0.0, id="granted-at-zero"),
        pytest.param(Outcome.NO_MATCH, FACE, 2.0, id="as-far-as-can-be"),
        pytest.param(Outcome.NOT_LIVE, FACE, None, id="not-compared"),
        pytest.param(Outcome.RETRY, EMPTY, None, id="no-face"),
        pytest.param(Outcome.LOCKED_OUT, None, None, id="not-looked-at"),
    ],
)
def test_every_ending_can_be_drawn(outcome: Outcome, look: Look | None, found: float | None) -> None:
    picture = to_picture(make_report(make_played(outcome, Outcome.GRANTED, look, found)), CropSpec())
    assert picture.dtype == np.uint8
    assert picture.shape[1:] == (WIDTH, 3)
    assert picture.std() > 5


@pytest.mark.parametrize("count", [WANTED, len(SECTORS)], ids=["enough", "all"])
def test_all_directions_of_an_enrolment_stand_on_their_card(count: int) -> None:
    """Whoever looks straight ahead last is enrolled from one direction more than is needed."""
    nobody, everyone = (
        to_picture(replace(make_report(), enrolled=dict.fromkeys(sectors, FACE)), CropSpec())
        for sectors in ((), SECTORS[-count:])
    )
    columns = np.flatnonzero((nobody != everyone)[:, 310:].any(axis=(0, 2))) + 310
    assert 1500 < columns.max() < WIDTH - 60


def test_outcomes_look_different() -> None:
    good = make_played(Outcome.GRANTED, Outcome.GRANTED, FACE, 0.3)
    bad = make_played(Outcome.NO_MATCH, Outcome.GRANTED, FACE, 0.3)
    pictures = [to_picture(make_report(one), CropSpec()) for one in (good, bad)]
    assert (pictures[0] != pictures[1]).any()


def test_an_empty_demonstration_proves_nothing_but_can_be_drawn() -> None:
    report = make_report()
    assert not report.is_as_expected
    assert to_picture(report, CropSpec()).shape[1] == WIDTH


@pytest.mark.parametrize(
    ("lock", "expected"),
    [(("released", "secured"), True), ((), False), (("released",), False)],
    ids=["pulse", "stays-shut", "stays-open"],
)
def test_a_grant_is_as_expected_only_if_the_lock_moved_and_was_secured(
    lock: tuple[str, ...], expected: bool
) -> None:
    played = make_played(Outcome.GRANTED, Outcome.GRANTED, FACE, 0.3)
    assert Played(played.planned, played.verdict, FACE, lock).is_as_expected is expected


def test_a_lock_that_moves_for_a_stranger_is_not_as_expected() -> None:
    played = make_played(Outcome.NO_MATCH, Outcome.NO_MATCH, FACE, 1.0)
    assert played.is_as_expected
    assert not Played(played.planned, played.verdict, FACE, ("released", "secured")).is_as_expected


def test_near_is_brighter_and_no_reading_is_black() -> None:
    colours = to_depth_colours(np.array([[400, 700, 2000, 0]], np.uint16)).astype(int)
    light = colours.sum(axis=2)[0]
    assert light[0] > light[1] > light[2] > light[3]
    assert (colours[0, 3] == 16).all()


def test_medians_are_in_milliseconds() -> None:
    timings = [dict.fromkeys(("locate", "preprocess", "encode", "liveness"), ns) for ns in (1e6, 2e6, 9e6)]
    found = to_medians_ms([{stage: int(ns) for stage, ns in one.items()} for one in timings])
    assert found == {"locate": 2, "preprocess": 2, "encode": 2, "liveness": 2, "together": 8}
    assert to_medians_ms([]) == {}


def test_the_table_and_the_record_agree() -> None:
    report = make_report(
        make_played(Outcome.GRANTED, Outcome.GRANTED, FACE, 0.3),
        make_played(Outcome.RETRY, Outcome.GRANTED, EMPTY, None),
    )
    table, record = to_table(report), to_record(report)
    assert "1 of 2 not as expected" in table
    assert "locate 8.0, preprocess 4.0, encode 1.0, liveness 3.0, together 16.0 ms" in table
    assert record["as_expected"] is False
    assert isinstance(record["attempts"], list)
    assert [one["as_expected"] for one in record["attempts"]] == [True, False]


def test_text_is_drawn_where_it_says() -> None:
    canvas = Canvas(200, 60, (255, 255, 255))
    width = canvas.text((190, 40), "right", 20, (0, 0, 0), align=1)
    columns = np.flatnonzero((canvas.to_image() < 128).any(axis=(0, 2)))
    assert 190 - width - 2 <= columns.min() < columns.max() <= 190
