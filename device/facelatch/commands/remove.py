"""`facelatch remove`: forget a user for good."""

import argparse
import sys
from collections.abc import Callable

from facelatch.commands.options import add_config
from facelatch.commands.sources import add_store, to_config, to_store, warn
from facelatch.errors import UnknownUserError
from facelatch.exit_codes import ExitCode
from facelatch.matching import check_user_name

DESCRIPTION = """\
Delete USER's template, after asking. A running daemon notices at once: the next face is compared without it.
"""
EXAMPLES = """\
examples:
  facelatch remove ada
  facelatch remove ada --yes        without asking, for scripts
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("user", metavar="USER", help="whom to forget")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_config(parser)
    add_store(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Remove; `REFUSED` where the answer is no, `USAGE` where nobody can be asked."""
    config = to_config(arguments)
    store = to_store(config)
    user = check_user_name(arguments.user)
    if not store.holds(user):
        raise UnknownUserError(f"{user} is not enrolled in {config.store.folder}; nothing was removed")
    if not arguments.yes:
        if sys.stdin is None or not sys.stdin.isatty():
            warn("remove asks first, but there is no terminal; add --yes")
            return ExitCode.USAGE
        if not agrees(input, user):
            print("nothing was removed")
            return ExitCode.REFUSED
    store.remove(user)
    print(f"{user} is removed")
    return ExitCode.OK


def agrees(ask: Callable[[str], str], user: str) -> bool:
    """Whether the answer is yes; no answer is a no."""
    try:
        return ask(f"Remove {user}'s template for good? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False
