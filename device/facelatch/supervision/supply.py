"""A Raspberry Pi's power supply as the board tells it: what is wrong now, and what was since it booted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from facelatch.diagnosis.board import read_throttling

Supply = tuple[str, ...] | None
"""The firmware's reports in words; None where it tells nothing, as on most other boards."""

_NOW, _SINCE_BOOT = " now", " since boot"


@dataclass(slots=True)
class SupplyWatch:
    """Reads the supply every so often and tells when it differs; cameras fail first when it is weak."""

    read: Callable[[], Supply]
    tell: Callable[[Supply], object]
    every_s: float = 30.0
    _known: Supply = None
    _read_ns: int | None = None

    def __call__(self, now_ns: int) -> None:
        """Read again if it is time."""
        if self._read_ns is not None and now_ns - self._read_ns < self.every_s * 1e9:
            return
        self._read_ns = now_ns
        found = self.read()
        if found != self._known:
            self._known = found
            self.tell(found)


def read_supply(root: Path = Path("/")) -> Supply:
    """What sysfs tells; asks no program, so that a service without devices may call it."""
    return read_throttling(root)


def wrong_now(supply: Supply) -> tuple[str, ...]:
    """The reports that hold at this moment."""
    return tuple(words for words in supply or () if words.endswith(_NOW))


def to_words(supply: Supply) -> str:
    """The supply on one line: what holds now comes first."""
    if supply is None:
        return "not told by this board"
    before = tuple(words for words in supply if words.endswith(_SINCE_BOOT))
    return ", ".join((*wrong_now(supply), *before)) or "good"
