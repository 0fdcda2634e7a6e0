"""The options of `facelatch-convert evaluate --protocol`, apart from it so that `--help` need not load numba."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facelatch.errors import ConfigError
from facelatch.matching import FARTHEST

LIST = "list"
"""Stands in place of a protocol's name."""
CARD_TITLE = "Protocols"
"""Of the section of a model card that the tables go to."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is rendered."""

    people: int = 4000
    """Enrolled in each cohort, as crops."""
    callers: int = 400
    """How many of them come to the door, as crops."""
    attempts: int = 7
    """Of each caller."""
    filmed: int = 60
    """How many of them also enrol and come to the door in whole frames."""
    filmed_attempts: int = 3
    frames: int = 5
    """Of an attempt; one-frame attempts are its first."""


class _NameProtocols(argparse.Action):
    """Keeps the names; `list` ends the command with a table of them all, as --version ends it with a version."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002 - as argparse calls it
    ) -> None:
        names = list(values or ())
        if LIST in names:
            from facelatch_converter.protocols.named import every_protocol  # noqa: PLC0415 - loads numba

            print("\n".join(f"{one.name:24} {one.about}" for one in every_protocol()))
            parser.exit()
        setattr(namespace, self.dest, names)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of protocols; `evaluate` has those of bundles and measuring."""
    usual = Scale()
    group = parser.add_argument_group("named protocols, on people rendered for them")
    group.add_argument(
        "--protocol",
        nargs="+",
        metavar="NAME",
        default=(),
        action=_NameProtocols,
        help="such as unlock; all for every one; list names them and ends, whatever else is given or missing",
    )
    group.add_argument(
        "--people",
        type=int,
        default=usual.people,
        metavar="N",
        help="enrolled, as crops (default: %(default)s)",
    )
    group.add_argument(
        "--callers", type=int, metavar="N", help="of them at the door, as crops (default: a tenth)"
    )
    group.add_argument(
        "--attempts",
        type=int,
        default=usual.attempts,
        metavar="N",
        help="of each caller (default: %(default)s)",
    )
    group.add_argument(
        "--filmed", type=int, default=usual.filmed, metavar="N",
        help="of them in whole frames through the board's whole way, 3 attempts each (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--also-at", nargs="+", type=float, metavar="DISTANCE", default=(),
        help="measure the errors of crops at these thresholds too, such as one that lets in a stranger in a million "
        "attempts (default: at the card's alone)",
    )  # fmt: skip
    group.add_argument("--encoder", type=Path, metavar="KERAS", help="the float model, measured beside int8")
    group.add_argument(
        "--every-runtime", action="store_true", help="measure int8 under every installed runtime"
    )
    group.add_argument(
        "--compare",
        type=Path,
        metavar="MODEL",
        help="another network, .keras or int8 .tflite, on the same people",
    )
    group.add_argument(
        "--card",
        nargs="?",
        const=CARD_TITLE,
        metavar="TITLE",
        help="write the tables into the bundle's MODEL_CARD.md too, in place of its section of that title "
        f"(default: {CARD_TITLE})",
    )
    group.add_argument("--cache", type=Path, metavar="DIR", help="keep rendered crops here, 50 kB each")


def to_scale(arguments: argparse.Namespace) -> Scale:
    """How much is rendered; raises `ConfigError` for what measures nothing."""
    callers = max(arguments.people // 10, 1) if arguments.callers is None else arguments.callers
    filmed = min(arguments.filmed, arguments.people)
    if arguments.people < 2 or not 1 <= callers <= arguments.people:
        raise ConfigError("--people must be at least 2, and --callers 1 to as many")
    if arguments.attempts < 1 or filmed < 0:
        raise ConfigError("--attempts must be at least 1 and --filmed at least 0")
    return Scale(arguments.people, callers, arguments.attempts, filmed)


def to_distances(found: Sequence[float]) -> tuple[float, ...]:
    """Each threshold once, to four places as reports show them.

    Raises `ConfigError` for one that no two embeddings are apart.
    """
    for distance in found:
        # Written so that what is not a number is refused too.
        if not 0 < round(distance, 4) < FARTHEST:
            raise ConfigError(
                f"--also-at takes distances between 0 and {FARTHEST:g}, such as 0.4, found {distance:g}; name others"
            )
    return tuple(dict.fromkeys(round(distance, 4) for distance in found))
