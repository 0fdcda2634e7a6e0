"""How a command is called again: hints name a program that is there, and the service's user."""

import sys
from pathlib import Path

INSTALLED = "/opt/facelatch/bin/facelatch"
"""Where the service's unit runs it from; on nobody's PATH."""


def own_program(first_word: str | None = None) -> str:
    """The path of this program as it was called (`sys.argv[0]`), or where it is installed."""
    called = Path(sys.argv[0] if first_word is None else first_word)
    return str(called.absolute()) if called.name == "facelatch" and called.is_file() else INSTALLED


def as_service(program: str, words: str) -> str:
    """What to do for the service's permissions in place of one's own."""
    return f"run as the service does: sudo -u facelatch {program} {words}"
