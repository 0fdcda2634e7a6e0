import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.errors import EventError
from facelatch.events import Event, Notice, from_verdict, parse, to_line
from facelatch.session import Outcome, Verdict
from facelatch.timestamps import to_utc_text
from tests.factories import MOMENT

printable = st.text(max_size=20).filter(str.isprintable)
distances = st.none() | st.floats(0, 2)
events = st.builds(
    Event,
    event=st.sampled_from([*Outcome, *Notice]),
    at=st.integers(0, 2**61).map(to_utc_text),
    camera=printable,
    user=st.none() | printable,
    distance=distances,
    threshold=distances,
    reason=st.none() | printable,
)


@given(events)
def test_round_trip_on_one_line(event: Event) -> None:
    line = to_line(event)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert parse(line) == event


def test_the_wire_format() -> None:
    event = Event(Outcome.GRANTED, MOMENT, "123", "ada", 0.25, 0.8)
    assert json.loads(to_line(event)) == {
        "event": "granted",
        "at": MOMENT,
        "user": "ada",
        "distance": 0.25,
        "threshold": 0.8,
        "reason": None,
        "camera": "123",
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_null(value: float) -> None:
    document = json.loads(to_line(Event(Outcome.NO_MATCH, MOMENT, "", distance=value, threshold=value)))
    assert (document["distance"], document["threshold"]) == (None, None)


def test_words_of_outcomes_and_notices_differ() -> None:
    assert not {word.value for word in Outcome} & {word.value for word in Notice}


@pytest.mark.parametrize(
    ("outcome", "user"),
    [
        pytest.param(Outcome.GRANTED, "ada", id="granted-is-named"),
        pytest.param(Outcome.NO_MATCH, None, id="a-near-miss-is-not"),
        pytest.param(Outcome.NOT_LIVE, None, id="a-photo-is-not"),
    ],
)
def test_only_the_granted_are_named(outcome: Outcome, user: str | None) -> None:
    event = from_verdict(Verdict(outcome, "ada", 0.5, 0.8, "word", 3, 4), MOMENT, "123")
    assert event == Event(outcome, MOMENT, "123", user, 0.5, 0.8, "word")


def test_a_moment_must_be_utc() -> None:
    with pytest.raises(ValueError, match="moment in UTC"):
        Event(Outcome.GRANTED, "now", "")


GOOD = to_line(Event(Outcome.RETRY, MOMENT, "1", reason="no-face"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("", "not JSON", id="empty"),
        pytest.param(GOOD[:-1], "not JSON", id="cut"),
        pytest.param(GOOD.replace("retry", "opened"), "event must be one of granted", id="word"),
        pytest.param(GOOD.replace("Z", ""), "at must be a moment", id="local-time"),
        pytest.param(GOOD.replace('"user"', '"who"'), "user is missing", id="missing"),
        pytest.param(GOOD.replace("{", '{"x": 1, '), "unknown key x", id="unknown"),
        pytest.param(GOOD.replace('"distance": null', '"distance": NaN'), "NaN", id="nan"),
        pytest.param(GOOD.replace('"distance": null', '"distance": -1'), "from 0 to 2", id="negative"),
    ],
)
def test_refuses_other_lines(line: str, message: str) -> None:
    with pytest.raises(EventError, match=message):
        parse(line)


@given(st.text(max_size=60))
def test_any_line_is_an_event_or_an_error(line: str) -> None:
    with suppress(EventError):
        parse(line)
