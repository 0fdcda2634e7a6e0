"""`facelatch`: the command line. A command's module is imported only when it runs, so that it starts fast."""

import argparse
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from facelatch import __version__
from facelatch.errors import FacelatchError
from facelatch.exit_codes import ExitCode, of_error

COMMANDS: Mapping[str, str] = {
    "enrol": "make a user's template, guided",
    "verify": "is the person before the camera USER?",
    "identify": "which enrolled user is before the camera?",
    "users": "list who is enrolled",
    "remove": "forget a user",
    "record": "keep frames as a capture folder",
    "bench": "measure each stage on this board",
    "doctor": "find out what is wrong, and what to do",
    "run": "the daemon behind the door",
    "secure-lock": "hold the lock shut",
    "demo": "see it work on recordings, without a camera",
}
"""Each command and its line in the help; `facelatch.commands` has a module of that name."""

_EPILOG = """\
first steps:
  facelatch demo              see what it does, without any hardware
  facelatch doctor            check this board, camera, model and lock
  facelatch enrol ada         enrol somebody
  facelatch verify ada        try it
  facelatch COMMAND --help    options and examples of a command

exit codes:
  0  done or granted           1  refused, or not as expected
  2  wrong command line        3  wrong settings, or a driver is missing
  4  unusable model            5  unusable or missing template
  6  unusable capture          7  no working camera
  8  the lock cannot be driven 9  the templates' folder cannot be used
 10  no usable face was seen 130  stopped with Ctrl-C
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; what the process should exit with."""
    try:
        return run(sys.argv[1:] if words is None else words)
    except FacelatchError as error:
        print(f"facelatch: {error}", file=sys.stderr)
        return of_error(error)
    except KeyboardInterrupt:
        print("\nfacelatch: stopped", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Who read our output has gone; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK


def run(words: Sequence[str]) -> int:
    """Run a command; raises what it raises."""
    parser, module = _make_parser(words)
    arguments = parser.parse_args(words)
    if module is None:
        parser.print_help(sys.stderr)
        return ExitCode.USAGE
    code = int(module.run(arguments))
    sys.stdout.flush()
    return code


def _make_parser(words: Sequence[str]) -> tuple[argparse.ArgumentParser, Any]:
    """The parser, with options for the one command that is named, and that command's module."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="facelatch",
        description="Face unlock for single-board computers with a depth camera.",
        epilog=_EPILOG,
        formatter_class=plain,
    )
    parser.add_argument("--version", action="version", version=f"facelatch {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    named = next((word for word in words if not word.startswith("-")), None)
    module = None
    for name, line in COMMANDS.items():
        chosen = (
            importlib.import_module(f"facelatch.commands.{name.replace('-', '_')}") if name == named else None
        )
        child = commands.add_parser(
            name,
            help=line,
            description=getattr(chosen, "DESCRIPTION", None),
            epilog=getattr(chosen, "EXAMPLES", None),
            formatter_class=plain,
        )
        if chosen is not None:
            chosen.add_arguments(child)
            module = chosen
    return parser, module


if __name__ == "__main__":
    sys.exit(main())
