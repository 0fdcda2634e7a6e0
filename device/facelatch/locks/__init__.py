"""Locks are released and secured; each driver is one module, chosen by name."""

from collections.abc import Sequence
from typing import Protocol

from facelatch.keeping.panel import Mood
from facelatch.keeping.wire import Noticed


class Lock(Protocol):
    """A lock's line. A new one is secured before it is handed out."""

    def release(self) -> None:
        """Let the door be opened. Raises `LockError` where the line cannot be driven."""

    def secure(self) -> None:
        """Hold the door shut; may be called at any time and twice."""

    def close(self) -> None:
        """Secure, then give the line back; may be called twice."""


class DoorLock(Protocol):
    """A door's lock as the daemon has it: what it asks for is bounded by somebody else. All raise `LockError`."""

    def pulse(self, seconds: float) -> None:
        """Release the lock, to be secured after so many seconds; comes back at once."""

    def secure(self) -> None:
        """End what was released by `pulse`; may be called at any time and twice."""

    def show(self, mood: Mood) -> None:
        """Say what lamp and buzzer are to show."""

    def attend(self) -> Sequence[Noticed]:
        """Give a sign of life, and hear what happened at the door since the last time."""

    def close(self) -> None:
        """Secure, and ask for nothing any more; may be called twice."""
