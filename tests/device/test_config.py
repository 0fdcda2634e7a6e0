import math
import re
import tomllib
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.config import (
    Config,
    MatchingSettings,
    effective_threshold,
    load,
    parse,
    to_lockout_rule,
    to_session_rule,
)
from facelatch.errors import ConfigError
from facelatch.lockout import LockoutRule
from facelatch.session import SessionRule

CAMERAS = Path(__file__).parents[2] / "docs" / "cameras.md"
SHIPPED = Path(__file__).parents[2] / "systemd" / "facelatch.toml"


def sections(config: Config) -> dict[str, dict[str, object]]:
    return {name: value for name, value in asdict(config).items() if name != "source"}


def to_toml(config: Config) -> str:
    def show(value: object) -> str:
        text = str(value)
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key} = {show(one)}" for key, one in value.items()) + "}"
        return text.lower() if isinstance(value, bool) else f"'{text}'" if isinstance(value, str) else text

    return "\n".join(
        line
        for name, settings in sections(config).items()
        for line in [f"[{name}]", *(f"{key} = {show(value)}" for key, value in settings.items())]
    )


def test_the_shipped_file_is_the_schema() -> None:
    assert load(SHIPPED) == Config()
    shown = tomllib.loads(SHIPPED.read_text())
    assert {name: list(table) for name, table in shown.items()} == {
        name: list(settings) for name, settings in sections(Config()).items()
    }


def test_every_setting_of_the_shipped_file_is_explained() -> None:
    lines = SHIPPED.read_text().splitlines()
    settings = [
        place
        for place, line in enumerate(lines)
        if ("=" in line or "." in line.partition("]")[0]) and not line.startswith("#")
    ]
    assert len(settings) == sum(len(table) for table in sections(Config()).values())
    assert all(lines[place - 1].startswith("# ") for place in settings)
    assert all(len(line) <= 120 for line in lines)


@pytest.mark.parametrize("table", re.findall(r"```toml\n(\[camera\].*?)```", CAMERAS.read_text(), re.DOTALL))
def test_what_the_page_about_cameras_shows_can_be_written(table: str) -> None:
    assert parse(table, "docs/cameras.md").camera.driver in table


def test_without_a_file_the_built_in_settings_hold() -> None:
    assert load(None) == Config()


def test_settings_left_out_keep_their_value() -> None:
    config = parse("[lock]\ndriver = 'gpio'\nchip = 'gpiochip0'\nline = '17'\npulse_s = 2", "f.toml")
    assert (config.lock.driver, config.lock.pulse_s, config.lock.active_low) == ("gpio", 2.0, False)
    assert isinstance(config.lock.pulse_s, float)
    assert config.matching == MatchingSettings()
    assert config.source == "f.toml"


def test_a_driver_may_be_anybodys_and_its_options_are_its_own() -> None:
    text = "[camera]\ndriver = 'orbbec'\n[camera.options]\npower = 1\ngain = 0.5\nfast = true\nmode = 'x'"
    camera = parse(text, "f.toml").camera
    assert camera.driver == "orbbec"
    assert camera.options == {"power": 1, "gain": 0.5, "fast": True, "mode": "x"}


