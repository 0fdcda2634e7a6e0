"""Where the lock's keeper can be spoken to."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facelatch.errors import LockError


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket at a path, for its owner and group alone; one that a killed keeper left is replaced."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
                other.settimeout(1.0)
                answer = other.connect_ex(str(path))
            if answer == 0:
                raise LockError(f"{path}: another keeper listens there; stop it first")
            # Neither a file of somebody's nor the socket of a keeper that is only too busy to answer.
            if answer == errno.ECONNREFUSED and path.is_socket():
                path.unlink()
            mask = os.umask(0o117)
            try:
                listener.bind(str(path))
            finally:
                os.umask(mask)
            listener.listen(8)
        except OSError as error:
            raise LockError(f"{path}: nobody can be listened to there ({error.strerror or error})") from error
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)
