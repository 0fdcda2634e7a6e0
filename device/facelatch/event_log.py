"""Where event lines go: standard output, which is the journal's, or a file."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from facelatch.errors import ConfigError
from facelatch.events import Event, to_line
from facelatch.files import obstacle


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


def check_path(path: Path) -> None:
    """Raise `ConfigError` where this user cannot append to the file; nothing is made or changed."""
    reason = obstacle(path)
    if reason:
        raise ConfigError(
            f"events.path: {path} {reason} by this user; name a file in a folder that the service may write, "
            "such as /var/lib/facelatch, or leave it empty for standard output"
        )


def _append(path: Path, text: str) -> None:
    """Add to a file that only its owner may read, all of it or nothing."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        left = memoryview(text.encode())
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            # Half a line would spoil the next one too.
            with suppress(OSError):
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)
