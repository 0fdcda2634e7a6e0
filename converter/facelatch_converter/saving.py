"""What a full disk does to a training run, in one sentence. Imports TensorFlow, so import it late."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from facelatch_converter.errors import OutputError
from facelatch_converter.runs import RECORD_FILE


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Save a run in the block; raises `OutputError` for what the disk refuses, TensorFlow's own errors included."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message
        # Without a record there is nothing yet to go on from.
        saved = (folder / RECORD_FILE).exists()
        then = "go on from the last checkpoint by --resume" if saved else "start again"
        raise OutputError(
            f"{folder}: the run cannot be saved ({_first_line(reason or error)}); make room there, then {then}"
        ) from error


def _first_line(reason: object) -> str:
    """Of a message, without TensorFlow's names for what it ran."""
    line = next(iter(str(reason).splitlines()), type(reason).__name__)
    return re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:\w+\]", "", line)
