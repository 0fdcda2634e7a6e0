"""A network, its optimiser and one gradient step. Imports TensorFlow, so import it late."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from facelatch_converter import architecture, losses, networks
from facelatch_converter.crops import Batch
from facelatch_converter.ending import find_ending, outputs
from facelatch_converter.face_model import FaceModel
from facelatch_converter.fused import FASTER, FROZEN
from facelatch_converter.look_alikes import reach_mm
from facelatch_converter.recall import Recall
from facelatch_converter.teachers import Told, taught_loss
from facelatch_converter.train import to_reals

REGRESSION_WEIGHT = 2.0
"""Of the shape coefficients beside the all-pairs loss."""
MARGIN = 0.2
"""Of the loss `margin`, in cosines."""


class Trainer:
    """A network, its optimiser and one gradient step.

    In "bfloat16" the layers compute with 8 bits of mantissa and keep their weights, statistics and loss in float32;
    a processor with AMX then takes two thirds of the time. What is saved and measured is the float32 encoder.
    """

    def __init__(
        self,
        variant: str,
        loss: str,
        model: FaceModel,
        precision: str = "float32",
        recalled: int = 0,
        frozen: bool = False,
    ) -> None:
        """`recalled` crops of earlier batches are strangers too.

        `frozen` statistics stay those of the encoder that it begins with.
        """
        self._variant = variant
        self._recall = Recall(recalled) if recalled else None
        with networks.computing_in(precision):
            self.encoder = networks.build(variant, FROZEN if frozen else FASTER)
            self.network = architecture.with_regression(self.encoder, len(model.identity_mm))
        self._plain = networks.build(variant)
        self.ending = find_ending(self._plain)
        self._probe = self.ending.probe(self._plain)
        self.optimiser = keras.optimizers.Adam(1e-3)
        self.optimiser.build(self.network.trainable_variables)
        self._importance = tf.constant(_importance(model))
        self._objective = {
            "all-pairs": self._all_pairs,
            "margin": self._margin,
            "pairs": self._pairs,
            "regression": self._regression,
            "contrastive": self._contrastive,
        }[loss]
        self.step = tf.function(self._step)

    def begin_with(self, encoder: Any, source: str) -> None:
        """Take over an encoder's weights; raises `ConversionError` for another network's."""
        networks.take_over(encoder, self.encoder, self._variant, source)

    def take_step(self, batch: Batch, told: Told | None = None) -> float:
        """One gradient step, `told` what teachers know of the batch's people; returns the loss."""
        return float(self.step(to_reals(batch.tensors), batch.weights, batch.labels, batch.people, told))

    def _step(self, tensors: Any, weights: Any, labels: Any, people: Any, told: Told | None) -> Any:
        with tf.GradientTape() as tape:
            outputs, guess = self.network(tensors, training=True)
            strangers = None if self._recall is None else self._recall.strangers(outputs, people)
            loss = self._objective(outputs, guess, weights, labels, strangers)
            if told is not None:
                loss += taught_loss(outputs, told)
        if self._recall is not None:
            self._recall.remember(outputs, people)
        gradients = tape.gradient(loss, self.network.trainable_variables)
        self.optimiser.apply_gradients(zip(gradients, self.network.trainable_variables, strict=True))
        return loss

    # Every variable needs a gradient, also of what takes no part in a loss.

    def _all_pairs(self, outputs: Any, guess: Any, weights: Any, labels: Any, strangers: Any) -> Any:
        apart = losses.all_pairs(outputs, labels, strangers=strangers)
        return apart + self._coefficients(guess, weights)

    def _margin(self, outputs: Any, guess: Any, weights: Any, labels: Any, strangers: Any) -> Any:
        apart = losses.all_pairs(outputs, labels, margin=MARGIN, strangers=strangers)
        return apart + self._coefficients(guess, weights)

    def _pairs(self, outputs: Any, guess: Any, _weights: Any, labels: Any, strangers: Any) -> Any:
        return losses.all_pairs(outputs, labels, strangers=strangers) + 0 * tf.reduce_sum(guess)

    def _regression(self, _outputs: Any, guess: Any, weights: Any, _labels: Any, _strangers: Any) -> Any:
        return self._coefficients(guess, weights)

    def _coefficients(self, guess: Any, weights: Any) -> Any:
        return REGRESSION_WEIGHT * losses.coefficient_error(guess, weights, self._importance)

    def _contrastive(self, outputs: Any, guess: Any, _weights: Any, labels: Any, _strangers: Any) -> Any:
        """Each face with another of its own person, and with a stranger's: as many of one as of the other."""
        people = tf.shape(tf.unique(labels).y)[0]
        views = tf.shape(labels)[0] // people
        by_person = tf.reshape(outputs, (people, views, tf.shape(outputs)[1]))
        own = tf.reshape(tf.roll(by_person, 1, 1), tf.shape(outputs))
        away = views * tf.random.uniform((), 1, people, tf.int32)
        first = tf.concat([outputs, outputs], 0)
        second = tf.concat([own, tf.roll(outputs, away, 0)], 0)
        same = tf.repeat((1.0, 0.0), tf.shape(labels)[0])
        return losses.contrastive(first, second, same) + 0 * tf.reduce_sum(guess)

    def exported(self, offset: npt.NDArray[np.float32]) -> Any:
        """The encoder alone, of Keras' own layers, with `offset` (128,) taken from what comes before its ending."""
        plain = networks.build(self._variant)
        plain.set_weights(self.encoder.get_weights())
        self.ending.subtract(plain, offset)
        return plain

    def outputs(self, tensors: npt.NDArray[np.float32], size: int = 200) -> npt.NDArray[np.float32]:
        """What comes before the encoder's `ending`, (n, 128) in float32."""
        self._plain.set_weights(self.encoder.get_weights())
        return outputs(self._probe, tensors, size)


def _importance(model: FaceModel) -> npt.NDArray[np.float32]:
    """How much each shape coefficient moves the skin, at most 1 mm counted, mean 1."""
    share = np.minimum(reach_mm(model), 1)
    importance: npt.NDArray[np.float32] = (share / share.mean()).astype(np.float32)
    return importance
