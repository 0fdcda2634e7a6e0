"""What the lock's keeper and its clients say to each other over a Unix stream socket: short lines of ASCII; pure.

To the keeper: `hello 1` (I am the daemon; only one may be), `pulse MS`, `secure`, `beat`, `show MOOD`, `ask`. Who has
not said hello may only `ask` and `secure`. `hello`, `pulse`, `secure` and `ask` are answered by `ok MS`, the
milliseconds for which the lock stays released, or by `no REASON`, after which the keeper hangs up. Between answers the
daemon is told `notice UNIX_MS WORD REASON`.
"""

from dataclasses import dataclass
from enum import Enum

from facelatch.fields import printable
from facelatch.keeping.happenings import Beat, Grant, Revoke, Show
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.panel import Mood
from facelatch.keeping.releases import LONGEST_S

VERSION = 1
LONGEST_LINE = 400
_LONGEST_REASON = 300
_LONGEST_MS = round(LONGEST_S * 1000)
_TOLD_MOODS = (Mood.IDLE, Mood.LOOKING, Mood.REFUSED, Mood.LOCKED_OUT, Mood.FAULT)
"""The others follow from the lines, which the keeper knows better."""


class Plain(Enum):
    """Requests without a part of their own."""

    HELLO = f"hello {VERSION}"
    ASK = "ask"
    SECURE = "secure"
    BEAT = "beat"


Request = Plain | Grant | Show


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""

    left_ms: int
    """For how long the lock stays released; 0: it is secured."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not, and the keeper hangs up."""

    reason: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something happened at the door's lines."""

    unix_ms: int
    told: Told


Answer = Done | Refused | Noticed


class Lines:
    """Takes bytes as they come and gives whole lines; raises `ValueError` for a line that is too long."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        if any(len(line) > LONGEST_LINE for line in (*whole, self._rest)):
            raise ValueError(f"a line is longer than {LONGEST_LINE} bytes")
        return whole


def request_line(request: Request) -> bytes:
    """A request as it is sent."""
    match request:
        case Plain():
            text = request.value
        case Grant(length_ns):
            text = f"pulse {length_ns // 1_000_000}"
        case Show(mood):
            text = f"show {mood}"
    return f"{text}\n".encode("ascii")


def parse_request(line: bytes) -> Request:
    """The request in a line; raises `ValueError` for anything else."""
    text = _text(line)
    for plain in Plain:
        if text == plain.value:
            return plain
    word, _, rest = text.partition(" ")
    if word == "pulse":
        return Grant(_whole(rest, 1, _LONGEST_MS) * 1_000_000)
    if word == "show" and rest in _TOLD_MOODS:
        return Show(Mood(rest))
    raise ValueError(f"the keeper does not know {printable(text)[:60]!r}")


def answer_line(answer: Answer) -> bytes:
    """An answer or a notice as it is sent."""
    match answer:
        case Done(left_ms):
            text = f"ok {left_ms}"
        case Refused(reason):
            text = f"no {_reason(reason)}"
        case Noticed(unix_ms, told):
            text = f"notice {unix_ms} {told.notice} {_reason(told.reason or '')}".rstrip()
    return f"{text}\n".encode("ascii")


def parse_answer(line: bytes) -> Answer:
    """The answer or notice in a line; raises `ValueError` for anything else."""
    text = _text(line)
    word, _, rest = text.partition(" ")
    if word == "ok":
        return Done(_whole(rest, 0, _LONGEST_MS))
    if word == "no":
        return Refused(rest)
    if word == "notice":
        moment, _, told = rest.partition(" ")
        notice, _, reason = told.partition(" ")
        # The last moment that a text in UTC can name lies in the year 9999.
        return Noticed(_whole(moment, 0, 253_402_300_799_999), Told(DoorNotice(notice), reason or None))
    raise ValueError(f"this is no answer: {printable(text)[:60]!r}")


def to_happening(request: Request) -> Beat | Grant | Revoke | Show:
    """What a joined daemon's request means to the keeper's state."""
    if isinstance(request, Plain):
        return Revoke() if request is Plain.SECURE else Beat()
    return request


def _text(line: bytes) -> str:
    text = line.decode("ascii")
    if not text.isprintable():
        raise ValueError("the line holds control characters")
    return text


def _whole(text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and low <= int(text) <= high):
        raise ValueError(f"expected a whole number from {low} to {high}, found {printable(text)[:30]!r}")
    return int(text)


def _reason(text: str) -> str:
    return ascii(printable(text))[1:-1][:_LONGEST_REASON]
