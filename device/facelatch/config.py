"""The settings, each with its one default and what it may be; the shipped `facelatch.toml` shows them all.

A file may leave a setting out; an unknown key, a wrong type or a value out of range is refused with its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from facelatch.errors import ConfigError
from facelatch.fields import build, show
from facelatch.keeping.settings import LockSettings, PanelSettings, check_door
from facelatch.lockout import LockoutRule
from facelatch.sections import between, one_of, read_section, read_text, refuse_unknown, to_tables
from facelatch.session import USUAL_REACH, SessionRule


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which encoder runs, and how."""

    bundle: str = "default"
    """`default` is the one that comes with this release; anything else is a bundle's folder."""
    runtime: str = one_of("ai-edge-litert", "tflite-runtime")
    threads: int = between(1, 1, 16)


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Where frames come from."""

    driver: str = field(default="realsense", metadata={"needed": True})
    """Which drivers there are is known only where cameras are opened: packages bring their own."""
    serial: str = ""
    recording: str = ""
    stall_s: float = between(5.0, 0.5, 60.0)
    options: Mapping[str, bool | int | float | str] = field(default_factory=dict, metadata={"free": True})
    """The driver's own; it refuses what it does not know."""


@dataclass(frozen=True, slots=True)
class MatchingSettings:
    """How near is near enough, over how many frames."""

    max_distance: float = between(0.0, 0.0, 2.0)
    frames: int = between(3, 1, 30)
    attempts: int = between(30, 1, 300)


@dataclass(frozen=True, slots=True)
class LockoutSettings:
    """How guessing is slowed down."""

    refusals: int = between(5, 1, 20)
    first_s: float = between(30.0, 1.0, 3600.0)
    longest_s: float = between(600.0, 1.0, 86400.0)


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

    cooldown_s: float = between(2.0, 0.0, 60.0)
    status: str = "/run/facelatch/status.json"


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, section by section; `Config()` is the shipped file."""

    model: ModelSettings = ModelSettings()
    camera: CameraSettings = CameraSettings()
    matching: MatchingSettings = MatchingSettings()
    lockout: LockoutSettings = LockoutSettings()
    lock: LockSettings = field(default_factory=LockSettings)
    panel: PanelSettings = field(default_factory=PanelSettings)
    store: StoreSettings = StoreSettings()
    events: EventsSettings = EventsSettings()
    daemon: DaemonSettings = DaemonSettings()
    source: str = field(default="built-in settings", compare=False)
    """The file, for messages."""


def load(path: Path | None) -> Config:
    """The settings in a file, or the built-in ones for None; a `ConfigError` names file and key."""
    if path is None:
        return Config()
    return parse(read_text(path), str(path))


def parse(text: str, source: str) -> Config:
    """The settings in `text`, which `source` names in messages."""
    tables = to_tables(text, source)
    sections = {entry.name: cast(type[Any], entry.type) for entry in fields(Config) if entry.name != "source"}
    refuse_unknown(tables, list(sections), source, "section")
    chosen: dict[str, Any] = {
        name: read_section(table, sections[name], name, source) for name, table in tables.items()
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


def to_session_rule(config: Config, reach: float = USUAL_REACH) -> SessionRule:
    """The session's part of the settings; `reach` is the card's `enrolment_limit`."""
    return SessionRule(config.matching.frames, config.matching.attempts, reach)


def to_lockout_rule(config: Config) -> LockoutRule:
    """The lockout's part of the settings."""
    return LockoutRule(config.lockout.refusals, config.lockout.first_s, config.lockout.longest_s)


def _check_together(config: Config) -> None:
    """Refuse settings that are each allowed but not with one another."""
    source = config.source
    build(lambda: to_session_rule(config), f"{source}: [matching]", ConfigError)
    build(lambda: to_lockout_rule(config), f"{source}: [lockout]", ConfigError)
    if config.camera.driver == "replay" and not config.camera.recording:
        raise ConfigError(f"{source}: camera.recording must name a capture folder for the replay driver")
    check_door(config.lock, config.panel, source)
    paths = {
        "store.folder": config.store.folder,
        "store.key": config.store.key,
        "events.path": config.events.path,
        "daemon.status": config.daemon.status,
    }
    for name, path in paths.items():
        if not Path(path).is_absolute() and (path or name == "store.folder"):
            raise ConfigError(f"{source}: {name} must be an absolute path, found {show(path)}")
