"""`facelatch secure-lock`: shut the door, whatever happened to the daemon or to the lock's keeper."""

import argparse
import sys
from pathlib import Path

from facelatch.commands.lock_options import KEEPER, add_keeper, to_lock
from facelatch.commands.options import add_config
from facelatch.exit_codes import ExitCode
from facelatch.keeping.settings import load_door
from facelatch.keeping.wire import Plain
from facelatch.locks.gpio import OpenChip
from facelatch.locks.kept import ask
from facelatch.locks.remembered import remembered

DESCRIPTION = """\
Hold the configured lock shut. The services' ExecStopPost= calls this, because a killed process runs no cleanup and
some GPIO controllers keep the level that it left behind. Where the lock's keeper lives it is asked to; where nobody
does, the line is taken, driven and given back: the one that the last keeper drove, if it was killed, and the configured
one. What somebody released by the exit button is left to end by itself.
"""
EXAMPLES = """\
examples:
  sudo facelatch secure-lock
  sudo facelatch secure-lock --config door.toml      where the keeper has a file of its own
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_keeper(parser, KEEPER, f"default: {KEEPER}")


def run(arguments: argparse.Namespace, open_chip: OpenChip | None = None) -> ExitCode:
    """Secure the lock; raises `ConfigError` or `LockError` where it cannot be."""
    secure(arguments.config, arguments.keeper, open_chip)
    return ExitCode.OK


def secure(config: Path | None, keeper: Path, open_chip: OpenChip | None = None) -> None:
    """Hold the lock shut: by its keeper if there is one, else by its line.

    A keeper that lives is asked whatever the settings have become. Of the two lines each is shut whatever becomes of
    the other. Opening a lock secures it, closing it does so again.
    """
    left_ms = ask(keeper, Plain.SECURE)
    if left_ms is None:
        try:
            last = remembered(keeper)
            if last is not None:
                to_lock(last.lock, open_chip).close()
        finally:
            to_lock(load_door(config).lock, open_chip).close()
    elif left_ms > 0:
        print(f"facelatch: the exit button releases the lock for {left_ms / 1000:.1f} s yet", file=sys.stderr)
