"""The two ways of `evaluate`, a data set or named protocols: what only one of them reads is refused with the other."""

import argparse
from collections.abc import Sequence
from typing import Any

from facelatch.errors import ConfigError

_OF_DATA_SETS = (
    "dataset", "depth_grey_mm", "identities", "captures", "frames", "camera", "attacks", "seed", "samples",
)  # fmt: skip
_OF_PROTOCOLS = (
    "people", "callers", "attempts", "filmed", "also_at", "encoder", "every_runtime", "compare", "card", "cache",
)  # fmt: skip


class _Noted(argparse.Action):
    """Keeps a value as argparse does, and that it was given: it may be the default."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - as argparse calls it
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        setattr(namespace, self.dest, values)
        namespace.given = namespace.given | {self.dest}


def note_given(parser: argparse.ArgumentParser) -> None:
    """Let the options that are added from now on be noted in `arguments.given`; those without a value are True."""
    parser.register("action", None, _Noted)
    parser.set_defaults(given=frozenset())


def refuse_foreign(arguments: argparse.Namespace) -> None:
    """Raise `ConfigError` for options that only the other way reads."""
    foreign = _OF_DATA_SETS if arguments.protocol else _OF_PROTOCOLS
    found = [name for name in foreign if name in arguments.given or getattr(arguments, name) is True]
    if not found:
        return
    named = " and ".join("--" + name.replace("_", "-") for name in found)
    if arguments.protocol:
        raise ConfigError(
            f"{named}: for a data set, while --protocol renders people of its own; leave it out, or --protocol"
        )
    raise ConfigError(
        f"{named}: for named protocols; add --protocol NAME in place of --dataset, or leave it out"
    )
