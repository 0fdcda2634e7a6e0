import argparse
from pathlib import Path

import pytest

from facelatch.commands import secure_lock
from facelatch.config import Config, LockSettings
from facelatch.errors import ConfigError, LockError
from facelatch.exit_codes import ExitCode


def run(config: Path | None) -> ExitCode:
    return secure_lock.run(argparse.Namespace(config=config))


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
