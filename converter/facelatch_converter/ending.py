"""How an encoder ends: what it puts out before embeddings are made of it, and what all faces have in common there.

Imports Keras late.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.architecture import EMBEDDING_SIZE, POLE, SIDES, before_ending, has_pole
from facelatch_converter.errors import ConversionError
from facelatch_converter.offset import excess_height, excess_offset, to_unit_rows

Real = npt.NDArray[np.float32]

_LEAST = 1e-9
"""What a mean is taken for that has no length."""


class Ending(ABC):
    """The way from a network's last weights to an embedding."""

    @abstractmethod
    def probe(self, encoder: Any) -> Any:
        """A model that gives what comes before the ending, (n, 128); it shares the encoder's weights."""

    @abstractmethod
    def embed(self, raw: Real) -> Real:
        """Embeddings (n, 128) of unit length."""

    @abstractmethod
    def excess(self, raw: Real, labels: npt.NDArray[np.int32]) -> Real:
        """What to subtract (128,) from `raw` so that different people are as far apart as usual."""

    @abstractmethod
    def share(self, offset: Real, raw: Real) -> float:
        """How much `offset` is of what all of `raw` have in common."""

    @abstractmethod
    def subtract(self, encoder: Any, offset: Real) -> None:
        """Take `offset` (128,) from what comes before the ending."""


class PlainEnding(Ending):
    """Outputs are cut to unit length; an encoder of another making, the seed variant, the default one until network 2.

    Raises `ConversionError` for an encoder whose last layer adds nothing.
    """

    def __init__(self, encoder: Any) -> None:
        _bias(encoder)

    def probe(self, encoder: Any) -> Any:
        """The encoder itself."""
        return encoder

    def embed(self, raw: Real) -> Real:
        """Outputs of unit length."""
        return to_unit_rows(raw)

    def excess(self, raw: Real, labels: npt.NDArray[np.int32]) -> Real:
        """A part of the mean output."""
        return excess_offset(raw, labels)

    def share(self, offset: Real, raw: Real) -> float:
        """Its length beside that of the mean."""
        return round(float(np.linalg.norm(offset)) / max(float(np.linalg.norm(raw.mean(0))), _LEAST), 4)

    def subtract(self, encoder: Any, offset: Real) -> None:
        """Take it from the last layer's bias."""
        bias = _bias(encoder)
        bias.assign(bias - offset)


class PoleEnding(Ending):
    """The angle from a pole is doubled, see `architecture`; before it the pole's height is the first of 128 numbers."""

    def probe(self, encoder: Any) -> Any:
        """Height and sides together."""
        from keras import Model  # noqa: PLC0415

        return Model(encoder.input, before_ending(encoder))

    def embed(self, raw: Real) -> Real:
        """What the network makes of it, of unit length."""
        return to_unit_rows(doubled(raw))

    def excess(self, raw: Real, labels: npt.NDArray[np.int32]) -> Real:
        """A part of the height; less than nothing where people are too far apart."""
        offset = np.zeros(EMBEDDING_SIZE, np.float32)
        offset[0] = excess_height(raw, labels, self.embed)
        return offset

    def share(self, offset: Real, raw: Real) -> float:
        """By how much of its height the pole is lowered; less than nothing where it is raised."""
        return round(float(offset[0]) / max(float(raw[:, 0].mean()), _LEAST), 4)

    def subtract(self, encoder: Any, offset: Real) -> None:
        """Take it from the biases of the pole and of the sides."""
        for name, part in ((POLE, offset[:1]), (SIDES, offset[1:])):
            bias = encoder.get_layer(f"{name}_normalisation").beta
            bias.assign(bias - part)


def find_ending(encoder: Any) -> Ending:
    """How a Keras encoder ends; raises `ConversionError` for one that cannot be settled."""
    return PoleEnding() if has_pole(encoder) else PlainEnding(encoder)


def outputs(probe: Any, tensors: Real, size: int = 200) -> Real:
    """What a model gives (n, 128) of tensors (n, size, size, 4), so many at once."""
    parts = [
        probe(tensors[start : start + size], training=False).numpy() for start in range(0, len(tensors), size)
    ]
    return np.concatenate(parts)


def doubled(raw: Real) -> Real:
    """As the network doubles the angle from the first axis: (n, 128) to (n, 128)."""
    height, sides = raw[..., :1], raw[..., 1:]
    squares = np.square(sides).sum(-1, keepdims=True)
    found: Real = np.concatenate([(np.square(height) - squares) / 2, height * sides], -1)
    return found


def _bias(encoder: Any) -> Any:
    last = encoder.layers[-1]
    bias = getattr(last, "beta", None)
    bias = getattr(last, "bias", None) if bias is None else bias
    if bias is None:
        raise ConversionError(
            f"the encoder ends with {type(last).__name__} without a bias, so its offset cannot be settled; end it with "
            "a Dense layer or a batch normalisation"
        )
    return bias
