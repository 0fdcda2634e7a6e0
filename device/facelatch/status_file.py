"""Where a daemon's status is kept while it runs: a small file that others may look at."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from facelatch.errors import StatusError
from facelatch.files import new_path
from facelatch.status import STALE_S, DaemonStatus, parse, to_json

_MOST_BYTES = 64 << 10


def read_status(path: Path) -> DaemonStatus:
    """The status in a file; raises `StatusError` that says what to look at."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("ascii")
    except FileNotFoundError:
        raise StatusError(
            f"{path} is not there, so no daemon has told anything; is it running? see "
            "`systemctl status facelatch`"
        ) from None
    except PermissionError:
        raise StatusError(
            f"{path}: this user may not read it; ask as root or in the group facelatch"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StatusError(f"{path}: cannot be read ({error}); see `systemctl status facelatch`") from None
    return parse(text, str(path))


def is_taken(path: Path, now_ns: int) -> bool:
    """Whether a daemon that is alive keeps its status there."""
    try:
        status = read_status(path)
    except StatusError:
        return False
    # A file that outlived a boot may be of a time that this boot has not reached yet.
    return 0 <= now_ns - status.written_ns < STALE_S * 1e9 and is_alive(status.pid)


def is_alive(pid: int) -> bool:
    """Whether there is such a process other than this one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # It is there, and somebody else's.
        return True
    return pid != os.getpid()


def describe_last(path: Path) -> str | None:
    """What a daemon that was killed, crashed or hung left behind; None where the last one ended as it should."""
    try:
        status = read_status(path)
    except StatusError:
        return None
    doing = f" while it tried to {status.camera.trying}" if status.camera.trying else ""
    return f"the daemon before (process {status.pid}) ended without a word{doing}"


class StatusFile:
    """Keeps the status and writes it where it has changed, and every so often as a sign of life.

    The file belongs on a file system in memory, so nothing is synced. Where its folder is missing, as where
    somebody tries the daemon out, nothing is written; where it cannot be written, `warn` is told once for as long
    as that lasts.
    """

    def __init__(
        self,
        path: Path | None,
        first: DaemonStatus,
        warn: Callable[[str], object],
        every_s: float = 5.0,
    ) -> None:
        self._path = path if path is not None and path.parent.is_dir() else None
        self._warn = warn
        self._every_ns = round(every_s * 1e9)
        self._written: DaemonStatus | None = None
        self._has_warned = False
        self.status = first

    def __call__(self, now_ns: int) -> None:
        """Write if there is anything new, or if it is time."""
        if (
            self._written is not None
            and replace(self.status, written_ns=self._written.written_ns) == self._written
            and now_ns - self._written.written_ns < self._every_ns
        ):
            return
        self._written = replace(self.status, written_ns=now_ns)
        if self._path is not None:
            self._write(self._path, to_json(self._written))

    def change(self, **changes: object) -> None:
        """Take over some of the status's fields; written with the next call."""
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]

    def close(self) -> None:
        """Remove the file: one that is left behind tells of a daemon that was killed or has hung."""
        path, self._path = self._path, None
        if path is not None:
            with suppress(OSError):
                path.unlink()

    def _write(self, path: Path, text: str) -> None:
        fresh = new_path(path)
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                # Whatever the mask: the group may look.
                os.fchmod(descriptor, 0o640)
                file.write(text)
            fresh.replace(path)
            self._has_warned = False
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                self._warn(
                    f"{path}: the status cannot be written ({error.strerror}); `facelatch status` will not know"
                )
