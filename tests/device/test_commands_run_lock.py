"""The daemon's command with a lock on a GPIO line: the door is shut however it ends, signals apart."""

import argparse
import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from gpiod.line import Value

from facelatch import resources
from facelatch.commands import run
from facelatch.errors import CaptureError, LockError, ModelError
from facelatch.exit_codes import ExitCode
from facelatch.store import Store
from tests.gpiochips import Board, Line, refusal

CHIP = "/dev/gpiochip0"
VISIT = resources.demo_folder() / "owner" / "poses"


def nothing() -> None:
    """Most strikes just move."""


@dataclass
class Strike(Line):
    """A line on which something happens right after it is released, or right before it is secured again."""

    after_release: Callable[[], object] = nothing
    before_securing: Callable[[], object] = nothing

    def drive(self, value: Value) -> None:
        if value == Value.INACTIVE and self.is_released:
            self.before_securing()
        super().drive(value)
        if value == Value.ACTIVE:
            self.after_release()

    @property
    def is_released(self) -> bool:
        return bool(self.levels) and self.level != int(self.active_low)

    @property
    def releases(self) -> int:
        """How often the door was let open."""
        secured = int(self.active_low)
        before = [secured, *self.levels]
        return sum(one == secured != other for one, other in zip(before, self.levels, strict=False))


def watch(
    line: Strike, bundle: Path, store: Store, folder: Path, *, capture: Path = VISIT, pulse_s: float = 0.1
) -> ExitCode:
    """Run the command at this line; it must be given back whatever happens."""
    config = folder / "facelatch.toml"
    config.write_text(
        f'[lock]\ndriver = "gpio"\nchip = "{CHIP}"\nline = "GPIO17"\n'
        f"active_low = {str(line.active_low).lower()}\npulse_s = {pulse_s}\n"
        f'[events]\npath = "{folder / "events"}"\n'
    )
    board = Board({CHIP: ("pinctrl-test", [Line("GPIO4"), line])})
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    words = ("--config", config, "--capture", capture, "--bundle", bundle, "--store", store.folder)
    try:
        return run.run(parser.parse_args([str(word) for word in words]), board.open)
    finally:
        assert (line.consumer, board.open_chips) == ("", 0)


def events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / "events").read_text().splitlines()]


@pytest.mark.parametrize("active_low", [False, True], ids=["active-high", "active-low"])
def test_it_is_shut_when_a_recording_ends(
    active_low: bool, bundle: Path, enrolled: Store, tmp_path: Path
) -> None:
    """Released once for whom it knows, and shut from the start on: a killed daemon left it open."""
    line = Strike("GPIO17", level=int(not active_low), active_low=active_low)
    assert watch(line, bundle, enrolled, tmp_path) is ExitCode.OK
    assert (line.level, line.levels[0], line.releases) == (int(active_low), int(active_low), 1)
    assert events(tmp_path) == ["started", "granted", "stopped"]


def crash() -> None:
    raise RuntimeError("a mistake of ours")


def test_it_is_shut_when_the_daemon_crashes_in_the_middle_of_a_pulse(
    bundle: Path, enrolled: Store, tmp_path: Path
) -> None:
    line = Strike("GPIO17", after_release=crash)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        watch(line, bundle, enrolled, tmp_path)
    assert (line.level, line.releases) == (0, 1)


def test_it_is_tried_again_when_it_could_not_be_shut(bundle: Path, enrolled: Store, tmp_path: Path) -> None:
    troubles = [refusal(errno.EIO)]

    def fail_once() -> None:
        if troubles:
            raise troubles.pop()

    line = Strike("GPIO17", before_securing=fail_once)
    with pytest.raises(LockError, match="cannot be driven"):
        watch(line, bundle, enrolled, tmp_path)
    assert (line.level, line.releases) == (0, 1)
    assert events(tmp_path) == ["started", "granted", "lock-failed", "stopped"]


def test_it_is_shut_where_there_is_no_model(enrolled: Store, tmp_path: Path) -> None:
    line = Strike("GPIO17", level=1)
    with pytest.raises(ModelError):
        watch(line, tmp_path / "none", enrolled, tmp_path)
    assert (line.level, line.releases) == (0, 0)


@pytest.mark.parametrize("cut", ["capture.json", "0001.depth.png"], ids=["at-its-start", "after-a-frame"])
def test_it_is_shut_when_a_recording_is_damaged(
    cut: str, bundle: Path, enrolled: Store, tmp_path: Path
) -> None:
    capture = shutil.copytree(VISIT, tmp_path / "visit")
    (capture / cut).write_bytes(b"")
    line = Strike("GPIO17", level=1)
    with pytest.raises(CaptureError, match=cut):
        watch(line, bundle, enrolled, tmp_path, capture=capture)
    assert (line.level, line.releases) == (0, 0)
