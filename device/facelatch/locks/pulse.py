"""A door held released for a bounded time."""

from collections.abc import Callable

from facelatch.locks import Lock, released

LONGEST_S = 30.0
"""No pulse is longer, whatever a config says: a strike's coil and an open door both have limits."""


def pulse(lock: Lock, seconds: float, wait: Callable[[float], object]) -> None:
    """Release the lock for `seconds`, then secure it, however the wait ends.

    `wait` is given the seconds and may come back early, such as `threading.Event().wait` when the daemon is
    stopped. Raises `ValueError`, with the lock untouched, for a pulse that is not within 0 to 30 s.
    """
    if not 0 < seconds <= LONGEST_S:
        raise ValueError(f"a pulse must be longer than 0 and at most {LONGEST_S:g} s, found {seconds}")
    with released(lock):
        wait(seconds)
