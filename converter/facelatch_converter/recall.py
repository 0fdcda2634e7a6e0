"""The latest embeddings of earlier batches: strangers that each face of a batch is told apart from as well.

A batch holds few people who look alike to the encoder; among the thousands of crops before it there are some. All of
them count: with the nearest alone nothing would keep the others away. An encoder that learns slowly changes little
meanwhile.
Source: Wang et al., "Cross-batch memory for embedding learning", CVPR 2020.
"""

from typing import Any

import tensorflow as tf

from facelatch_converter.architecture import EMBEDDING_SIZE
from facelatch_converter.losses import normalise

_NOBODY = -1


class Recall:
    """A ring of embeddings and of whom they show."""

    def __init__(self, size: int) -> None:
        """Remember so many embeddings."""
        self._size = size
        self._embeddings = tf.Variable(tf.zeros((size, EMBEDDING_SIZE)), trainable=False)
        self._people = tf.Variable(tf.fill((size,), tf.constant(_NOBODY, tf.int64)), trainable=False)
        self._next = tf.Variable(0, trainable=False)

    def strangers(self, outputs: Any, people: Any) -> Any:
        """The cosines (batch, size) of outputs (batch, 128) with the embeddings of other people.

        It is -1, as far as can be, for one's own and where nothing is remembered yet.
        """
        cosine = tf.matmul(normalise(outputs), self._embeddings, transpose_b=True)
        other = (people[:, None] != self._people[None]) & (self._people != _NOBODY)[None]
        return tf.where(other, cosine, -1.0)

    def remember(self, outputs: Any, people: Any) -> None:
        """Take in a batch, of at most the ring's size, in place of the oldest."""
        count = tf.shape(people)[0]
        places = ((self._next + tf.range(count)) % self._size)[:, None]
        self._embeddings.scatter_nd_update(places, tf.stop_gradient(normalise(outputs)))
        self._people.scatter_nd_update(places, people)
        self._next.assign((self._next + count) % self._size)
