"""What the lower half of a trained encoder finds in people whom it never saw, kept for fitting the upper one."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import ceil
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from facelatch_converter.crops import Batch
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
    batches: Iterator[Batch],
    look: Callable[[Any], Any],
    people: int,
    make_room: Callable[[tuple[int, ...]], Values],
    progress: Callable[[int], object],
) -> Features:
    """The features of at least so many people and of their mirror images, who are other people.

    `look` runs the lower half, each batch shows new people, and `progress` is told of them. `make_room` gives the array
    of a shape that all is put into.
    """
    first = next(batches)
    shown = len(np.unique(first.labels))
    count = ceil(people / shown)
    values: Values | None = None
    for place, batch in enumerate(chain([first], islice(batches, count - 1))):
        for side, tensors in enumerate((batch.tensors, batch.tensors[:, :, ::-1])):
            found = np.asarray(look(to_reals(tensors)), np.float16)
            found = found.reshape(shown, len(batch.labels) // shown, *found.shape[1:])
            if values is None:
                values = make_room((2, count * shown, *found.shape[1:]))
            values[side, place * shown : (place + 1) * shown] = found
        progress(shown)
    assert values is not None
    return Features(values)


def make_room_in(file: BinaryIO, shape: tuple[int, ...]) -> Values:
    """An array in a file, all of it taken up now; raises `OSError` where the disk is too small."""
    # Beforehand: where a disk is full, writing to a file's memory ends the process.
    os.posix_fallocate(file.fileno(), 0, int(np.prod(shape)) * np.dtype(np.float16).itemsize)
    return np.memmap(file, np.float16, "r+", shape=shape)
