"""TensorFlow's C++ parts talk on stderr and know no setting against it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STDERR_FD = 2


@contextmanager
def without_stderr() -> Iterator[None]:
    """Throw away what the block writes to the process's stderr; errors still reach Python as exceptions."""
    sys.stderr.flush()
    kept = os.dup(STDERR_FD)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR_FD)
    try:
        yield
    finally:
        os.dup2(kept, STDERR_FD)
        os.close(kept)
        os.close(nowhere)
