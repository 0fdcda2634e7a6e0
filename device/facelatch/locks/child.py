"""A keeper of one's own, for a daemon that is started by hand: the same program over a pair of sockets."""

import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from facelatch.errors import ConfigError, LockError
from facelatch.exit_codes import ExitCode
from facelatch.locks.kept import KeptLock

START_S = 20.0
"""A slow board takes seconds to start a program."""
END_S = 5.0


def start_keeper(keep: Sequence[str], secure: Sequence[str]) -> KeptLock:
    """The lock of a keeper that lives as long as this process does.

    `keep` is the command of the keeper, to which its end of the socket is added; `secure` is the command that secures
    the line where the keeper did not end as it should. The keeper is out of reach of a terminal's Ctrl-C, so that it
    is this process which ends it, by being gone.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        child = subprocess.Popen(
            [*keep, "--client-fd", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        return KeptLock(ours, hello_s=START_S, ended=lambda: _await(child, secure))
    except LockError as error:
        if child.returncode == ExitCode.CONFIG:
            raise ConfigError(str(error)) from error
        raise


def _await(child: "subprocess.Popen[bytes]", secure: Sequence[str]) -> None:
    """Wait for the keeper's end; secure the line from outside where it did not do so itself."""
    try:
        child.wait(END_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.returncode < 0:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(secure, stdin=subprocess.DEVNULL, check=False, timeout=START_S)
