"""Files that are whole or not there: written beside, synced, and renamed into place.

A process killed at any point, or a full disk, leaves the old file as it was; at most a `.new` file stays
behind, which the next write replaces. Raises plain `OSError`; the caller knows what the file means.
"""

import os
from contextlib import suppress
from pathlib import Path

NEW_SUFFIX = ".new"


def replace_file(path: Path, data: bytes, owner: tuple[int, int] | None = None, mode: int = 0o600) -> None:
    """Put `data` at `path` in one step, readable by its owner alone unless `mode` says otherwise.

    `owner` is (uid, gid) for a file that root writes for a service. One writer at a time: the caller's duty.
    """
    fresh = new_path(path)
    with suppress(FileNotFoundError):
        fresh.unlink()
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)  # What `open` is given, the umask may take away.
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise
    sync_folder(path.parent)


def obstacle(path: Path) -> str:
    """Why this user cannot write a file at `path`, in words that follow its name; empty where nothing is in the way.

    Nothing is made or changed.
    """
    try:
        place = path if path.exists() else path.parent
        wanted = os.W_OK if place == path else os.W_OK | os.X_OK
        if path.is_dir():
            return "is a folder"
        return "" if os.access(place, wanted) else "cannot be written"
    except OSError as error:
        return f"cannot be looked at ({error.strerror})"


def remove_file(path: Path) -> None:
    """Delete a file so that it stays deleted after a power cut."""
    path.unlink()
    sync_folder(path.parent)


def new_path(path: Path) -> Path:
    """Where `path`'s next content is written before it takes its name."""
    return path.with_name(f".{path.name}{NEW_SUFFIX}")


def sync_folder(folder: Path) -> None:
    """Make renames and deletions in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
