"""Signs of life of a program with one loop: they come from that loop, so none comes while it hangs."""

from collections.abc import Callable, Sequence
from typing import Protocol

from facelatch.notify import Notifier

Chore = Callable[[int], object]
"""Something done at every beat, given the monotonic clock's nanoseconds: it must be quick."""


class Stop(Protocol):
    """Says whether the process was asked to stop, and waits no longer than until then."""

    @property
    def is_set(self) -> bool:
        """Whether it was asked."""

    def wait(self, seconds: float) -> bool:
        """Wait, or return early when asked; says whether that was so."""


class Heartbeat:
    """Tells the service manager that the loop goes round, and does the chores, at most twice per `every_s`."""

    def __init__(
        self,
        stop: Stop,
        clock: Callable[[], int],
        notifier: Notifier,
        every_s: float,
        chores: Sequence[Chore] = (),
    ) -> None:
        self._stop = stop
        self._clock = clock
        self._notifier = notifier
        self._every_s = every_s
        self._chores = tuple(chores)
        self._beaten_ns: int | None = None

    def beat(self) -> None:
        """Say that the loop goes round; called as often as anything happens."""
        now_ns = self._clock()
        if self._beaten_ns is None or now_ns - self._beaten_ns >= self._every_s * 5e8:
            self._beaten_ns = now_ns
            self._notifier.watchdog()
            for chore in self._chores:
                chore(now_ns)

    def wait(self, seconds: float) -> bool:
        """Wait, beating meanwhile, as long as nobody asks to stop; says whether somebody did."""
        left_s = seconds
        self.beat()
        while left_s > 0 and not self._stop.is_set:
            part_s = min(left_s, self._every_s)
            self._stop.wait(part_s)
            self.beat()
            left_s -= part_s
        return self._stop.is_set
