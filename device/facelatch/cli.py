"""`facelatch`: the command line. A command's module is imported only when it runs, so that it starts fast."""

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

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
    "calibrate": "measure distances on site, tighten matching",
    "bench": "measure each stage on this board",
    "cameras": "list cameras and drivers",
    "doctor": "find out what is wrong, and what to do",
    "run": "the daemon behind the door",
    "status": "how is the running daemon?",
    "keep-lock": "the keeper of the door's lines",
    "secure-lock": "hold the lock shut",
    "demo": "see it work on recordings, without a camera",
}
"""Each command and its line in the help; `facelatch.commands` has a module of that name."""

_OUTPUT_PROBLEMS = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""How writing to a standard stream fails; such an error names no file, unlike all others."""

_EPILOG = """\
first steps:
  facelatch demo              see what it does, without any hardware (from a checkout)
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
 10  no usable face, frame or comparison
 11  the output could not be written
130  stopped with Ctrl-C
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; what the process should exit with."""
    _open_closed_streams()
    try:
        return _finish(_try(sys.argv[1:] if words is None else words))
    except SystemExit:  # argparse's: help was printed, or the command line is wrong.
        _finish(ExitCode.OK)
        raise


def _try(words: Sequence[str]) -> int:
    """The code of a command, however it ends."""
    try:
        return run(words)
    except FacelatchError as error:
        _complain(f"facelatch: {error}")
        return of_error(error)
    except KeyboardInterrupt:
        _complain("\nfacelatch: stopped")
        return ExitCode.INTERRUPTED
    except OSError as error:
        if error.filename is not None or error.errno not in _OUTPUT_PROBLEMS:
            raise
        _complain_of_output(error)
        return ExitCode.OUTPUT


def _finish(code: int) -> int:
    """The code once everything is written: a refusal stays what it is, whoever stopped reading.

    Python flushes once more at its end, where it would complain and exit by 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            _discard(stream)
            if stream is sys.stdout:
                _complain_of_output(error)
                # Who closes a pipe has seen enough; a full disk has lost what was asked for.
                code = code or (ExitCode.OK if error.errno == errno.EPIPE else ExitCode.OUTPUT)
    return code


def _open_closed_streams() -> None:
    """Give a process that was started with a closed stream the null device in its place.

    Python has None there, and the next file that anybody opens would be written to as if it were the stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - kept open


def _discard(stream: TextIO) -> None:
    """Let what the stream still holds, and all that follows, go nowhere."""
    with suppress(OSError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _complain_of_output(error: OSError) -> None:
    if error.errno != errno.EPIPE:
        _complain(f"facelatch: the output could not be written ({error.strerror}); look at where it goes")


def _complain(text: str) -> None:
    with suppress(OSError):
        print(text, file=sys.stderr)


def run(words: Sequence[str]) -> int:
    """Run a command; raises what it raises."""
    parser, module = _make_parser(words)
    arguments = parser.parse_args(words)
    if module is None:
        parser.print_help(sys.stderr)
        return ExitCode.USAGE
    return int(module.run(arguments))


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
