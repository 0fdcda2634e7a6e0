"""Strict reading of decoded JSON: every key known, present, of its type and in range, or a named error."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from facelatch.errors import FacelatchError

T = TypeVar("T")

REMEDY = "correct it or make it again"
"""What to do about a file that does not fit, whichever it is."""


def decode_object(text: str, where: str, error: type[FacelatchError]) -> "Fields":
    """The one JSON object in `text`; NaN, infinities and a key given twice are refused as well.

    `where` names the file in messages and `error` is what they are raised as.
    """
    try:
        value: object = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as problem:
        raise error(
            f"{where}: is not JSON as expected ({problem}); the file is damaged or foreign, {REMEDY}"
        ) from problem
    return Fields(value, where, error)


@dataclass(slots=True)
class Fields:
    """A decoded object that is read key by key; `done` refuses what nobody read."""

    value: object
    where: str
    error: type[FacelatchError]
    prefix: str = ""
    _read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Refuse what is not an object."""
        if not isinstance(self.value, dict):
            name = self.prefix.rstrip(".") or "the whole file"
            raise self.error(f"{self.where}: {name} must be an object, found {show(self.value)}; {REMEDY}")

    def take(self, key: str) -> object:
        """The raw value of a key that must be there."""
        if key not in self._mapping:
            raise self.error(
                f"{self.where}: key {self.prefix}{key} is missing; the file is incomplete or foreign, {REMEDY}"
            )
        self._read.add(key)
        return self._mapping[key]

    def text(self, key: str) -> str:
        """A string without control characters."""
        value = self.take(key)
        if not isinstance(value, str) or not value.isprintable():
            self.refuse(key, "one line of printable text", value)
        return value

    def text_or_none(self, key: str) -> str | None:
        """A string without control characters, or None for null."""
        return None if self.take(key) is None else self.text(key)

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number within [low, high]; true and 1.0 are none."""
        value = self.take(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.refuse(key, f"a whole number from {low} to {high}", value)
        return value

    def real(self, key: str, low: float, high: float) -> float:
        """A number within [low, high]; never NaN."""
        value = self.take(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            self.refuse(key, f"a number from {low:g} to {high:g}", value)
        return float(value)

    def real_or_none(self, key: str, low: float, high: float) -> float | None:
        """A number within [low, high], or None for null."""
        return None if self.take(key) is None else self.real(key, low, high)

    def child(self, key: str) -> "Fields":
        """An object within this one."""
        return Fields(self.take(key), self.where, self.error, f"{self.prefix}{key}.")

    def items(self, key: str) -> list[object]:
        """A list of anything."""
        value = self.take(key)
        if not isinstance(value, list):
            self.refuse(key, "a list", value)
        return value

    def children(self, key: str) -> list["Fields"]:
        """A list of objects."""
        return [
            Fields(value, self.where, self.error, f"{self.prefix}{key}[{place}].")
            for place, value in enumerate(self.items(key))
        ]

    def mapping(self, key: str) -> dict[str, Any]:
        """An object with keys of its own choice."""
        value = self.take(key)
        if not isinstance(value, dict):
            self.refuse(key, "an object", value)
        return value

    def refuse(self, key: str, expected: str, found: object) -> NoReturn:
        """Raise the error for one key."""
        raise self.error(
            f"{self.where}: {self.prefix}{key} must be {expected}, found {show(found)}; {REMEDY}"
        )

    def done(self) -> None:
        """Refuse keys that nobody asked for: a typing error must not vanish silently."""
        unknown = sorted(set(self._mapping) - self._read)
        if unknown:
            raise self.error(
                f"{self.where}: unknown key {self.prefix}{printable(unknown[0])}; this release knows "
                f"{', '.join(sorted(self._read))}; {REMEDY}"
            )

    @property
    def _mapping(self) -> Mapping[str, Any]:
        assert isinstance(self.value, dict)
        return self.value


def build(make: Callable[[], T], where: str, error: type[FacelatchError]) -> T:
    """What `make` gives; its ValueError becomes one sentence about the file."""
    try:
        return make()
    except ValueError as problem:
        raise error(f"{where}: {problem}; {REMEDY}") from problem


def show(value: object) -> str:
    """A value in a message: short, on one line."""
    text = printable(repr(value))
    return text if len(text) <= 60 else text[:57] + "..."


def printable(text: str) -> str:
    """The text on one line, with everything odd escaped: a foreign file must not drive a terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that can be used")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key is given twice")
    return mapping
