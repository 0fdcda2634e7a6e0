import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from facelatch.commands import secure_lock
from facelatch.errors import ConfigError, LockError
from facelatch.exit_codes import ExitCode
from facelatch.keeping.settings import DoorSettings, LockSettings
from facelatch.locks.kept import join
from facelatch.locks.remembered import remember
from tests.gpiochips import Board, Line
from tests.wired_door import WiredDoor, wire

CHIP = "/dev/gpiochip0"
NOBODY = Path("/run/facelatch-test/nobody")


def run(config: Path | None, board: Board | None = None, keeper: Path = NOBODY) -> ExitCode:
    arguments = argparse.Namespace(config=config, keeper=keeper)
    return secure_lock.run(arguments, None if board is None else board.open)


def make_door(line: Line, folder: Path, wiring: str = "fail-secure") -> tuple[Board, Path]:
    """A board with this line, and the settings of a lock on it."""
    config = folder / "facelatch.toml"
    active_low = str(line.active_low).lower()
    config.write_text(
        f'[lock]\ndriver = "gpio"\nchip = "{CHIP}"\nline = "{line.name}"\nactive_low = {active_low}\n'
        f'wiring = "{wiring}"\n[camera]\nno = "such setting"\n'
    )
    return Board({CHIP: ("pinctrl-test", [Line("GPIO4"), line])}), config


@pytest.mark.parametrize(
    ("active_low", "wiring", "left_at", "shut_at"),
    [
        pytest.param(False, "fail-secure", 1, 0, id="left-released"),
        pytest.param(True, "fail-secure", 0, 1, id="left-released-active-low"),
        pytest.param(False, "fail-secure", 0, 0, id="left-secured"),
        pytest.param(False, "fail-safe", 0, 1, id="left-released-fail-safe"),
    ],
)
def test_the_line_that_a_killed_keeper_left_is_driven_to_shut_and_given_back(
    *, active_low: bool, wiring: str, left_at: int, shut_at: int, tmp_path: Path
) -> None:
    """Whatever is wrong with the settings of the camera."""
    line = Line("GPIO17", level=left_at, active_low=active_low)
    board, config = make_door(line, tmp_path, wiring)
    assert run(config, board) is ExitCode.OK
    assert (line.level, set(line.levels), line.consumer) == (shut_at, {shut_at}, "")
    assert board.open_chips == 0


def test_a_line_that_somebody_else_holds_is_not_taken(tmp_path: Path) -> None:
    line = Line("GPIO17", level=1, consumer="other")
    board, config = make_door(line, tmp_path)
    with pytest.raises(LockError, match="in use"):
        run(config, board)
    assert (line.levels, line.consumer) == ([], "other")


def test_the_line_that_the_keeper_drove_is_shut_wherever_the_settings_lead_now(tmp_path: Path) -> None:
    """A killed keeper leaves what it was started with, and a note of it."""
    left, now = Line("GPIO17", level=1), Line("GPIO27", level=1)
    board, config = make_door(now, tmp_path)
    board.chips[CHIP][1].append(left)
    remember(DoorSettings(LockSettings("gpio", CHIP, "GPIO17")), tmp_path / "lock.sock")
    assert run(config, board, tmp_path / "lock.sock") is ExitCode.OK
    assert (left.level, left.consumer, now.level, now.consumer) == (0, "", 0, "")
    assert board.open_chips == 0


def test_it_is_shut_though_the_settings_are_broken_and_that_is_said(tmp_path: Path) -> None:
    left = Line("GPIO17", level=1)
    board, config = make_door(left, tmp_path)
    remember(DoorSettings(LockSettings("gpio", CHIP, "GPIO17")), tmp_path / "lock.sock")
    config.write_text("[lock")
    with pytest.raises(ConfigError, match="is not TOML"):
        run(config, board, tmp_path / "lock.sock")
    assert (left.level, left.consumer) == (0, "")


def test_the_configured_line_is_shut_though_the_note_is_damaged_and_that_is_said(tmp_path: Path) -> None:
    line = Line("GPIO17", level=1)
    board, config = make_door(line, tmp_path)
    (tmp_path / "lock.sock.line").write_text("{")
    with pytest.raises(LockError, match="is damaged"):
        run(config, board, tmp_path / "lock.sock")
    assert (line.level, line.consumer) == (0, "")


def test_where_no_keeper_is_meant_the_line_is_taken(tmp_path: Path) -> None:
    line = Line("GPIO17", level=1)
    board, config = make_door(line, tmp_path)
    assert run(config, board, Path(os.devnull)) is ExitCode.OK
    assert line.level == 0


@pytest.fixture
def door(tmp_path: Path) -> Iterator[WiredDoor]:
    with wire(tmp_path) as wired:
        wired.write_config(panel='button = "button"\ndebounce_s = 0.001')
        yield wired


@pytest.mark.parametrize("settings", ["", "[lock"], ids=["as-before", "broken-meanwhile"])
def test_a_keeper_that_lives_is_asked(settings: str, door: WiredDoor) -> None:
    with door.keeper():
        door.config.write_text(settings)
        lock = join(door.socket)
        lock.pulse(25.0)
        assert door.change() == "lock 1"
        assert run(door.config, keeper=door.socket) is ExitCode.OK
        assert door.change() == "lock 0"
        lock.close()


def test_whoever_is_on_the_way_out_is_let_out(door: WiredDoor, capsys: pytest.CaptureFixture[str]) -> None:
    """A daemon that cannot start calls this every few seconds, and the button must work all the same."""
    with door.keeper():
        door.move("button", 0)
        assert door.change() == "lock 1"
        assert run(door.config, keeper=door.socket) is ExitCode.OK
        assert door.changes_so_far() == []
    assert "the exit button releases the lock for" in capsys.readouterr().err


def test_a_lock_without_a_door_is_soon_secured() -> None:
    assert run(None) is ExitCode.OK


def test_a_door_that_could_not_be_secured_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "facelatch.toml"
    file.write_text('[lock]\ndriver = "gpio"\nchip = "/dev/gpiochip-none"\nline = "1"\n')
    with pytest.raises(LockError, match="/dev/gpiochip-none is not a GPIO chip"):
        run(file)
    with pytest.raises(ConfigError):
        run(tmp_path / "missing.toml")


def test_the_options_fit_the_unit() -> None:
    parser = argparse.ArgumentParser()
    secure_lock.add_arguments(parser)
    found = parser.parse_args(["--config", "/etc/facelatch/facelatch.toml", "--keeper", "/run/x"])
    assert (found.config, found.keeper) == (Path("/etc/facelatch/facelatch.toml"), Path("/run/x"))
    assert parser.parse_args([]).keeper == Path("/run/facelatch-lock/lock.sock")
