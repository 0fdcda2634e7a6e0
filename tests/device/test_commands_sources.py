import argparse
import os
import sys
from pathlib import Path

import cv2
import pytest

from facelatch.cameras import Camera
from facelatch.cameras.drivers import DriverSettings
from facelatch.cameras.scripted import ScriptedCamera
from facelatch.commands.options import add_config
from facelatch.commands.sources import (
    add_model,
    add_source,
    add_store,
    to_camera,
    to_config,
    to_model,
    to_store,
    warn,
)
from facelatch.config import Config, load
from facelatch.errors import ConfigError


def settings(*words: object, config: str | None = None, folder: Path | None = None) -> Config:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_config(parser)
    for add in (add_source, add_model, add_store):
        add(parser)
    if config is not None and folder is not None:
        (folder / "facelatch.toml").write_text(config)
        words = (*words, "--config", folder / "facelatch.toml")
    return to_config(parser.parse_args([str(word) for word in words]))


def test_without_options_the_config_is_what_it_was(tmp_path: Path) -> None:
    assert settings() == load(None)
    assert settings(config="[model]\nthreads = 2\n", folder=tmp_path).model.threads == 2


@pytest.mark.parametrize(
    ("words", "section", "key", "value"),
    [
        pytest.param(["--bundle", "b"], "model", "bundle", "b", id="bundle"),
        pytest.param(["--runtime", "tflite-runtime"], "model", "runtime", "tflite-runtime", id="runtime"),
        pytest.param(["--store", "/s"], "store", "folder", "/s", id="store"),
        pytest.param(["--store", "/s"], "store", "key", "", id="key-goes-with-the-store"),
        pytest.param(["--capture", "c"], "camera", "driver", "replay", id="capture-driver"),
        pytest.param(["--capture", "c"], "camera", "recording", "c", id="capture"),
        pytest.param(["--recording", "r.db3"], "camera", "driver", "realsense", id="recording-driver"),
        pytest.param(["--recording", "r.db3"], "camera", "recording", "r.db3", id="recording"),
        pytest.param(["--recording", "r.db3"], "camera", "serial", "", id="a-recording-of-any-camera"),
    ],
)
def test_an_option_stands_in_place_of_a_setting(
    words: list[str], section: str, key: str, value: str, tmp_path: Path
) -> None:
    config = '[store]\nkey = "/k"\n[camera]\nserial = "7"\n'
    assert getattr(getattr(settings(*words, config=config, folder=tmp_path), section), key) == value


@pytest.mark.parametrize(
    ("words", "options"),
    [
        pytest.param(["--recording", "r.db3"], {"x": 1}, id="the-same-driver"),
        pytest.param(["--capture", "c"], {}, id="another-driver"),
    ],
)
def test_options_go_to_no_other_driver(words: list[str], options: object, tmp_path: Path) -> None:
    text = "[camera.options]\nx = 1\n"
    assert settings(*words, config=text, folder=tmp_path).camera.options == options


def test_a_folder_of_templates_is_meant_from_where_the_command_runs() -> None:
    assert Path(settings("--store", "t").store.folder) == Path.cwd() / "t"


def test_the_store_keeps_its_key_where_the_config_says(tmp_path: Path) -> None:
    config = '[store]\nfolder = "/s"\nkey = "/elsewhere/k"\n'
    assert to_store(settings(config=config, folder=tmp_path)).key_path == Path("/elsewhere/k")
    assert to_store(settings("--store", "/s")).key_path == Path("/s.key")


@pytest.mark.parametrize(
    ("stall_s", "longest_wait_s", "waits_s"),
    [
        pytest.param(5, 20, 5, id="the-settings-are-shorter"),
        pytest.param(30, 10, 10, id="the-watchdog-is-shorter"),
        pytest.param(60, None, 60, id="no-watchdog"),
    ],
)
def test_a_stall_is_noticed_before_the_watchdog_bites(
    stall_s: float, longest_wait_s: float | None, waits_s: float, tmp_path: Path
) -> None:
    asked: list[tuple[str, DriverSettings]] = []

    def open_named(driver: str, how: DriverSettings) -> Camera:
        asked.append((driver, how))
        return ScriptedCamera([])

    text = f'[camera]\nserial = "7"\nstall_s = {stall_s}\n[camera.options]\nx = 1\n'
    config = settings(config=text, folder=tmp_path)
    limit = {} if longest_wait_s is None else {"longest_wait_s": longest_wait_s}
    to_camera(config, **limit, open_named=open_named)
    assert asked == [("realsense", DriverSettings("7", stall_s=waits_s, options={"x": 1}))]


def test_a_warning_that_nobody_hears_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        warn("the disk is full")
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space"):
            full.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


def test_the_model_is_given_the_cores_that_the_settings_say(bundle: Path, tmp_path: Path) -> None:
    before = cv2.getNumThreads()
    try:
        for threads in (2, 1):
            to_model(settings("--bundle", bundle, config=f"[model]\nthreads = {threads}\n", folder=tmp_path))
            assert cv2.getNumThreads() == threads
    finally:
        cv2.setNumThreads(before)


def test_frames_come_from_one_source() -> None:
    with pytest.raises(argparse.ArgumentError, match="not allowed with"):
        settings("--capture", "c", "--recording", "r")


def test_a_broken_config_is_refused_whatever_else_is_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="thread"):
        settings("--capture", "c", config="[model]\nthread = 2\n", folder=tmp_path)
