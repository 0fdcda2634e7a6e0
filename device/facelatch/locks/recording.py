"""A lock without a door: it keeps what was asked of it, for demonstrations, trials and tests."""

from facelatch.errors import LockError


class RecordingLock:
    """Keeps every transition; refuses what a line refuses, so that mistakes show without hardware."""

    def __init__(self) -> None:
        self._transitions = ["secured"]
        self._closed = False

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

    def secure(self) -> None:  # noqa: D102
        self._become("secured")

    def close(self) -> None:  # noqa: D102
        self.secure()
        self._closed = True

    def _become(self, state: str) -> None:
        if self._transitions[-1] != state:
            self._transitions.append(state)
