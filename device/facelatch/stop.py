"""Being asked to stop, by SIGTERM or Ctrl-C, noticed at once even while waiting."""

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignal:
    """Takes SIGTERM and SIGINT over for the block; only in the main thread.

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

    def __enter__(self) -> "StopSignal":
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._before = {number: signal.signal(number, self._ask) for number in _SIGNALS}
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
