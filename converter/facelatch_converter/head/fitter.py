"""Gradient steps of the upper half of an encoder. Imports TensorFlow, so import it late.

With what the lower half finds kept, a step costs a third, nothing is rendered meanwhile, and hundreds of people are
told from each other at once, among whom there are some who look alike. Statistics stay as they are: what is fitted is
what is shipped.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from facelatch_converter import losses, networks
from facelatch_converter.fused import FROZEN
from facelatch_converter.head.cut import cut

Real = npt.NDArray[np.float32]

TEMPERATURE = 1 / 25


class Fitter:
    """The upper half of an encoder, and how it is fitted."""

    def __init__(self, encoder: Any, learning_rate: float, steps: int) -> None:
        """Begin with the weights of `encoder`, which change by `write_back` alone."""
        self._encoder = encoder
        self._faster = networks.build("default", FROZEN)
        self._faster.set_weights(encoder.get_weights())
        self._above = cut(self._faster).above
        self._variables = self._above.trainable_variables
        self._optimiser = keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=0.02)
        )
        self._optimiser.build(self._variables)
        self._step = tf.function(self._take, reduce_retracing=True)
        self._look = tf.function(self._embed, reduce_retracing=True)

    def take_step(
        self, features: npt.NDArray[np.float16], labels: npt.NDArray[np.int32]
    ) -> tuple[float, Real]:
        """One gradient step on faces (n, ...) with their people's labels (n,): the loss, and embeddings (n, 128)."""
        loss, embeddings = self._step(features, labels)
        return float(loss), embeddings.numpy()

    def look(self, features: npt.NDArray[np.float16]) -> Real:
        """Embeddings (n, 128) of unit length of faces (n, ...)."""
        embeddings: Real = self._look(features).numpy()
        return embeddings

    def write_back(self) -> None:
        """Give the encoder the weights that were fitted."""
        self._encoder.set_weights(self._faster.get_weights())

    def _take(self, features: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = self._outputs(features)
            loss = losses.pairs_apart(outputs, labels, TEMPERATURE)
        gradients = tape.gradient(loss, self._variables)
        self._optimiser.apply_gradients(zip(gradients, self._variables, strict=True))
        return loss, losses.normalise(outputs)

    def _embed(self, features: Any) -> Any:
        return losses.normalise(self._outputs(features))

    def _outputs(self, features: Any) -> Any:
        return self._above(tf.cast(features, tf.float32), training=False)
