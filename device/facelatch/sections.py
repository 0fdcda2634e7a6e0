"""Strict reading of a settings file: every section and key known, of its type and in range, or a named error."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any, TypeVar

from facelatch.errors import ConfigError
from facelatch.fields import printable, show

Number = TypeVar("Number", int, float)


def between(default: Number, low: Number, high: Number) -> Number:
    """A setting that is a number within [low, high]."""
    limited: Number = field(default=default, metadata={"low": low, "high": high})
    return limited


def one_of(default: str, *others: str) -> str:
    """A setting that is one of a few words."""
    limited: str = field(default=default, metadata={"choices": (default, *others)})
    return limited


def read_text(path: Path) -> str:
    """The text of a settings file; a `ConfigError` names it."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as problem:
        raise ConfigError(
            f"{path}: is not text, expected a TOML file; start again from the shipped facelatch.toml"
        ) from problem
    except OSError as problem:
        raise ConfigError(
            f"{path}: cannot be read ({problem.strerror}); check --config, and who may read the file"
        ) from problem


def to_tables(text: str, source: str) -> dict[str, Any]:
    """The tables of a TOML text, which `source` names in messages."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ConfigError(f"{source}: is not TOML ({problem})") from problem


def read_section(table: object, kind: type[Any], section: str, source: str) -> Any:
    """The settings of one section as a `kind`, whose fields say what each may be."""
    if not isinstance(table, dict):
        raise ConfigError(f"{source}: {section} must be a section, [{section}], found {show(table)}")
    known = {entry.name: entry for entry in fields(kind)}
    refuse_unknown(table, list(known), source, f"key in [{section}]")
    return kind(
        **{
            name: read_value(value, known[name].default, known[name].metadata, f"{source}: {section}.{name}")
            for name, value in table.items()
        }
    )


def refuse_unknown(table: Mapping[str, object], known: list[str], source: str, what: str) -> None:
    """Raise `ConfigError` for a name that is not known: a typing error must not vanish silently."""
    for name in table:
        if name not in known:
            raise ConfigError(f"{source}: unknown {what}: {printable(name)}; known are {', '.join(known)}")


def read_value(value: Any, default: object, allowed: Mapping[str, Any], where: str) -> object:
    """The value, if it has the default's type and is allowed; a whole number may stand for a real one.

    `allowed` is a dataclass field's metadata. Raises `ConfigError` that says what was expected.
    """
    if "free" in allowed:
        return _read_free(value, where)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    fits = type(value) is type(default)
    if "choices" in allowed:
        expected = " or ".join(f'"{choice}"' for choice in allowed["choices"])
        fits = fits and value in allowed["choices"]
    elif "low" in allowed:
        kind = "a number" if isinstance(default, float) else "a whole number"
        expected = f"{kind} from {allowed['low']:g} to {allowed['high']:g}"
        # NaN is legal TOML; it is within no range.
        fits = fits and allowed["low"] <= value <= allowed["high"]
    elif isinstance(default, bool):
        expected = "true or false"
    else:
        expected = "a name in quotes" if "needed" in allowed else "one line of text in quotes"
        fits = fits and str(value).isprintable() and bool(value or "needed" not in allowed)
    if not fits:
        raise ConfigError(f"{where} must be {expected}, found {show(value)}")
    return value


def _read_free(table: object, where: str) -> dict[str, object]:
    """A table of single values under any names; what they may be is for others to say."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a section of its own, found {show(table)}")
    for name, value in table.items():
        single = isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
        if not single and not (isinstance(value, str) and value.isprintable()):
            raise ConfigError(
                f"{where}.{printable(name)} must be a number, true, false or one line of text in quotes, "
                f"found {show(value)}"
            )
    return table
