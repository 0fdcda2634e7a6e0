from collections.abc import Callable

import pytest

from facelatch.door import Door
from facelatch.events import Event, Notice
from facelatch.locks.recording import RecordingLock
from facelatch.session import Outcome, Verdict
from tests.factories import MOMENT

UNIX_NS = 1_772_350_200_250_000_000


def make_verdict(outcome: Outcome) -> Verdict:
    return Verdict(
        outcome, "ada", 0.4, 0.6, None if outcome is Outcome.GRANTED else "why", samples=3, looks=4
    )


def make_door() -> tuple[Door, RecordingLock, list[Event]]:
    events: list[Event] = []
    lock = RecordingLock()
    return Door(lock, events.append, pulse_s=3.0, unix_ns=lambda: UNIX_NS, camera="7"), lock, events


def test_a_grant_is_told_and_releases_for_the_pulse() -> None:
    door, lock, events = make_door()
    waits: list[tuple[float, bool]] = []
    door.answer(make_verdict(Outcome.GRANTED), lambda seconds: waits.append((seconds, lock.is_released)))
    assert waits == [(3.0, True)]
    assert lock.transitions == ("secured", "released", "secured")
    assert events == [Event(Outcome.GRANTED, MOMENT, "7", user="ada", distance=0.4, threshold=0.6)]


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.GRANTED])
def test_nothing_else_releases(outcome: Outcome) -> None:
    door, lock, events = make_door()
    door.answer(make_verdict(outcome), fail_to_wait)
    assert lock.transitions == ("secured",)
    assert events == [Event(outcome, MOMENT, "7", None, 0.4, 0.6, "why")]


def test_an_interrupted_pulse_secures() -> None:
    door, lock, _ = make_door()
    with pytest.raises(KeyboardInterrupt):
        door.answer(make_verdict(Outcome.GRANTED), fail_to_wait)
    assert lock.transitions == ("secured", "released", "secured")


def test_notices_carry_a_reason() -> None:
    door, _, events = make_door()
    door.tell(Notice.CAMERA_LOST, "no frame")
    assert events == [Event(Notice.CAMERA_LOST, MOMENT, "7", reason="no frame")]


def fail_to_wait(_seconds: float) -> Callable[[], None]:
    raise KeyboardInterrupt
