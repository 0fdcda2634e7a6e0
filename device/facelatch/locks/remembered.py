"""What a keeper drives, written beside its socket for whoever shuts the door after it, or asks what it was told.

Settings may be changed or broken while a keeper runs. The line that it leaves behind when it is killed is the one
that it was started with.
"""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from facelatch.errors import LockError
from facelatch.files import replace_file
from facelatch.keeping.settings import DoorSettings, read_door


def remember(door: DoorSettings, socket: Path) -> None:
    """Write the settings down; raises `OSError`."""
    replace_file(_beside(socket), json.dumps(asdict(door)).encode(), mode=0o640)


def forget(socket: Path) -> None:
    """Once the lock was secured nobody has to look for its line."""
    with suppress(OSError):
        _beside(socket).unlink()


def remembered(socket: Path) -> DoorSettings | None:
    """The settings that a keeper left there, None where none did; raises `LockError` if they cannot be read."""
    place = _beside(socket)
    try:
        text = place.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LockError(
            f"{place} cannot be read ({error}), which names the line that the keeper drove; restart facelatch-lock"
        ) from error
    try:
        tables = json.loads(text)
        fault = "" if isinstance(tables, dict) and {*tables} == {"lock", "panel"} else "no [lock] and [panel]"
    except ValueError as error:
        fault = str(error)
    if fault:
        raise LockError(
            f"{place} is damaged ({fault}), which names the line that the keeper drove; restart facelatch-lock"
        )
    return read_door(tables, str(place))


def _beside(socket: Path) -> Path:
    return socket.with_name(f"{socket.name}.line")
