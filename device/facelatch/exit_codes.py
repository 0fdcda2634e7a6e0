"""What a command's exit status means; scripts may rely on the numbers."""

from enum import IntEnum

from facelatch.errors import (
    CameraError,
    CaptureError,
    ConfigError,
    FacelatchError,
    LockError,
    ModelError,
    StoreError,
    TemplateError,
)
from facelatch.outcomes import Outcome


class ExitCode(IntEnum):
    """One number for each kind of ending."""

    OK = 0
    """Done, or granted."""
    REFUSED = 1
    """No match, not live or locked out; in `demo` and `doctor`: not as expected."""
    USAGE = 2
    """The command line is wrong; argparse's own number."""
    CONFIG = 3
    MODEL = 4
    TEMPLATE = 5
    """A template is damaged or of another encoder, or the user is not enrolled."""
    CAPTURE = 6
    CAMERA = 7
    LOCK = 8
    STORE = 9
    RETRY = 10
    """No usable face was seen: nothing was decided."""
    OUTPUT = 11
    """Standard output could not be written, so what was to be told is lost."""
    INTERRUPTED = 130
    """Stopped with Ctrl-C: 128 + SIGINT."""


_BY_ERROR: tuple[tuple[type[FacelatchError], ExitCode], ...] = (
    (ConfigError, ExitCode.CONFIG),
    (ModelError, ExitCode.MODEL),
    (TemplateError, ExitCode.TEMPLATE),
    (CaptureError, ExitCode.CAPTURE),
    (CameraError, ExitCode.CAMERA),
    (LockError, ExitCode.LOCK),
    (StoreError, ExitCode.STORE),
)


def of_error(error: FacelatchError) -> ExitCode:
    """The code of an error's kind; an error without one counts as a refusal."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), ExitCode.REFUSED)


def of_outcome(outcome: Outcome) -> ExitCode:
    """The code of a session's outcome."""
    return {Outcome.GRANTED: ExitCode.OK, Outcome.RETRY: ExitCode.RETRY}.get(outcome, ExitCode.REFUSED)
