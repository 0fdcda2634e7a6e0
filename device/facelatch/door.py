"""What answers a verdict: an event, the lock released for a moment where somebody was granted, lamp and buzzer."""

from collections.abc import Callable
from dataclasses import dataclass

from facelatch.events import Event, Notice, from_verdict
from facelatch.keeping.notices import DoorNotice
from facelatch.keeping.panel import Mood
from facelatch.locks import DoorLock
from facelatch.session import Outcome, Verdict
from facelatch.timestamps import to_utc_text

_SHOWN = {
    # That the lock is released is shown as long as it is.
    Outcome.GRANTED: Mood.IDLE,
    Outcome.NO_MATCH: Mood.REFUSED,
    Outcome.NOT_LIVE: Mood.REFUSED,
    Outcome.RETRY: Mood.IDLE,
    Outcome.LOCKED_OUT: Mood.LOCKED_OUT,
}


@dataclass(slots=True)
class Door:
    """A lock and the log of what happened at it."""

    lock: DoorLock
    emit: Callable[[Event], object]
    pulse_s: float
    unix_ns: Callable[[], int]
    """`time.time_ns`: only for the events' moments."""
    camera: str = ""
    """The serial number that events name."""
    released_until_ns: int = 0
    """When the last pulse ends or ended, by the clock that `answer` is given."""
    mood: Mood = Mood.IDLE

    def answer(self, verdict: Verdict, now_ns: int) -> None:
        """Tell the verdict; if it is a grant, have the lock released for a pulse. Comes back at once."""
        self.emit(from_verdict(verdict, self.now(), self.camera))
        if verdict.outcome is Outcome.GRANTED:
            self.lock.pulse(self.pulse_s)
            self.released_until_ns = now_ns + round(self.pulse_s * 1e9)
        self.mood = _SHOWN[verdict.outcome]
        self.lock.show(self.mood)

    def left_s(self, now_ns: int) -> float:
        """For how long the last pulse runs yet."""
        return max(self.released_until_ns - now_ns, 0) / 1e9

    def show(self, mood: Mood) -> None:
        """Let lamp and buzzer show this, if they do not already."""
        if mood is not self.mood:
            self.mood = mood
            self.lock.show(mood)

    def attend(self, _now_ns: int = 0) -> None:
        """Give the lock a sign of life, and tell what happened at the door's lines; raises `LockError`."""
        for noticed in self.lock.attend():
            at = to_utc_text(noticed.unix_ms * 1_000_000)
            self.emit(Event(noticed.told.notice, at, self.camera, reason=noticed.told.reason))

    def tell(self, what: Outcome | Notice | DoorNotice, reason: str | None = None) -> None:
        """Tell something else that happened."""
        self.emit(Event(what, self.now(), self.camera, reason=reason))

    def now(self) -> str:
        """The moment, as events write it."""
        return to_utc_text(self.unix_ns())