@given(
    threads=st.integers(1, 16),
    stall_s=st.floats(0.5, 60),
    frames=st.integers(1, 30),
    max_distance=st.floats(0, 2),
    active_low=st.booleans(),
)
def test_round_trip(
    *, threads: int, stall_s: float, frames: int, max_distance: float, active_low: bool
) -> None:
    default = Config()
    config = replace(
        default,
        model=replace(default.model, threads=threads, bundle="/srv/model"),
        camera=replace(
            default.camera,
            stall_s=stall_s,
            driver="replay",
            recording="/srv/capture",
            options={"emitter": active_low, "power": stall_s, "step": threads, "preset": "high"},
        ),
        matching=replace(default.matching, frames=frames, max_distance=max_distance),
        lock=replace(default.lock, driver="gpio", chip="gpiochip0", line="GPIO17", active_low=active_low),
    )
    assert parse(to_toml(config), "f.toml") == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[lock", "is not TOML", id="cut"),
        pytest.param("[[lock]]", r"lock must be a section, \[lock\]", id="list"),
        pytest.param("lock = 3", "lock must be a section", id="number"),
        pytest.param("[door]", "unknown section: door; known are model, camera", id="section"),
        pytest.param("[source]", "unknown section: source", id="not-a-section"),
        pytest.param("pulse_s = 1", "unknown section: pulse_s", id="key-outside"),
        pytest.param("[lock]\npuls_s = 1", r"unknown key in \[lock\]: puls_s; known are driver", id="typo"),
        pytest.param("[lock]\npulse_s = '3'", r"lock\.pulse_s must be a number from 0\.1 to 30", id="type"),
        pytest.param("[lock]\npulse_s = 31", r"lock\.pulse_s must be a number from 0\.1 to 30", id="high"),
        pytest.param("[lock]\npulse_s = 0", r"lock\.pulse_s must be", id="low"),
        pytest.param("[lock]\npulse_s = nan", r"lock\.pulse_s must be .* found nan", id="nan"),
        pytest.param("[lock]\npulse_s = inf", r"lock\.pulse_s must be .* found inf", id="inf"),
        pytest.param("[lock]\npulse_s = true", r"lock\.pulse_s must be .* found True", id="true"),
        pytest.param("[lock]\nactive_low = 1", r"lock\.active_low must be true or false", id="one"),
        pytest.param("[lock]\nline = 17", r"lock\.line must be one line of text in quotes", id="line"),
        pytest.param("[lock]\ndriver = 'relay'", r'must be "recording" or "gpio", found', id="driver"),
        pytest.param("[lock]\ndriver = 'gpio'", r"lock\.chip and lock\.line must be set", id="no-line"),
        pytest.param("[camera]\ndriver = 'replay'", r"camera\.recording must name", id="no-recording"),
        pytest.param("[camera]\ndriver = ['replay']", r"driver must be a name in quotes", id="list-driver"),
        pytest.param("[camera]\ndriver = ''", r"camera\.driver must be a name in quotes", id="no-driver"),
        pytest.param("[camera]\noptions = 3", r"camera\.options must be a section", id="options"),
        pytest.param("[camera.options]\na = [1]", r"camera\.options\.a must be a number", id="list-option"),
        pytest.param("[camera.options]\na = nan", r"options\.a must be .* found nan", id="nan-option"),
        pytest.param("[camera.options]\na.b = 1", r"options\.a must be .* found", id="table-option"),
        pytest.param("[camera.options]\na = 'x\ty'", r"options\.a must be", id="tab-option"),
        pytest.param('[camera]\nserial = "a\\nb"', r"camera\.serial must be one line", id="two-lines"),
        pytest.param("[matching]\nframes = 2.0", r"matching\.frames must be a whole number", id="real"),
        pytest.param("[matching]\nmax_distance = nan", r"matching\.max_distance must be", id="nan-distance"),
        pytest.param("[matching]\nmax_distance = -0.1", r"matching\.max_distance must be", id="negative"),
        pytest.param("[matching]\nframes = 9\nattempts = 5", r"\[matching\]: frames must be", id="frames"),
        pytest.param("[lockout]\nfirst_s = 700", r"\[lockout\]: a lockout needs", id="lockout"),
        pytest.param("[store]\nfolder = ''", r"store\.folder must be an absolute path", id="no-folder"),
        pytest.param("[events]\npath = 'events'", r"events\.path must be an absolute path", id="relative"),
        pytest.param("x = " + "[" * 5000, "is not TOML", id="deep"),
    ],
)
def test_refuses_with_file_and_key(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse(text, "/etc/f.toml")
    assert str(caught.value).startswith("/etc/f.toml")
    assert "TOML" in message or str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("kind", "name", "low", "high"),
    [
        (kind.name, entry.name, entry.metadata["low"], entry.metadata["high"])
        for kind in fields(Config)
        if kind.name != "source"
        for entry in fields(getattr(Config(), kind.name))
        if "low" in entry.metadata
    ],
)
def test_every_range_is_kept(kind: str, name: str, low: float, high: float) -> None:
    for value in (low - 1, high + 1):
        with pytest.raises(ConfigError, match=rf"{kind}\.{name} must be .* from"):
            parse(f"[{kind}]\n{name} = {value}", "f.toml")


@given(st.text(max_size=60))
def test_any_text_is_a_config_or_an_error(text: str) -> None:
    with suppress(ConfigError):
        parse(text, "f.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, r"cannot be read \(No such file.*check --config", id="missing"),
        pytest.param(b"\xff\xfe", r"is not text.*start again from the shipped", id="binary"),
    ],
)
def test_names_an_unreadable_file(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "f.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def with_distance(max_distance: float) -> Config:
    return replace(Config(), matching=MatchingSettings(max_distance=max_distance), source="f.toml")


@pytest.mark.parametrize(("wanted", "used"), [(0.0, 0.8), (0.5, 0.5), (0.8, 0.8)])
def test_the_threshold_may_only_be_stricter(wanted: float, used: float) -> None:
    assert effective_threshold(0.8, with_distance(wanted)) == used


@pytest.mark.parametrize("wanted", [0.81, 2.0, math.nan, math.inf])
def test_a_looser_threshold_is_refused(wanted: float) -> None:
    with pytest.raises(
        ConfigError, match=r"f\.toml: matching\.max_distance .* is looser than the model's own 0\.8"
    ):
        effective_threshold(0.8, with_distance(wanted))


@given(st.floats(0.01, 2), st.floats(0, 2))
def test_the_threshold_is_never_above_the_cards(card: float, wanted: float) -> None:
    with suppress(ConfigError):
        assert effective_threshold(card, with_distance(wanted)) <= card


def test_rules_are_the_settings() -> None:
    assert to_session_rule(Config()) == SessionRule()
    assert to_session_rule(Config(), 0.6) == SessionRule(reach=0.6)
    assert to_lockout_rule(Config()) == LockoutRule()
