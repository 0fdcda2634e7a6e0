"""Where event lines go: standard output, which is the journal's, or a file."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from facelatch.events import Event, to_line


class EventLog:
    """Appends one line per event.

    The file is opened for each line, so that it can be moved away by a log's rotation. A line that cannot be
    written is said to `warn`: a full disk must not stop a door that people stand behind.
    """

    def __init__(self, path: Path | None, warn: Callable[[str], object]) -> None:
        self._path = path
        self._warn = warn

    def __call__(self, event: Event) -> None:
        """Append the event."""
        line = to_line(event)
        try:
            if self._path is None:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            else:
                _append(self._path, line + "\n")
        except OSError as error:
            where = self._path or "standard output"
            self._warn(f"{where}: an event could not be written ({error.strerror}): {line}")


def _append(path: Path, text: str) -> None:
    """Add to a file that only its owner may read, in one write."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
