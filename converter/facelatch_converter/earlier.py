"""Encoders of the earlier network, without the default variant's hidden units: the same answers, the units unused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.architecture import HIDDEN

Weights = list[npt.NDArray[np.float32]]


def fit_weights(encoder: Any, found: Sequence[npt.NDArray[np.float32]]) -> Weights:
    """Weights for `encoder` to answer as the one whose weights are `found`, of this network or of the earlier one.

    Where hidden units are missing they keep the weights that they have here, and nothing reads them yet: training
    decides what they are for. What fits neither network is returned as it is, for `set_weights` to refuse.
    """
    own = encoder.get_weights()
    missing = [place for place, is_new in enumerate(_are_new(encoder)) if is_new]
    if not missing or len(found) != len(own) - len(missing):
        return list(found)
    fitted = list(found)
    for place in missing:
        fitted.insert(place, own[place])
    return [_widen(weights, here) for weights, here in zip(fitted, own, strict=True)]


def _are_new(encoder: Any) -> list[bool]:
    """Of each weight, whether it belongs to a layer that the earlier network lacks."""
    return [layer.name.startswith(HIDDEN) for layer in encoder.layers for _ in layer.weights]


def _widen(weights: npt.NDArray[np.float32], here: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A matrix of fewer rows with rows of zeros below; anything else as it is."""
    if weights.ndim != 2 or here.ndim != 2 or weights.shape[1] != here.shape[1] or len(weights) >= len(here):
        return weights
    return np.concatenate([weights, np.zeros((len(here) - len(weights), here.shape[1]), weights.dtype)])
