"""What the lock's keeper tells of a door; the words are those of the events."""

from dataclasses import dataclass
from enum import StrEnum


class DoorNotice(StrEnum):
    """What happened at the door's lines."""

    EXIT_BUTTON = "exit-button"
    HELD_OPEN = "door-held-open"
    FORCED_OPEN = "door-forced-open"
    CLOSED = "door-closed"
    FAULT = "lock-fault"


@dataclass(frozen=True, slots=True)
class Told:
    """A notice and why, where its word does not say it all."""

    notice: DoorNotice
    reason: str | None = None
