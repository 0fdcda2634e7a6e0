"""What the commands around the lock share: its keeper's socket, and its line."""

import argparse
from pathlib import Path

from facelatch.keeping.settings import LockSettings
from facelatch.locks import Lock
from facelatch.locks.drivers import open_lock
from facelatch.locks.gpio import OpenChip

KEEPER = Path("/run/facelatch-lock/lock.sock")
"""Where the keeper of facelatch-lock.service listens."""


def add_keeper(parser: argparse.ArgumentParser, default: Path | None, otherwise: str) -> None:
    """`--keeper SOCKET`."""
    parser.add_argument(
        "--keeper",
        type=Path,
        metavar="SOCKET",
        default=default,
        help=f"the socket of the lock's keeper ({otherwise})",
    )


def to_lock(settings: LockSettings, open_chip: OpenChip | None = None) -> Lock:
    """The lock's line that the settings name, secured."""
    return open_lock(
        settings.driver,
        chip=settings.chip,
        line=settings.line,
        active_low=settings.active_low,
        fail_safe=settings.wiring == "fail-safe",
        open_chip=open_chip,
    )
