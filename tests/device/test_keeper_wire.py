from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.keeping.happenings import Grant, Show
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.panel import Mood
from facelatch.keeping.wire import (
    LONGEST_LINE,
    Answer,
    Done,
    Lines,
    Noticed,
    Plain,
    Refused,
    Request,
    answer_line,
    parse_answer,
    parse_request,
    request_line,
)


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (Plain.HELLO, b"hello 1\n"),
        (Plain.ASK, b"ask\n"),
        (Plain.SECURE, b"secure\n"),
        (Plain.BEAT, b"beat\n"),
        (Grant(3_000_000_000), b"pulse 3000\n"),
        (Show(Mood.LOCKED_OUT), b"show locked-out\n"),
    ],
    ids=str,
)
def test_requests(request_: Request, line: bytes) -> None:
    assert request_line(request_) == line
    assert parse_request(line.rstrip(b"\n")) == request_


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Done(0), b"ok 0\n"),
        (Done(2950), b"ok 2950\n"),
        (Refused("another daemon is served"), b"no another daemon is served\n"),
        (Noticed(1_772_350_200_250, Told(DoorNotice.CLOSED)), b"notice 1772350200250 door-closed\n"),
        (Noticed(5, Told(DoorNotice.FAULT, "a b")), b"notice 5 lock-fault a b\n"),
    ],
    ids=str,
)
def test_answers(answer: Answer, line: bytes) -> None:
    assert answer_line(answer) == line
    assert parse_answer(line.rstrip(b"\n")) == answer


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"release",
        b"hello",
        b"hello 2",
        b"pulse",
        b"pulse 0",
        b"pulse 30001",
        b"pulse -5",
        b"pulse 1e3",
        b"pulse 3000 3000",
        b"pulse " + b"9" * 100,
        "pulse ٣".encode(),
        b"show granted",
        b"show alarm",
        b"show",
        b"secure\x00",
        b"\xff\xfe",
    ],
)
def test_what_is_no_request_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_request(line)


@pytest.mark.parametrize(
    "line", [b"", b"ok", b"ok -1", b"ok 30001", b"notice", b"notice 5", b"notice 5 open", b"yes", b"\xff"]
)
def test_what_is_no_answer_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_answer(line)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_request_or_an_error(line: bytes) -> None:
    with suppress(ValueError):
        assert parse_request(request_line(parse_request(line)).rstrip(b"\n")) == parse_request(line)
    with suppress(ValueError):
        parse_answer(line)


@given(st.text(max_size=600))
def test_a_reason_is_one_line_whatever_it_holds(reason: str) -> None:
    for answer in (Refused(reason), Noticed(1, Told(DoorNotice.FAULT, reason))):
        line = answer_line(answer)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert len(line) <= LONGEST_LINE
        parse_answer(line.rstrip(b"\n"))


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8), st.data())
def test_lines_come_whole_however_they_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cut = data.draw(st.integers(0, len(stream)))
    reader = Lines()
    assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) == lines


@pytest.mark.parametrize(("before", "last"), [(b"", 401), (b"x" * 300, 101), (b"ask\n", 401), (b"ask", 398)])
def test_a_line_without_end_is_refused(before: bytes, last: int) -> None:
    reader = Lines()
    reader.feed(before)
    with pytest.raises(ValueError, match="longer than"):
        reader.feed(b"x" * last)
