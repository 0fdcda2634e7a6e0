"""Encoders that teach another one where they put the people whom it sees."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from facelatch_converter import losses, networks
from facelatch_converter.crops import LIGHTS, Batch, Introduction
from facelatch_converter.fused import FASTER
from facelatch_converter.prototypes import Prototypes
from facelatch_converter.train import PROTOTYPE_WEIGHT, RIVALS_WEIGHT, TAUGHT_WEIGHT, to_reals

_AT_ONCE = 96
"""Crops that a teacher looks at together."""


class Told(NamedTuple):
    """What teachers know of the people of a batch, until they meet the next one's."""

    known: Any
    """(teachers, people, 128): the prototypes of all who are remembered, each in every light."""
    own: Any
    """(batch,): where among them each face's person is, in the light of the face."""
    rivals: Any
    """(batch, people): 1 for whom a face could be taken for, oneself included."""


class Teachers:
    """Encoders that look once at each person whom a run remembers."""

    def __init__(
        self,
        variant: str,
        encoders: Sequence[tuple[Any, str]],
        remembered: tuple[int, int] = (1, 1000),
    ) -> None:
        """`encoders` each with its name for messages; `remembered`: so many streams, so many people of each.

        Raises `ConversionError` for an encoder of another variant.
        """
        self._encoders = [networks.build(variant, FASTER) for _ in encoders]
        for copy, (encoder, source) in zip(self._encoders, encoders, strict=True):
            networks.take_over(encoder, copy, variant, source)
        streams, people = remembered
        self._prototypes = Prototypes(len(encoders), streams, people * len(LIGHTS))
        self._look = tf.function(both_ways, reduce_retracing=True)

    def recollect(self, batch: Batch) -> Told:
        """What they know of a batch's people, once they have met the new ones.

        Raises `KeyError` for somebody who was not introduced.
        """
        if batch.introduced is not None:
            self._meet(batch.introduced)
        # A mirrored person, an odd number, is to teachers who look both ways what the person is.
        own = self._prototypes.places(batch.people // 2, batch.lights)
        return Told(self._prototypes.unit, own, self._prototypes.rivals(batch.lights))

    def _meet(self, people: Introduction) -> None:
        # A run begins with introductions of many people at once.
        portions = [
            to_reals(people.tensors[start : start + _AT_ONCE])
            for start in range(0, len(people.tensors), _AT_ONCE)
        ]
        looks = np.stack(
            [np.concatenate([self._look(one, some).numpy() for some in portions]) for one in self._encoders]
        )
        self._prototypes.take_in(people.people // 2, people.lights, looks, people.stream)


def taught_loss(outputs: Any, told: Told) -> Any:
    """The teachers' part of what a student minimises, of its `outputs` (batch, 128).

    Two teachers' cosines can be averaged; their embedding spaces are each its own, so the first one's is learnt.
    """
    places = tf.gather(told.known, told.own, axis=1)
    cosines = tf.reduce_mean(tf.matmul(places, places, transpose_b=True), axis=0)
    return (
        TAUGHT_WEIGHT * losses.taught_error(outputs, cosines)
        + PROTOTYPE_WEIGHT * losses.prototype_error(outputs, places[0])
        + RIVALS_WEIGHT * losses.told_apart(outputs, told.known[0], told.own, told.rivals)
    )


def both_ways(teacher: Any, tensors: Any) -> Any:
    """What a teacher says of each face and of its mirror image, put together: (batch, 128), float32.

    Two looks at the same skin: the errors of one are not those of the other. A board has no time for the second. Of
    300 people held out, the sum of both missed 5.1 % at an FMR of 1e-4, the mean of both looks' similarities, which
    keeps left and right apart, 5.3 %, one look 5.9 %. Nobody is in a batch with their own mirror image.
    """
    seen = losses.normalise(teacher(tensors, training=False))
    reflected = losses.normalise(teacher(tf.reverse(tensors, axis=[2]), training=False))
    return seen + reflected
