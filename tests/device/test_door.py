from collections.abc import Sequence

import pytest

from facelatch.door import Door
from facelatch.errors import LockError
from facelatch.events import Event, Notice
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.panel import Mood
from facelatch.keeping.wire import Noticed
from facelatch.locks.recording import RecordingLock
from facelatch.session import Outcome, Verdict
from tests.factories import MOMENT

UNIX_NS = 1_772_350_200_250_000_000
S = 1_000_000_000


def make_verdict(outcome: Outcome) -> Verdict:
    return Verdict(
        outcome, "ada", 0.4, 0.6, None if outcome is Outcome.GRANTED else "why", samples=3, looks=4
    )


def make_door(lock: RecordingLock | None = None) -> tuple[Door, RecordingLock, list[Event]]:
    events: list[Event] = []
    lock = lock or RecordingLock()
    return Door(lock, events.append, pulse_s=3.0, unix_ns=lambda: UNIX_NS, camera="7"), lock, events


def test_a_grant_is_told_and_asks_for_a_pulse() -> None:
    pulses: list[float] = []

    class Asked(RecordingLock):
        def pulse(self, seconds: float) -> None:
            pulses.append(seconds)

    door, _, events = make_door(Asked())
    door.answer(make_verdict(Outcome.GRANTED), now_ns=10 * S)
    assert pulses == [3.0]
    assert [door.left_s(now * S) for now in (10, 12, 13, 99)] == [3.0, 1.0, 0.0, 0.0]
    assert events == [Event(Outcome.GRANTED, MOMENT, "7", user="ada", distance=0.4, threshold=0.6)]


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.GRANTED])
def test_nothing_else_releases(outcome: Outcome) -> None:
    door, lock, events = make_door()
    door.answer(make_verdict(outcome), now_ns=10 * S)
    assert lock.transitions == ("secured",)
    assert door.left_s(10 * S) == 0.0
    assert events == [Event(outcome, MOMENT, "7", None, 0.4, 0.6, "why")]


@pytest.mark.parametrize(
    ("outcome", "mood"),
    [
        pytest.param(Outcome.GRANTED, Mood.IDLE, id="granted"),
        pytest.param(Outcome.NO_MATCH, Mood.REFUSED, id="stranger"),
        pytest.param(Outcome.NOT_LIVE, Mood.REFUSED, id="photo"),
        pytest.param(Outcome.RETRY, Mood.IDLE, id="gone"),
        pytest.param(Outcome.LOCKED_OUT, Mood.LOCKED_OUT, id="locked-out"),
    ],
)
def test_what_a_verdict_shows(outcome: Outcome, mood: Mood) -> None:
    door, lock, _ = make_door()
    door.answer(make_verdict(outcome), now_ns=0)
    assert lock.shown == [mood]


def test_what_is_shown_already_is_not_said_again_but_a_second_refusal_is() -> None:
    door, lock, _ = make_door()
    for mood in (Mood.IDLE, Mood.LOOKING, Mood.LOOKING, Mood.IDLE):
        door.show(mood)
    door.answer(make_verdict(Outcome.NO_MATCH), now_ns=0)
    door.answer(make_verdict(Outcome.NO_MATCH), now_ns=0)
    assert lock.shown == [Mood.LOOKING, Mood.IDLE, Mood.REFUSED, Mood.REFUSED]


def test_notices_carry_a_reason() -> None:
    door, _, events = make_door()
    door.tell(Notice.CAMERA_LOST, "no frame")
    assert events == [Event(Notice.CAMERA_LOST, MOMENT, "7", reason="no frame")]


def test_what_happened_at_the_doors_lines_becomes_events_of_that_moment() -> None:
    class Heard(RecordingLock):
        def attend(self) -> Sequence[Noticed]:
            return (
                Noticed(UNIX_NS // 1_000_000 - 60_000, Told(DoorNotice.EXIT_BUTTON)),
                Noticed(UNIX_NS // 1_000_000, Told(DoorNotice.HELD_OPEN, "for 30 s")),
            )

    door, _, events = make_door(Heard())
    door.attend()
    assert events == [
        Event(DoorNotice.EXIT_BUTTON, "2026-03-01T07:29:00.250Z", "7"),
        Event(DoorNotice.HELD_OPEN, MOMENT, "7", reason="for 30 s"),
    ]


def test_a_lock_that_cannot_be_asked_is_not_hidden() -> None:
    class Gone(RecordingLock):
        def pulse(self, seconds: float) -> None:
            raise LockError("the keeper is gone")

    door, _, events = make_door(Gone())
    with pytest.raises(LockError, match="the keeper is gone"):
        door.answer(make_verdict(Outcome.GRANTED), now_ns=0)
    assert [event.event for event in events] == [Outcome.GRANTED]
    assert door.left_s(0) == 0.0
