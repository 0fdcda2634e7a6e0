"""An encoder in two: what finds shapes in a picture, and what tells people apart by them. Imports Keras late."""

from typing import Any, NamedTuple


class Halves(NamedTuple):
    """Two models that share an encoder's weights and do, one after the other, what it does."""

    below: Any
    """(batch, size, size, 4) to activations, two thirds of the arithmetic."""
    above: Any
    """Activations to outputs (batch, 128): a third of it, and six sevenths of the weights."""


def cut(encoder: Any) -> Halves:
    """The default network, and no other, in two, where its picture is halved for the last time."""
    from keras import Model, layers  # noqa: PLC0415 - takes seconds to load

    *_, last = (layer for layer in encoder.layers if isinstance(layer, layers.MaxPooling2D))
    return Halves(Model(encoder.input, last.output), Model(last.output, encoder.output))
