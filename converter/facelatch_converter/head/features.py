"""What a trained encoder's trunk finds in people whom it never saw, kept for fitting its head. Imports Keras late."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.architecture import HIDDEN
from facelatch_converter.crops import Batch
from facelatch_converter.train import to_reals


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What a head reads of many people."""

    values: npt.NDArray[np.float16]
    """(people, views, features)."""

    def of(self, people: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.int32]]:
        """Features (n, features) of all views of some people, and labels (n,)."""
        _, views, size = self.values.shape
        labels = np.repeat(np.arange(len(people), dtype=np.int32), views)
        return self.values[people].reshape(-1, size), labels


def build_trunk(encoder: Any) -> Any:
    """What the head of the default network reads, (batch, features); it shares the encoder's weights."""
    from keras import Model  # noqa: PLC0415 - takes seconds to load

    return Model(encoder.input, encoder.get_layer(f"{HIDDEN}_units").input)


def gather(
    batches: Iterator[Batch], look: Callable[[Any], Any], people: int, progress: Callable[[int], object]
) -> Features:
    """The features of at least so many people, by a trunk that `look` runs; each batch shows new ones.

    `progress` is told of people.
    """
    found: list[npt.NDArray[np.float16]] = []
    while sum(map(len, found)) < people:
        batch = next(batches)
        shown = len(np.unique(batch.labels))
        features = np.asarray(look(to_reals(batch.tensors)), np.float16)
        found.append(features.reshape(shown, len(batch.labels) // shown, -1))
        progress(shown)
    return Features(np.concatenate(found))
