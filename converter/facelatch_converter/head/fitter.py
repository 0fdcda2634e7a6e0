"""Gradient steps of a head alone. Imports TensorFlow, so import it late.

With the trunk's features kept, a step on thousands of faces costs what one on a hundred costs with the trunk: each
face is told from thousands of others at once, among whom there are some who look like it. The head is trained on
features of mean 0 and spread 1, with its batch normalisations folded in, and put back as it was.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from facelatch_converter import losses
from facelatch_converter.architecture import EMBEDDING_SIZE, HIDDEN, POLE, SIDES, double
from facelatch_converter.head.features import Features
from facelatch_converter.offset import to_unit_rows

Real = npt.NDArray[np.float32]

TEMPERATURE = 1 / 25
_LEAST_SPREAD = 1e-3
_MEASURED = 3000
"""People by whom the spread of the features is measured."""


class Fitter:
    """The head of an encoder: hidden units, and the pole and the sides that read them and the pooled channels."""

    def __init__(self, encoder: Any, features: Features, learning_rate: float, steps: int) -> None:
        """Begin with the weights of `encoder`, which change by `write_back` alone."""
        self._encoder = encoder
        units, ends = _folded(encoder, f"{HIDDEN}_units"), [_folded(encoder, name) for name in (POLE, SIDES)]
        kernel, bias = (np.concatenate(parts, axis=-1) for parts in zip(*ends, strict=True))
        self._pooled = len(kernel) - units[0].shape[1]
        some = features.values[:_MEASURED].reshape(-1, features.values.shape[-1]).astype(np.float32)
        self._seen = _Scale.of(some)
        self._found = _Scale.of(np.maximum(some @ units[0] + units[1], 0))
        self._read = _Scale.joined(self._seen.first(self._pooled), self._found)
        weights = *self._seen.taken_in(*units), *self._read.taken_in(kernel, bias)
        self._variables = [tf.Variable(part) for part in weights]
        ends_with = keras.Input((1,)), keras.Input((EMBEDDING_SIZE - 1,))
        self._double = keras.Model(ends_with, double(*ends_with))
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        self._optimiser = keras.optimizers.Adam(rate)
        self._optimiser.build(self._variables)
        self._step = tf.function(self._take, reduce_retracing=True)

    def take_step(self, features: npt.NDArray[np.float16], labels: npt.NDArray[np.int32]) -> float:
        """One gradient step on faces (n, features) with their people's labels (n,); returns the loss."""
        return float(self._step(features, labels))

    def directions(self, features: Features, size: int = 500) -> Real:
        """Where each person lies on average, (people, 128) of unit length."""
        people, views, _ = features.values.shape
        parts = []
        for start in range(0, people, size):
            some = features.values[start : start + size]
            faces = losses.normalise(self._outputs(some.reshape(len(some) * views, -1)))
            parts.append(faces.numpy().reshape(len(some), views, -1).sum(1))
        return to_unit_rows(np.concatenate(parts))

    def write_back(self) -> None:
        """Give the encoder the weights that were fitted."""
        kernel, bias, last_kernel, last_bias = (variable.numpy() for variable in self._variables)
        _unfold(self._encoder, f"{HIDDEN}_units", *self._seen.taken_out(kernel, bias))
        last_kernel, last_bias = self._read.taken_out(last_kernel, last_bias)
        for name, columns in ((POLE, slice(0, 1)), (SIDES, slice(1, None))):
            _unfold(self._encoder, name, last_kernel[:, columns], last_bias[columns])

    def _take(self, features: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = losses.pairs_apart(self._outputs(features), labels, TEMPERATURE)
        gradients = tape.gradient(loss, self._variables)
        self._optimiser.apply_gradients(zip(gradients, self._variables, strict=True))
        return loss

    def _outputs(self, features: Any) -> Any:
        kernel, bias, last_kernel, last_bias = self._variables
        seen = self._seen.of_unit(tf.cast(features, tf.float32))
        units = self._found.of_unit(tf.nn.relu(tf.matmul(seen, kernel) + bias))
        raw = tf.matmul(tf.concat([seen[:, : self._pooled], units], 1), last_kernel) + last_bias
        return self._double([raw[:, :1], raw[:, 1:]])


class _Scale:
    """Mean and spread of numbers, by which weights that read them read numbers of mean 0 and spread 1 instead."""

    def __init__(self, mean: Real, spread: Real) -> None:
        self._mean, self._spread = mean, spread

    @classmethod
    def of(cls, values: Real) -> "_Scale":
        """Of values (n, size)."""
        return cls(values.mean(0), values.std(0) + np.float32(_LEAST_SPREAD))

    @classmethod
    def joined(cls, *scales: "_Scale") -> "_Scale":
        """Of numbers side by side."""
        means, spreads = ([getattr(one, name) for one in scales] for name in ("_mean", "_spread"))
        return cls(np.concatenate(means), np.concatenate(spreads))

    def first(self, size: int) -> "_Scale":
        """Of the first of them."""
        return _Scale(self._mean[:size], self._spread[:size])

    def of_unit(self, values: Any) -> Any:
        """Values with mean 0 and spread 1."""
        return (values - self._mean) / self._spread

    def taken_in(self, kernel: Real, bias: Real) -> tuple[Real, Real]:
        """Weights (size, outputs), (outputs,) for numbers of mean 0 and spread 1 in place of those."""
        return kernel * self._spread[:, None], bias + self._mean @ kernel

    def taken_out(self, kernel: Real, bias: Real) -> tuple[Real, Real]:
        """The other way."""
        kernel = kernel / self._spread[:, None]
        return kernel, bias - self._mean @ kernel


def _folded(encoder: Any, name: str) -> tuple[Real, Real]:
    """Kernel and bias of a dense layer with its batch normalisation folded in."""
    scale, shift = _normalisation(encoder, name)
    (kernel,) = encoder.get_layer(name).get_weights()
    return kernel * scale, shift


def _unfold(encoder: Any, name: str, kernel: Real, bias: Real) -> None:
    """Give both layers weights that do the same; the normalisation keeps its statistics and a scale that is not 0."""
    layer = encoder.get_layer(f"{name}_normalisation")
    gamma, *_, variance = layer.get_weights()
    # What was silenced need not be after fitting.
    layer.gamma.assign(np.where(gamma == 0, np.sqrt(variance + layer.epsilon), gamma))
    scale, shift = _normalisation(encoder, name)
    encoder.get_layer(name).set_weights([kernel / scale])
    layer.beta.assign(layer.beta + bias - shift)


def _normalisation(encoder: Any, name: str) -> tuple[Real, Real]:
    """What a layer's batch normalisation multiplies by and then adds."""
    layer = encoder.get_layer(f"{name}_normalisation")
    gamma, beta, mean, variance = layer.get_weights()
    scale = gamma / np.sqrt(variance + layer.epsilon)
    return scale, beta - mean * scale
