"""One setting of a config file changed, with every comment and every other line as it was."""

import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facelatch.errors import ConfigError
from facelatch.files import replace_file
from facelatch.sections import read_text


def set_number(path: Path, section: str, key: str, value: float) -> None:
    """Set a key in a file in one step; owner, permissions and all else stay as they are.

    Raises `ConfigError` where it cannot be written.
    """
    target = path.resolve()  # A link stays one.
    try:
        changed = with_number(target.read_text("utf-8"), section, key, value, str(path))
        status = target.stat()
        owner, mode = (status.st_uid, status.st_gid), stat.S_IMODE(status.st_mode)
        replace_file(target, changed.encode("utf-8"), owner, mode)
    except OSError as problem:
        raise ConfigError(
            f"{path}: cannot be written ({problem.strerror}); run as root, or set {key} = {value:g} under "
            f"[{section}] by hand"
        ) from problem


def refuse_unwritable(path: Path, section: str, key: str, may_replace: Callable[[Path], bool]) -> None:
    """Raise `ConfigError` where `set_number` would, so that it is known before the number is measured.

    `may_replace` says whether this user may put another file of the same owner in a file's place.
    """
    # Which number it becomes makes no difference to whether it can be set.
    if _changed(read_text(path), section, key, "1") is None:
        raise ConfigError(
            f"{path}: its [{section}] is written in a way that is not changed here; write {key} = ... on a line of its "
            f"own below [{section}] first, or leave --write out"
        )
    target = path.resolve()
    if not may_replace(target):
        raise ConfigError(
            f"{path}: this user may not replace it in {target.parent}; run as root, or leave --write out and set {key} "
            f"under [{section}] by hand"
        )


def with_number(text: str, section: str, key: str, value: float, source: str) -> str:
    """The file's text with `key` in `[section]` set to `value`.

    A key that is not there is put below its section's line, and a section that is not there at the end. Raises
    `ConfigError` that names `source` where the file says it in a way that cannot be changed by its line.
    """
    wanted = f"{value:g}"
    changed = _changed(text, section, key, wanted)
    if changed is None:
        raise ConfigError(
            f"{source}: its [{section}] is written in a way that is not changed here; "
            f"set {key} = {wanted} there by hand"
        )
    return changed


def _changed(text: str, section: str, key: str, wanted: str) -> str | None:
    """The text with the key set; None where that cannot be done by its line."""
    lines = text.splitlines(keepends=True)
    header = next((at for at, line in enumerate(lines) if _is_header(line, section)), None)
    if header is None:
        changed = (
            f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}\n[{section}]\n{key} = {wanted}\n"
        )
    else:
        end = next(
            (at for at in range(header + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines)
        )
        entry = re.compile(rf"(\s*{re.escape(key)}\s*=\s*)[^\s#]+(.*)", re.DOTALL)
        for at in range(header + 1, end):
            found = entry.fullmatch(lines[at])
            if found is not None:
                lines[at] = f"{found[1]}{wanted}{found[2]}"
                break
        else:
            lines[header] = lines[header].rstrip("\n") + f"\n{key} = {wanted}\n"
        changed = "".join(lines)
    expected = _expected(text, section, key, float(wanted))
    return None if expected is None or _parsed(changed) != expected else changed


def _is_header(line: str, section: str) -> bool:
    return re.fullmatch(rf"\s*\[\s*{re.escape(section)}\s*\]\s*(#.*)?", line.rstrip("\r\n")) is not None


def _expected(text: str, section: str, key: str, value: float) -> dict[str, Any] | None:
    """What the file must mean afterwards: what it meant before, but for the one setting."""
    tables = _parsed(text)
    table = {} if tables is None else tables.get(section, {})
    if tables is None or not isinstance(table, dict):
        return None
    return tables | {section: table | {key: value}}


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
