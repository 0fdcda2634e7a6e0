"""A lock without a door: it keeps what was asked of it, for demonstrations, trials and tests."""

from collections.abc import Sequence

from facelatch.errors import LockError
from facelatch.keeping.panel import Mood
from facelatch.keeping.wire import Noticed


class RecordingLock:
    """Keeps every transition; refuses what a line refuses, so that mistakes show without hardware.

    It is a line's lock and a door's lock at once. A pulse takes no time, as nobody stands behind it.
    """

    def __init__(self) -> None:
        self._transitions = ["secured"]
        self._closed = False
        self.shown: list[Mood] = []
        """What lamp and buzzer would have been told."""

    @property
    def transitions(self) -> tuple[str, ...]:
        """`secured` and `released` in order, one entry per change; the first is from opening the lock."""
        return tuple(self._transitions)

    @property
    def is_released(self) -> bool:
        """Whether the door could be opened now."""
        return self._transitions[-1] == "released"

    def release(self) -> None:  # noqa: D102
        if self._closed:
            raise LockError("the recording lock is closed; open it again before it is released")
        self._become("released")

    def pulse(self, seconds: float) -> None:  # noqa: ARG002, D102
        self.release()
        self.secure()

    def secure(self) -> None:  # noqa: D102
        self._become("secured")

    def show(self, mood: Mood) -> None:  # noqa: D102
        self.shown.append(mood)

    def attend(self) -> Sequence[Noticed]:  # noqa: D102
        return ()

    def close(self) -> None:  # noqa: D102
        self.secure()
        self._closed = True

    def _become(self, state: str) -> None:
        if self._transitions[-1] != state:
            self._transitions.append(state)
