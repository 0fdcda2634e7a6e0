"""What the lower half of a trained encoder finds in people whom it never saw, kept for fitting the upper one."""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.crops import Batch
from facelatch_converter.errors import OutputError, TrainingError
from facelatch_converter.train import to_reals

Values = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the upper half reads of many people."""

    values: Values
    """(2, people, views, ...), as they are and mirrored; gigabytes that may lie on a disk."""

    def of(self, side: int, people: npt.NDArray[np.int64], views: npt.NDArray[np.int64]) -> Values:
        """Features (people * n, ...) of some people's views (people, n); of side 1 all are mirrored."""
        some: Values = self.values[side, people[:, None], views]
        return some.reshape(-1, *self.values.shape[3:])


def gather(
    batches: Iterator[Batch], look: Callable[[Any], Any], values: Values, progress: Callable[[int], object]
) -> Features:
    """The features of people and of their mirror images, who are other people, put into `values`, which fills up.

    `look` runs the lower half, each batch shows new people, and `progress` is told of them. Raises `TrainingError` for
    an encoder whose activations are no numbers that 16 bits can hold.
    """
    people, views = values.shape[1:3]
    known = 0
    while known < people:
        batch = next(batches)
        new = min(len(batch.labels) // views, people - known)
        for side, tensors in enumerate((batch.tensors, batch.tensors[:, :, ::-1])):
            found = np.asarray(look(to_reals(tensors[: new * views])), np.float16)
            if not np.isfinite(found).all():
                raise TrainingError("the encoder's activations are beyond 16 bits; begin with another one")
            values[side, known : known + new] = found.reshape(new, views, *found.shape[1:])
        known += new
        progress(new)
    return Features(values)


def make_room(file: IO[bytes], shape: tuple[int, ...]) -> Values:
    """An array in a file, all of it taken up now; raises `OutputError` where the disk is too small."""
    size = math.prod(shape) * np.dtype(np.float16).itemsize
    try:
        # Beforehand: where a disk is full, writing to a file's memory ends the process.
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        raise OutputError(
            f"{size / 1e9:.1f} GB are needed in --out for what is kept of {shape[1]:,} people ({error.strerror}); make "
            "room there or take fewer --identities"
        ) from error
    return np.memmap(file, np.float16, "r+", shape=shape)
