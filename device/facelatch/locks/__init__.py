"""Locks are released and secured; each driver is one module, chosen by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Lock(Protocol):
    """A door's lock. A new one is secured before it is handed out."""

    def release(self) -> None:
        """Let the door be opened. Raises `LockError` where the line cannot be driven."""

    def secure(self) -> None:
        """Hold the door shut; may be called at any time and twice."""

    def close(self) -> None:
        """Secure, then give the line back; may be called twice."""


@contextmanager
def released(lock: Lock) -> Iterator[None]:
    """Hold the lock released for the block and secure it however the block ends."""
    try:
        lock.release()
        yield
    finally:
        lock.secure()
