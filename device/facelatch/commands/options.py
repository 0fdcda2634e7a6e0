"""Options that several commands share, so that they read and mean the same everywhere."""

import argparse
from collections.abc import Callable
from pathlib import Path

DEFAULT_CONFIG = Path("/etc/facelatch/facelatch.toml")


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`; the installed file where there is one, else the built-in settings."""
    try:
        installed = DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None
    except PermissionError:
        # It may well be there: reading it says what is wrong.
        installed = DEFAULT_CONFIG
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=installed,
        help=f"settings (default: {DEFAULT_CONFIG}, or the built-in ones where there is none)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object for programs")


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A type for argparse: a whole number within limits, which its error names."""

    def parse(text: str) -> int:
        value = int(text) if text.isdecimal() else low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}, found {text!r}")
        return value

    return parse
