"""The settings of the door's lines, which are read on their own.

The lock's keeper must start whatever is wrong with the camera or the model, so it looks at these sections alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facelatch.errors import ConfigError
from facelatch.sections import between, one_of, read_section, read_text, to_tables


@dataclass(frozen=True, slots=True)
class LockSettings:
    """What is released when somebody is granted."""

    driver: str = one_of("recording", "gpio")
    chip: str = ""
    line: str = ""
    active_low: bool = False
    wiring: str = one_of("fail-secure", "fail-safe")
    pulse_s: float = between(3.0, 0.1, 30.0)
    again: str = one_of("ignore", "extend")


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """What else is wired to the door; a line without a name is not there."""

    chip: str = ""
    """Empty: the lock's."""
    button: str = ""
    button_active_low: bool = True
    button_pulse_s: float = between(3.0, 0.1, 30.0)
    contact: str = ""
    contact_active_low: bool = False
    held_open_s: float = between(30.0, 1.0, 3600.0)
    secure_when_opened: bool = False
    bias: str = one_of("pull-up", "pull-down", "none")
    debounce_s: float = between(0.03, 0.001, 1.0)
    led: str = ""
    led_active_low: bool = False
    buzzer: str = ""
    buzzer_active_low: bool = False


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """All of the door."""

    lock: LockSettings = LockSettings()
    panel: PanelSettings = PanelSettings()


def load_door(path: Path | None) -> DoorSettings:
    """The door's settings in a file, or the built-in ones for None; what other sections hold is not looked at."""
    return DoorSettings() if path is None else parse_door(read_text(path), str(path))


def parse_door(text: str, source: str) -> DoorSettings:
    """The door's settings in `text`, which `source` names in messages."""
    return read_door(to_tables(text, source), source)


def read_door(tables: Mapping[str, Any], source: str) -> DoorSettings:
    """The door's settings in a file's sections, the built-in ones where a section is not there."""
    kinds: dict[str, type[Any]] = {"lock": LockSettings, "panel": PanelSettings}
    chosen = {
        name: read_section(tables[name], kind, name, source) for name, kind in kinds.items() if name in tables
    }
    door = DoorSettings(**chosen)
    check_door(door.lock, door.panel, source)
    return door


def check_door(lock: LockSettings, panel: PanelSettings, source: str) -> None:
    """Refuse settings that are each allowed but not with one another."""
    if lock.driver == "gpio" and not (lock.chip and lock.line):
        raise ConfigError(
            f"{source}: lock.chip and lock.line must be set for the gpio driver; see `gpioinfo`"
        )
    chip = panel.chip or lock.chip
    named = {
        f"panel.{name}": getattr(panel, name)
        for name in ("button", "contact", "led", "buzzer")
        if getattr(panel, name)
    }
    if named and not chip:
        raise ConfigError(f"{source}: {next(iter(named))} needs panel.chip or lock.chip; see `gpioinfo`")
    taken: dict[tuple[str, str], str] = {}
    if lock.driver == "gpio":
        taken[lock.chip, lock.line] = "lock.line"
    for name, line in named.items():
        other = taken.setdefault((chip, line), name)
        if other != name:
            raise ConfigError(
                f"{source}: {other} and {name} are both {line} of {chip}; each needs a line of its own"
            )
