import argparse
from pathlib import Path

import pytest

from facelatch.commands import secure_lock
from facelatch.config import Config, LockSettings
from facelatch.errors import ConfigError, LockError
from facelatch.exit_codes import ExitCode
from tests.gpiochips import Board, Line

CHIP = "/dev/gpiochip0"


def run(config: Path | None, board: Board | None = None) -> ExitCode:
    return secure_lock.run(argparse.Namespace(config=config), None if board is None else board.open)


def make_door(line: Line, folder: Path) -> tuple[Board, Path]:
    """A board with this line, and the settings of a lock on it."""
    config = folder / "facelatch.toml"
    active_low = str(line.active_low).lower()
    config.write_text(
        f'[lock]\ndriver = "gpio"\nchip = "{CHIP}"\nline = "{line.name}"\nactive_low = {active_low}\n'
    )
    return Board({CHIP: ("pinctrl-test", [Line("GPIO4"), line])}), config


@pytest.mark.parametrize(
    ("active_low", "left_at", "shut_at"),
    [
        pytest.param(False, 1, 0, id="left-released"),
        pytest.param(True, 0, 1, id="left-released-active-low"),
        pytest.param(False, 0, 0, id="left-secured"),
    ],
)
def test_the_line_that_a_killed_daemon_left_is_driven_to_shut_and_given_back(
    *, active_low: bool, left_at: int, shut_at: int, tmp_path: Path
) -> None:
    line = Line("GPIO17", level=left_at, active_low=active_low)
    board, config = make_door(line, tmp_path)
    assert run(config, board) is ExitCode.OK
    assert (line.level, set(line.levels), line.consumer) == (shut_at, {shut_at}, "")
    assert board.open_chips == 0


def test_a_line_that_the_daemon_holds_is_not_taken_from_it(tmp_path: Path) -> None:
    line = Line("GPIO17", level=1, consumer="facelatch")
    board, config = make_door(line, tmp_path)
    with pytest.raises(LockError, match="in use"):
        run(config, board)
    assert (line.levels, line.consumer) == ([], "facelatch")


def test_a_lock_without_a_door_is_soon_secured() -> None:
    assert run(None) is ExitCode.OK


def test_a_door_that_could_not_be_secured_is_an_error() -> None:
    config = Config(lock=LockSettings(driver="gpio", chip="/dev/gpiochip-none", line="GPIO17"))
    with pytest.raises(LockError, match="/dev/gpiochip-none is not a GPIO chip"):
        secure_lock.secure(config)


def test_settings_come_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "facelatch.toml"
    file.write_text('[lock]\ndriver = "gpio"\nchip = "/dev/gpiochip-none"\nline = "1"\n')
    with pytest.raises(LockError):
        run(file)
    with pytest.raises(ConfigError):
        run(tmp_path / "missing.toml")


def test_the_options_fit_the_unit() -> None:
    parser = argparse.ArgumentParser()
    secure_lock.add_arguments(parser)
    assert parser.parse_args(["--config", "/etc/facelatch/facelatch.toml"]).config == Path(
        "/etc/facelatch/facelatch.toml"
    )
