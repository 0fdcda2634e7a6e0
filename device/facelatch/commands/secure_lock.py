"""`facelatch secure-lock`: shut the door, whatever happened to the daemon or to the lock's keeper."""

import argparse
import sys
from pathlib import Path

from facelatch.commands.lock_options import KEEPER, add_keeper, to_lock
from facelatch.commands.options import add_config
from facelatch.exit_codes import ExitCode
from facelatch.keeper_wire import Plain
from facelatch.lock_settings import LockSettings, load_door
from facelatch.locks.gpio import OpenChip
from facelatch.locks.kept import ask

DESCRIPTION = """\
Hold the configured lock shut. The services' ExecStopPost= calls this, because a killed process runs no cleanup and
some GPIO controllers keep the level that it left behind. Where the lock's keeper lives it is asked to; where nobody
does, the line is taken, driven and given back. What somebody released by the exit button is left to end by itself.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_keeper(parser, KEEPER, f"default: {KEEPER}")


def run(arguments: argparse.Namespace, open_chip: OpenChip | None = None) -> ExitCode:
    """Secure the lock; raises `ConfigError` or `LockError` where it cannot be."""
    secure(load_door(arguments.config).lock, arguments.keeper, open_chip)
    return ExitCode.OK


def secure(settings: LockSettings, keeper: Path, open_chip: OpenChip | None = None) -> None:
    """Hold the lock shut: by its keeper if there is one, else by its line.

    Opening a lock secures it, closing it does so again.
    """
    left_ms = ask(keeper, Plain.SECURE)
    if left_ms is None:
        to_lock(settings, open_chip).close()
    elif left_ms > 0:
        print(f"facelatch: the exit button releases the lock for {left_ms / 1000:.1f} s yet", file=sys.stderr)
