"""The settings, each with its one default and what it may be; the shipped `facelatch.toml` shows them all.

A file may leave a setting out; an unknown key, a wrong type or a value out of range is refused with its name.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from facelatch.errors import ConfigError
from facelatch.fields import build, printable, show
from facelatch.lockout import LockoutRule
from facelatch.session import SessionRule

Number = TypeVar("Number", int, float)


def _between(default: Number, low: Number, high: Number) -> Number:
    limited: Number = field(default=default, metadata={"low": low, "high": high})
    return limited


def _one_of(default: str, *others: str) -> str:
    limited: str = field(default=default, metadata={"choices": (default, *others)})
    return limited


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which encoder runs, and how."""

    bundle: str = "default"
    """`default` is the one that comes with this release; anything else is a bundle's folder."""
    runtime: str = _one_of("ai-edge-litert", "tflite-runtime")
    threads: int = _between(1, 1, 16)


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Where frames come from."""

    driver: str = _one_of("realsense", "replay")
    serial: str = ""
    recording: str = ""
    stall_s: float = _between(5.0, 0.5, 60.0)


@dataclass(frozen=True, slots=True)
class MatchingSettings:
    """How near is near enough, over how many frames."""

    max_distance: float = _between(0.0, 0.0, 2.0)
    frames: int = _between(3, 1, 30)
    attempts: int = _between(30, 1, 300)


@dataclass(frozen=True, slots=True)
class LockoutSettings:
    """How guessing is slowed down."""

    refusals: int = _between(5, 1, 20)
    first_s: float = _between(30.0, 1.0, 3600.0)
    longest_s: float = _between(600.0, 1.0, 86400.0)


@dataclass(frozen=True, slots=True)
class LockSettings:
    """What is released when somebody is granted."""

    driver: str = _one_of("recording", "gpio")
    chip: str = ""
    line: str = ""
    active_low: bool = False
    pulse_s: float = _between(3.0, 0.1, 30.0)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where templates live."""

    folder: str = "/var/lib/facelatch/templates"
    key: str = ""


@dataclass(frozen=True, slots=True)
class EventsSettings:
    """Where events are written."""

    path: str = ""


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """The pace of the daemon."""

    cooldown_s: float = _between(2.0, 0.0, 60.0)


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, section by section; `Config()` is the shipped file."""

    model: ModelSettings = ModelSettings()
    camera: CameraSettings = CameraSettings()
    matching: MatchingSettings = MatchingSettings()
    lockout: LockoutSettings = LockoutSettings()
    lock: LockSettings = LockSettings()
    store: StoreSettings = StoreSettings()
    events: EventsSettings = EventsSettings()
    daemon: DaemonSettings = DaemonSettings()
    source: str = field(default="built-in settings", compare=False)
    """The file, for messages."""


def load(path: Path | None) -> Config:
    """The settings in a file, or the built-in ones for None; a `ConfigError` names file and key."""
    if path is None:
        return Config()
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as problem:
        raise ConfigError(
            f"{path}: is not text, expected a TOML file; start again from the shipped facelatch.toml"
        ) from problem
    except OSError as problem:
        raise ConfigError(
            f"{path}: cannot be read ({problem.strerror}); check --config, and who may read the file"
        ) from problem
    return parse(text, str(path))


def parse(text: str, source: str) -> Config:
    """The settings in `text`, which `source` names in messages."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ConfigError(f"{source}: is not TOML ({problem})") from problem
    sections = {entry.name: cast(type[Any], entry.type) for entry in fields(Config) if entry.name != "source"}
    _refuse_unknown(tables, list(sections), source, "section")
    chosen: dict[str, Any] = {
        name: _read_section(table, sections[name], name, source) for name, table in tables.items()
    }
    config = Config(**chosen, source=source)
    _check_together(config)
    return config


def effective_threshold(card_threshold: float, config: Config) -> float:
    """The distance in use: the card's, or a stricter one from the config; a looser one is a `ConfigError`."""
    wanted = config.matching.max_distance
    if wanted == 0:
        return card_threshold
    if not wanted <= card_threshold:
        raise ConfigError(
            f"{config.source}: matching.max_distance {wanted:g} is looser than the model's own "
            f"{card_threshold:g}; set it to 0 for the model's, or to less than {card_threshold:g}"
        )
    return wanted


def to_session_rule(config: Config) -> SessionRule:
    """The session's part of the settings."""
    return SessionRule(config.matching.frames, config.matching.attempts)


def to_lockout_rule(config: Config) -> LockoutRule:
    """The lockout's part of the settings."""
    return LockoutRule(config.lockout.refusals, config.lockout.first_s, config.lockout.longest_s)


def _read_section(table: object, kind: type[Any], section: str, source: str) -> Any:
    if not isinstance(table, dict):
        raise ConfigError(f"{source}: {section} must be a section, [{section}], found {show(table)}")
    known = {entry.name: entry for entry in fields(kind)}
    _refuse_unknown(table, list(known), source, f"key in [{section}]")
    return kind(
        **{
            name: _read_value(value, known[name].default, known[name].metadata, f"{source}: {section}.{name}")
            for name, value in table.items()
        }
    )


def _read_value(value: Any, default: object, allowed: Mapping[str, Any], where: str) -> object:
    """The value, if it has the default's type and is allowed; a whole number may stand for a real one."""
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
        expected = "one line of text in quotes"
        fits = fits and str(value).isprintable()
    if not fits:
        raise ConfigError(f"{where} must be {expected}, found {show(value)}")
    return value


def _check_together(config: Config) -> None:
    """Refuse settings that are each allowed but not with one another."""
    source = config.source
    build(lambda: to_session_rule(config), f"{source}: [matching]", ConfigError)
    build(lambda: to_lockout_rule(config), f"{source}: [lockout]", ConfigError)
    if config.camera.driver == "replay" and not config.camera.recording:
        raise ConfigError(f"{source}: camera.recording must name a capture folder for the replay driver")
    if config.lock.driver == "gpio" and not (config.lock.chip and config.lock.line):
        raise ConfigError(
            f"{source}: lock.chip and lock.line must be set for the gpio driver; see `gpioinfo`"
        )
    paths = {
        "store.folder": config.store.folder,
        "store.key": config.store.key,
        "events.path": config.events.path,
    }
    for name, path in paths.items():
        if not Path(path).is_absolute() and (path or name == "store.folder"):
            raise ConfigError(f"{source}: {name} must be an absolute path, found {show(path)}")


def _refuse_unknown(table: Mapping[str, object], known: list[str], source: str, what: str) -> None:
    for name in table:
        if name not in known:
            raise ConfigError(f"{source}: unknown {what}: {printable(name)}; known are {', '.join(known)}")
