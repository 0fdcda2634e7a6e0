"""Where commands write: refused before any work where something is in the way, written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from facelatch_converter.errors import OutputError


def refuse_taken_file(path: Path, force: bool) -> None:
    """Raise `OutputError` for a folder, and for a file that is there unless `force` is given."""
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file")
    if os.path.lexists(path) and not force:
        raise OutputError(f"{path}: is there already; choose another name, or --force to replace it")
    refuse_unwritable(path)


def refuse_unwritable(path: Path) -> None:
    """Raise `OutputError` where nothing can be made at `path`: a file above it, or no permission."""
    above = next(folder for folder in path.absolute().parents if os.path.lexists(folder))
    if not above.is_dir():
        raise OutputError(f"{path}: {above} is not a folder; choose another place")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: {above} may not be written into; choose another place")


def refuse_taken_folder(path: Path) -> None:
    """Raise `OutputError` for anything but a free name or an empty folder."""
    if not os.path.lexists(path):
        refuse_unwritable(path)
        return
    if not path.is_dir():
        raise OutputError(f"{path}: is not a folder; choose a new folder")
    if any(path.iterdir()):
        raise OutputError(f"{path}: is not empty; choose a new folder, nothing is overwritten")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes `path`'s place when the block ends well; otherwise nothing is changed.

    Missing folders above it are made. Raises `OutputError` where it cannot be written.
    """
    draft = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        draft = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        draft.chmod(0o644)  # mkstemp makes it private.
        draft.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another place") from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
