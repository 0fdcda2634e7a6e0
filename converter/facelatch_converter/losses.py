"""What training minimises: one person's faces together, different people's apart.

All take raw encoder outputs and normalise them, so that distances are those that a board measures.
"""

from typing import Any

import tensorflow as tf


def normalise(outputs: Any) -> Any:
    """Unit-length embeddings, float32."""
    return tf.math.l2_normalize(tf.cast(outputs, tf.float32), axis=1)


def cosines(outputs: Any) -> Any:
    """The similarity (batch, batch) of every two outputs (batch, 128)."""
    embeddings = normalise(outputs)
    return tf.matmul(embeddings, embeddings, transpose_b=True)


def contrastive(first: Any, second: Any, same: Any, margin: float = 1.0) -> Any:
    """The pairwise loss of the seed work: d^2 where `same`, max(margin - d, 0)^2 where not, halved and averaged.

    `first` and `second` are outputs (pairs, 128), `same` (pairs,) is 1 or 0.
    Source: Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR 2006.
    """
    distance = tf.sqrt(tf.reduce_sum(tf.square(normalise(first) - normalise(second)), axis=1) + 1e-9)
    same = tf.cast(same, tf.float32)
    together = same * tf.square(distance)
    apart = (1 - same) * tf.square(tf.maximum(margin - distance, 0))
    return tf.reduce_mean(together + apart) / 2


def all_pairs(
    outputs: Any, labels: Any, temperature: float = 1 / 16, margin: float = 0.0, strangers: Any = None
) -> Any:
    """Contrastive over all pairs of a batch: each face must tell its own people from everybody else's.

    `outputs` (batch, 128), `labels` (batch,) integers, at least two faces per label. With a margin, one's own people
    must be more similar than others by that much of a cosine. `strangers` (batch, n) are cosines of each face with
    strangers from elsewhere.
    Sources: Khosla et al., "Supervised contrastive learning", NeurIPS 2020, equation 2; the margin as in Wang et al.,
    "CosFace", CVPR 2018, equation 4.
    """
    itself = tf.eye(tf.shape(labels)[0])
    genuine = tf.cast(labels[:, None] == labels[None], tf.float32) - itself
    cosine = cosines(outputs) - margin * genuine
    similarity = cosine / temperature - 1e9 * itself
    everybody = similarity if strangers is None else tf.concat([similarity, strangers / temperature], 1)
    log_share = similarity - tf.reduce_logsumexp(everybody, axis=1, keepdims=True)
    partners = tf.maximum(tf.reduce_sum(genuine, axis=1), 1)
    return -tf.reduce_mean(tf.reduce_sum(genuine * log_share, axis=1) / partners)


def pairs_apart(outputs: Any, labels: Any, temperature: float) -> Any:
    """How well two faces of one person are told from all strangers of the first: cross-entropy, pair by pair.

    `outputs` (batch, 128), `labels` (batch,) integers, at least two faces per label. Unlike in `all_pairs`, a person's
    own faces do not compete: a pair that is near already does not make up for one that is not.
    Source: Sohn, "Improved deep metric learning with multi-class N-pair loss objective", NeurIPS 2016, equation 6, with
    every pair of a batch.
    """
    same = tf.cast(labels[:, None] == labels[None], tf.float32)
    pairs = same - tf.eye(tf.shape(labels)[0])
    similarity = cosines(outputs) / temperature
    strangers = tf.reduce_logsumexp(similarity - 1e9 * same, axis=1, keepdims=True)
    return tf.reduce_sum(tf.nn.softplus(strangers - similarity) * pairs) / tf.reduce_sum(pairs)


def taught_error(outputs: Any, taught: Any) -> Any:
    """How far the similarities of a batch are from those of its teachers: squared error of cosines of two faces.

    `outputs` (batch, 128), `taught` (batch, batch) cosines.
    Source: Tung and Mori, "Similarity-preserving knowledge distillation", ICCV 2019, with cosines and pair by pair.
    """
    itself = tf.eye(tf.shape(outputs)[0])
    count = tf.reduce_sum(itself)
    between = tf.square(cosines(outputs) - taught) * (1 - itself)
    return tf.reduce_sum(between) / (count * (count - 1))


def prototype_error(outputs: Any, known: Any) -> Any:
    """How far faces are from where their people lie: 1 - cosine, half the squared distance.

    `outputs` (batch, 128), `known` (batch, 128) of unit length, in the embedding space that the encoder is to have.
    """
    return tf.reduce_mean(1 - tf.reduce_sum(normalise(outputs) * known, axis=1))


def told_apart(outputs: Any, known: Any, own: Any, others: Any, temperature: float = 1 / 16) -> Any:
    """How well each face is told from everybody known: cross-entropy over people, each where a teacher puts them.

    `outputs` (batch, 128), `known` (people, 128) of unit length, `own` (batch,) places among them, `others` (batch,
    people) 1 for whom a face could be taken for, oneself included.
    Source: Zhai and Wu, "Classification is a strong baseline for deep metric learning", BMVC 2019, with proxies that
    are not learnt.
    """
    similarity = tf.matmul(normalise(outputs), known, transpose_b=True) / temperature
    everybody = tf.reduce_logsumexp(similarity - 1e9 * (1 - others), axis=1)
    return tf.reduce_mean(everybody - tf.gather(similarity, own, axis=1, batch_dims=1))


def coefficient_error(guess: Any, known: Any, importance: Any) -> Any:
    """Mean squared error of the guessed shape coefficients, weighted by how much shape each one moves."""
    return tf.reduce_mean(importance * tf.square(guess - known))
