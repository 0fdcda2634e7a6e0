"""The daemon's command with a keeper of its own on a scripted chip: the door is shut however it ends."""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from facelatch import resources
from facelatch.commands import run
from facelatch.door import Door
from facelatch.errors import CaptureError, ConfigError, LockError, ModelError
from facelatch.exit_codes import ExitCode
from facelatch.store import Store
from tests.wired_door import WiredDoor, environment, wire

VISIT = resources.demo_folder() / "owner" / "poses"


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WiredDoor]:
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    with wire(tmp_path) as wired:
        wired.write_config(lock="pulse_s = 0.1", other=f'[events]\npath = "{tmp_path / "events"}"\n')
        yield wired


def watch(door: WiredDoor, bundle: Path, store: Store, *more: str, capture: Path = VISIT) -> ExitCode:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    words = (
        "--config",
        door.config,
        "--capture",
        capture,
        "--bundle",
        bundle,
        "--store",
        store.folder,
        *more,
    )
    return run.run(parser.parse_args([str(word) for word in words]), door.program)


def told(door: WiredDoor) -> list[str]:
    return [json.loads(line)["event"] for line in (door.folder / "events").read_text().splitlines()]


def steps(door: WiredDoor) -> list[str]:
    """What the line did: each level once, until it changed."""
    found = door.changes_so_far()
    return [one for place, one in enumerate(found) if place == 0 or one != found[place - 1]]


def test_it_is_released_once_for_whom_it_knows_and_shut_at_its_end(
    bundle: Path, enrolled: Store, door: WiredDoor
) -> None:
    assert watch(door, bundle, enrolled) is ExitCode.OK
    assert steps(door) == ["lock 0", "lock 1", "lock 0"]
    assert told(door) == ["started", "granted", "stopped"]


def test_it_is_shut_when_the_daemon_crashes_in_the_middle_of_a_pulse(
    bundle: Path, enrolled: Store, door: WiredDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.write_config(lock="pulse_s = 30")

    def crash(_door: Door, _now_ns: int) -> float:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Door, "left_s", crash)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        watch(door, bundle, enrolled)
    assert steps(door) == ["lock 0", "lock 1", "lock 0"]


def test_it_is_shut_and_the_daemon_ends_when_the_keeper_dies_in_the_middle_of_a_pulse(
    bundle: Path, enrolled: Store, door: WiredDoor
) -> None:
    door.hang_when_released()
    with pytest.raises(LockError, match="keeper failed"):
        watch(door, bundle, enrolled)
    assert steps(door) == ["lock 0", "lock 1", "lock 0"]
    assert told(door) == ["started", "granted", "lock-failed", "stopped"]


def test_it_is_shut_where_there_is_no_model(enrolled: Store, door: WiredDoor) -> None:
    with pytest.raises(ModelError):
        watch(door, door.folder / "none", enrolled)
    assert steps(door) == ["lock 0"]


@pytest.mark.parametrize("cut", ["capture.json", "0001.depth.png"], ids=["at-its-start", "after-a-frame"])
def test_it_is_shut_when_a_recording_is_damaged(
    cut: str, bundle: Path, enrolled: Store, door: WiredDoor
) -> None:
    capture = shutil.copytree(VISIT, door.folder / "visit")
    (capture / cut).write_bytes(b"")
    with pytest.raises(CaptureError, match=cut):
        watch(door, bundle, enrolled, capture=capture)
    assert steps(door) == ["lock 0"]


def test_a_keeper_that_runs_already_is_asked(bundle: Path, enrolled: Store, door: WiredDoor) -> None:
    with door.keeper() as keeper:
        assert watch(door, bundle, enrolled, "--keeper", str(door.socket)) is ExitCode.OK
        assert [door.change(), door.change()] == ["lock 1", "lock 0"]
        assert keeper.poll() is None


def test_without_its_keeper_it_does_not_start(bundle: Path, enrolled: Store, door: WiredDoor) -> None:
    with pytest.raises(LockError, match="no lock's keeper listens there"):
        watch(door, bundle, enrolled, "--keeper", str(door.socket))
    assert not (door.folder / "events").exists()


def test_settings_that_its_keeper_refuses_are_settings(
    bundle: Path, enrolled: Store, door: WiredDoor
) -> None:
    """They are the same file's; only between two readings may they differ."""
    door.write_config(panel='led = "lock"')
    with pytest.raises(ConfigError, match=r"lock\.line and panel\.led are both lock"):
        watch(door, bundle, enrolled)
