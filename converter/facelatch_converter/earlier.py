"""Encoders of earlier networks as beginnings of this one.

Network 1 had no hidden units: they are unused at first. Networks 1 and 2 had no pole: one is put where all their
outputs lie.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.architecture import HIDDEN, POLE, SIDES

Array = npt.NDArray[np.float32]
Weights = list[Array]

_HEIGHT = 2.0
"""Of the pole, in lengths of what tells people apart: with the angle doubled, people are about as far apart as without
a pole."""

_LEAST = 1e-6
"""Spread of an axis along which outputs do not differ."""

_LAST = 5
"""Arrays of an earlier network's last layers: a dense one's and the four of its batch normalisation."""


def fit_weights(encoder: Any, found: Sequence[Array]) -> Weights:
    """Weights for `encoder` to begin as the one whose weights are `found`, of this network or of an earlier one.

    Where hidden units are missing they keep the weights that they have here, and nothing reads them yet: training
    decides what they are for. Where a pole is missing, outputs before the angle is doubled are what they were, turned
    and raised. What fits no network is returned as it is, for `set_weights` to refuse.
    """
    own = encoder.get_weights()
    lasting = len(own) - sum(_begin_with(encoder, POLE, SIDES))
    if len(found) == len(own) or lasting == len(own):
        return list(found)
    fitted = _with_hidden(encoder, own[:lasting], found)
    if len(fitted) != lasting + _LAST:
        return list(found)
    poled = _with_pole(encoder, *fitted[lasting:])
    return fitted[:lasting] + poled


def _begin_with(encoder: Any, *names: str) -> list[bool]:
    """Of each of a network's weights, whether it belongs to a layer of such a name."""
    return [layer.name.startswith(names) for layer in encoder.layers for _ in layer.weights]


def _with_hidden(encoder: Any, own: Weights, found: Sequence[Array]) -> Weights:
    """What was found with the hidden units that the encoder has, where there are none."""
    missing = [place for place, is_new in enumerate(_begin_with(encoder, HIDDEN)) if is_new]
    fitted = list(found)
    if len(found) == len(own) + _LAST - len(missing):
        for place in missing:
            fitted.insert(place, own[place])
    return fitted


def _with_pole(
    encoder: Any, kernel: Array, gamma: Array, beta: Array, mean: Array, variance: Array
) -> Weights:
    """The weights of the layers of pole and sides, from a dense layer's kernel and its batch normalisation.

    The normalisation says where outputs lie: about `beta`, `gamma` away from it along each axis.
    """
    epsilon = encoder.get_layer(f"{POLE}_normalisation").epsilon
    turn = _turn(beta)
    scale = gamma / np.sqrt(variance + epsilon)
    # Axes turned together spread as if they had nothing in common.
    spread = np.maximum(np.sqrt(np.square(gamma) @ np.square(turn)), _LEAST)
    turned = turn * (np.sqrt(1 + epsilon) / spread)
    rows = encoder.get_layer(SIDES).kernel.shape[0]
    missing = np.zeros((rows - len(kernel), kernel.shape[1]), kernel.dtype)
    kernels = np.concatenate([kernel, missing]) * scale @ turned
    means, offsets = mean * scale @ turned, beta @ turn
    offsets[0] = _HEIGHT * np.linalg.norm(gamma)
    weights = {}
    for name, columns in ((POLE, slice(0, 1)), (SIDES, slice(1, None))):
        normalisation = spread[columns], offsets[columns], means[columns], np.ones_like(spread[columns])
        weights[name], weights[f"{name}_normalisation"] = [kernels[:, columns]], list(normalisation)
    return [part.astype(np.float32) for layer in encoder.layers for part in weights.get(layer.name, [])]


def _turn(direction: Array) -> npt.NDArray[np.float64]:
    """A reflection (n, n) that brings a direction to the first axis."""
    first = np.eye(len(direction))[0]
    length = float(np.linalg.norm(direction))
    across = direction / length - first if length > 0 else np.zeros_like(first)
    square = float(across @ across)
    mirror: npt.NDArray[np.float64] = np.eye(len(direction))
    return mirror - 2 / square * np.outer(across, across) if square > 0 else mirror
