"""What happened at the door, one JSON object per line; the outcomes' words are those of `session.Outcome`."""

import json
import math
from dataclasses import dataclass
from enum import StrEnum

from facelatch.errors import EventError
from facelatch.fields import decode_object
from facelatch.keeping.notices import DoorNotice
from facelatch.session import Outcome, Verdict
from facelatch.timestamps import is_utc_text


class Notice(StrEnum):
    """What a daemon reports beside the outcomes."""

    STARTED = "started"
    STOPPED = "stopped"
    CAMERA_LOST = "camera-lost"
    CAMERA_BACK = "camera-back"
    SUPPLY_LOW = "supply-low"
    SUPPLY_GOOD = "supply-good"
    LOCK_FAILED = "lock-failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One line. An event never holds an embedding, and a distance only where samples were compared."""

    event: Outcome | Notice | DoorNotice
    at: str
    """UTC, as `timestamps.to_utc_text` writes it."""
    camera: str
    """The serial number, or empty."""
    user: str | None = None
    """Only who was granted: a near miss is nobody's business."""
    distance: float | None = None
    threshold: float | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """Refuse a moment that is not UTC; turn what is not a number into None, which JSON can say."""
        if not is_utc_text(self.at):
            raise ValueError(
                f"at must be a moment in UTC such as 2026-03-01T07:30:00.250Z, found {self.at!r}"
            )
        for name in ("distance", "threshold"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                object.__setattr__(self, name, None)


def from_verdict(verdict: Verdict, at: str, camera: str) -> Event:
    """The event of a verdict; the nearest user is named only when granted."""
    return Event(
        event=verdict.outcome,
        at=at,
        camera=camera,
        user=verdict.user if verdict.outcome is Outcome.GRANTED else None,
        distance=verdict.distance,
        threshold=verdict.threshold,
        reason=verdict.reason,
    )


def to_line(event: Event) -> str:
    """One JSON object in ASCII, without the line's end."""
    return json.dumps(
        {
            "event": event.event.value,
            "at": event.at,
            "user": event.user,
            "distance": event.distance,
            "threshold": event.threshold,
            "reason": event.reason,
            "camera": event.camera,
        },
        allow_nan=False,
    )


def parse(line: str) -> Event:
    """The event in a line; raises `EventError` for anything else."""
    fields = decode_object(line, "event line", EventError)
    word = fields.text("event")
    known: dict[str, Outcome | Notice | DoorNotice] = {
        entry.value: entry for kind in (Outcome, Notice, DoorNotice) for entry in kind
    }
    if word not in known:
        fields.refuse("event", f"one of {', '.join(known)}", word)
    at = fields.text("at")
    if not is_utc_text(at):
        fields.refuse("at", "a moment in UTC", at)
    event = Event(
        event=known[word],
        at=at,
        camera=fields.text("camera"),
        user=fields.text_or_none("user"),
        distance=fields.real_or_none("distance", 0, 2),
        threshold=fields.real_or_none("threshold", 0, 2),
        reason=fields.text_or_none("reason"),
    )
    fields.done()
    return event
