"""Being asked to stop, by a signal, noticed at once even while waiting."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
"""Each would end the process at once, with the lock as it is: systemd, Ctrl-C, a lost terminal, Ctrl-\\."""


class StopSignal:
    """Takes the signals that end a process over for the block; only in the main thread.

    Not a `threading.Event`: a signal that comes while the main thread waits on one can find its lock taken.
    """

    def __init__(self) -> None:
        self._asked = False
        self._descriptor = -1
        self._before: dict[int, Any] = {}

    @property
    def is_set(self) -> bool:
        """Whether the process was asked to stop."""
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Wait, or return early when asked to stop; says whether that was so."""
        if not self._asked:
            select.select([self._descriptor], [], [], max(seconds, 0))
        return self._asked

    def fileno(self) -> int:
        """A descriptor that `select` finds readable once the process was asked to stop."""
        return self._descriptor

    def __enter__(self) -> "StopSignal":
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._before = {number: signal.signal(number, self._ask) for number in _wanted()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._descriptor)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        os.eventfd_write(self._descriptor, 1)


@contextmanager
def stop_as_interrupt() -> Iterator[None]:
    """Make every signal that asks to stop a `KeyboardInterrupt` within the block."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _wanted()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wanted() -> list[signal.Signals]:
    """All of them but a SIGHUP that is ignored: `nohup` asks for that."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in _SIGNALS if number is not signal.SIGHUP or not ignored]
