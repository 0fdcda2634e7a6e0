"""A last resort against calls that never return: the process ends by itself, wherever it hangs."""

import faulthandler

_STANDARD_ERROR = 2


class HangGuard:
    """Ends the process with status 1 where `alive` is not called for so many seconds.

    A driver's library may hang while it holds Python's lock, so no thread of Python's could do this; the
    interpreter's own watchdog does, and writes to standard error where the program hung. Nothing is cleaned up: the
    service manager starts the program again and secures the lock, and the lock's keeper does so on its own.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    def alive(self, _now_ns: int = 0) -> None:
        """Start to count anew."""
        faulthandler.dump_traceback_later(self._limit_s, exit=True, file=_STANDARD_ERROR)

    def close(self) -> None:
        """Stop counting."""
        faulthandler.cancel_dump_traceback_later()
