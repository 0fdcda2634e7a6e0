"""`facelatch secure-lock`: shut the door, whatever happened to the daemon."""

import argparse

from facelatch.commands.options import add_config
from facelatch.config import Config, LockSettings, load
from facelatch.exit_codes import ExitCode
from facelatch.locks import Lock
from facelatch.locks.drivers import open_lock
from facelatch.locks.gpio import OpenChip

DESCRIPTION = """\
Hold the configured lock shut. The service's ExecStopPost= calls this, because a killed daemon runs no cleanup
and some GPIO controllers keep the level that it left behind. Refused while the daemon itself holds the lock.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)


def run(arguments: argparse.Namespace, open_chip: OpenChip | None = None) -> ExitCode:
    """Secure the lock; raises `ConfigError` or `LockError` where it cannot be."""
    secure(load(arguments.config), open_chip)
    return ExitCode.OK


def secure(config: Config, open_chip: OpenChip | None = None) -> None:
    """Hold the configured lock shut; opening a lock secures it, closing it does so again."""
    to_lock(config.lock, open_chip).close()


def to_lock(settings: LockSettings, open_chip: OpenChip | None = None) -> Lock:
    """The lock that the settings name, secured: the same one for the daemon and for what runs after it."""
    return open_lock(
        settings.driver,
        chip=settings.chip,
        line=settings.line,
        active_low=settings.active_low,
        open_chip=open_chip,
    )
