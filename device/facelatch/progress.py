"""Progress for who waits: a few lines that are redrawn in a terminal, plain lines anywhere else."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

_UP = "\x1b[{}F"
_CLEAR_BELOW = "\x1b[0J"


class Progress:
    """Writes to a terminal or a file; `columns` gives the terminal's width, which may change."""

    def __init__(self, stream: TextIO, columns: Callable[[], int]) -> None:
        self._stream = stream
        self._columns = columns
        self.is_terminal = stream.isatty()
        """Whether anybody sees what is shown; elsewhere only what is said gets there."""
        self._shown: list[str] = []
        self._said = ""

    def show(self, lines: Sequence[str]) -> None:
        """Put these lines in place of the ones shown before; nothing outside a terminal."""
        width = max(self._columns() - 1, 1)
        fitting = [line[:width] for line in lines]
        if not self.is_terminal or fitting == self._shown:
            return
        self._write(self._erase() + "".join(f"{line}\n" for line in fitting))
        self._shown = fitting

    def say(self, line: str) -> None:
        """Print a line that stays, unless it was the last one said; what is shown moves below it."""
        if line == self._said:
            return
        self._said = line
        self._write(self._erase() + f"{line}\n" + "".join(f"{shown}\n" for shown in self._shown))

    def clear(self) -> None:
        """Take the shown lines away."""
        if self._shown:
            self._write(self._erase())
            self._shown = []

    def _erase(self) -> str:
        return _UP.format(len(self._shown)) + _CLEAR_BELOW if self._shown else ""

    def _write(self, text: str) -> None:
        # Whoever watched may have left; the work goes on.
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
