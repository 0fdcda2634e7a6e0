import json

import pytest

from facelatch.enrolment import SECTORS, Coverage
from facelatch.guidance import HINTS, LEGEND, to_bar, to_dial, to_hint, to_record, to_sentence
from facelatch.locate import Missing
from facelatch.session import Outcome, Verdict

GRANTED = Verdict(Outcome.GRANTED, "ada", 0.41234, 0.6, None, samples=3, looks=4)
NEAR_MISS = Verdict(Outcome.NO_MATCH, "ada", 0.71, 0.6, "beyond-threshold", samples=3, looks=3)
EMPTY = Verdict(Outcome.RETRY, None, None, 0.6, "no-face", samples=0, looks=30)


@pytest.mark.parametrize("reason", list(Missing))
def test_every_reason_has_a_hint(reason: Missing) -> None:
    assert " " in to_hint(reason)
    assert to_hint(str(reason)) == HINTS[reason]


def test_an_unknown_reason_stands_for_itself() -> None:
    assert to_hint("something-new") == "something-new"
    assert to_hint(None) == ""


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        pytest.param(GRANTED, "granted: ada; distance 0.412, at most 0.600", id="granted"),
        pytest.param(
            NEAR_MISS,
            "no-match: the face is not the enrolled one; distance 0.710, at most 0.600",
            id="a-near-miss-names-nobody",
        ),
        pytest.param(EMPTY, "retry: no face is seen; look into the camera", id="empty"),
    ],
)
def test_sentences(verdict: Verdict, sentence: str) -> None:
    assert to_sentence(verdict) == sentence


def test_a_record_is_json_and_names_only_who_was_granted() -> None:
    assert json.loads(json.dumps(to_record(GRANTED), allow_nan=False))["user"] == "ada"
    assert to_record(NEAR_MISS)["user"] is None
    assert to_record(EMPTY)["distance"] is None


@pytest.mark.parametrize(
    ("covered", "bar"),
    [
        pytest.param(SECTORS[:0], "[............] 0 of 12", id="none"),
        pytest.param(SECTORS[:5], "[#####.......] 5 of 12", id="some"),
        pytest.param(SECTORS[:12], "[############] 12 of 12", id="enough"),
        pytest.param(SECTORS, "[############] 12 of 12", id="all"),
        pytest.param(SECTORS[1:], "[###########.] 11 of 12", id="all-but-the-centre"),
    ],
)
def test_the_bar_is_full_when_the_enrolment_is_complete(covered: tuple[str, ...], bar: str) -> None:
    coverage = Coverage(frozenset(covered))
    assert to_bar(coverage) == bar
    assert coverage.complete == (bar.count("#") == 12)


def test_the_dial_is_a_mirror() -> None:
    """Turning one's head to one's left is `right` in the image, and shown on the left."""
    assert to_dial(Coverage(frozenset({"right", "right-down"}))) == [
        "  . . .  ",
        ".       .",
        "#   .   .",
        "#       .",
        "  . . .  ",
    ]
    assert to_dial(Coverage(frozenset({"up-left", "left-up", "centre"}))) == [
        "  . . #  ",
        ".       #",
        ".   #   .",
        ".       .",
        "  . . .  ",
    ]
    for count in range(len(SECTORS) + 1):
        rows = to_dial(Coverage(frozenset(SECTORS[:count])))
        assert (sum(row.count("#") for row in rows), sum(row.count(".") for row in rows)) == (
            count,
            len(SECTORS) - count,
        )


def test_the_dial_shows_where_the_head_is() -> None:
    coverage = Coverage(frozenset({"centre", "right", "up"}))
    assert to_dial(coverage, "right") == [
        "  . # .  ",
        ".       .",
        "@   #   .",
        ".       .",
        "  . . .  ",
    ]
    assert to_dial(coverage, "left-down") == [
        "  . # .  ",
        ".       .",
        "#   #   .",
        ".       o",
        "  . . .  ",
    ]
    assert to_dial(coverage, None) == to_dial(coverage)
    assert all(f" {mark} " in f" {LEGEND} " for mark in "#.o@")
