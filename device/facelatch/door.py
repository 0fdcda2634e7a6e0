"""What answers a verdict: an event, and the lock released for a moment where somebody was granted."""

from collections.abc import Callable
from dataclasses import dataclass

from facelatch.events import Event, Notice, from_verdict
from facelatch.locks import Lock
from facelatch.locks.pulse import pulse
from facelatch.session import Outcome, Verdict
from facelatch.timestamps import to_utc_text


@dataclass(slots=True)
class Door:
    """A lock and the log of what happened at it."""

    lock: Lock
    emit: Callable[[Event], object]
    pulse_s: float
    unix_ns: Callable[[], int]
    """`time.time_ns`: only for the events' moments."""
    camera: str = ""
    """The serial number that events name."""

    def answer(self, verdict: Verdict, wait: Callable[[float], object]) -> None:
        """Tell the verdict; if it is a grant, release the lock for a pulse and secure it however that ends.

        `wait` waits for so many seconds, or less where the process is asked to stop.
        """
        self.emit(from_verdict(verdict, self._now(), self.camera))
        if verdict.outcome is Outcome.GRANTED:
            pulse(self.lock, self.pulse_s, wait)

    def tell(self, what: Outcome | Notice, reason: str | None = None) -> None:
        """Tell something else that happened."""
        self.emit(Event(what, self._now(), self.camera, reason=reason))

    def _now(self) -> str:
        return to_utc_text(self.unix_ns())
