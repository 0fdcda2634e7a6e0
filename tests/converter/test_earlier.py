"""Encoders of earlier networks go on as they were, in the one with hidden units and a pole."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.architecture import (
    EMBEDDING_SIZE,
    HIDDEN,
    KERAS,
    SIDES,
    UNITS,
    before_ending,
    build_encoder,
)
from facelatch_converter.earlier import fit_weights
from facelatch_converter.face_model import FaceModel
from facelatch_converter.fused import FASTER
from facelatch_converter.offset import to_unit_rows
from facelatch_converter.teachers import Teachers
from facelatch_converter.trainer import Trainer

POOLED = 384


@pytest.fixture(scope="module")
def faces() -> npt.NDArray[np.float32]:
    """Three tensors, (3, 112, 112, 4)."""
    return np.random.default_rng(0).uniform(-1, 1, (3, 112, 112, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def earlier() -> Any:
    """The network as it was: pooled channels straight into the last layer."""
    from keras import Model, layers

    encoder = build_encoder()
    *_, pooled = (
        layer
        for layer in encoder.layers
        if isinstance(layer, layers.Flatten) and layer.output.shape[1] == POOLED
    )
    x = layers.Dense(EMBEDDING_SIZE, use_bias=False)(pooled.output)
    found = Model(encoder.input, layers.BatchNormalization()(x))
    _scatter(found)
    return found


@pytest.fixture(scope="module")
def second() -> Any:
    """The second network: hidden units, and no pole."""
    from keras import Model, layers

    encoder = build_encoder()
    x = layers.Dense(EMBEDDING_SIZE, use_bias=False)(encoder.get_layer(SIDES).input)
    found = Model(encoder.input, layers.BatchNormalization()(x))
    _scatter(found)
    return found


def _scatter(network: Any) -> None:
    rng = np.random.default_rng(1)
    for weights in network.weights:
        # None may be left as it was made. What is not a kernel grows: a variance must stay above zero.
        noise = rng.standard_normal(weights.shape).astype(np.float32)
        weights.assign(weights + 0.02 * noise if len(weights.shape) > 1 else weights + 0.1 * np.abs(noise))


def test_the_earlier_network_is_all_but_the_hidden_units(earlier: Any) -> None:
    assert earlier.count_params() == 436_224
    assert not any(layer.name.startswith(HIDDEN) for layer in earlier.layers)
    assert sum(layer.name.startswith(HIDDEN) for layer in build_encoder().layers if layer.weights) == 4


@pytest.mark.parametrize("network", ["earlier", "second"])
def test_outputs_before_the_pole_are_what_they_were_turned_and_raised(
    network: str, request: pytest.FixtureRequest
) -> None:
    from keras import Model

    before = request.getfixturevalue(network)
    last = before.layers[-2]
    features = np.random.default_rng(2).normal(size=(5, POOLED + UNITS)).astype(np.float32)
    expected = Model(last.input, before.output)(features[:, : last.input.shape[1]]).numpy()
    for kinds in (KERAS, FASTER):
        encoder = build_encoder(kinds=kinds)
        encoder.set_weights(fit_weights(encoder, before.get_weights()))
        raw = Model(encoder.get_layer(SIDES).input, before_ending(encoder))(features).numpy()
        np.testing.assert_allclose(apart(raw), apart(expected), atol=1e-4)
        # The pole is where the normalisation says that all outputs lie, and higher than what tells people apart.
        beta, gamma = before.layers[-1].beta.numpy(), before.layers[-1].gamma.numpy()
        along = expected @ (beta / np.linalg.norm(beta))
        np.testing.assert_allclose(np.diff(raw[:, 0]), np.diff(along), atol=1e-4)
        above = 2 * np.linalg.norm(gamma) - np.linalg.norm(beta)
        np.testing.assert_allclose(raw[:, 0] - along, above, atol=1e-3)


def test_it_may_begin_a_run_and_teach_one(
    earlier: Any, faces: npt.NDArray[np.float32], model: FaceModel
) -> None:
    trainer = Trainer("default", "pairs", model)
    trainer.begin_with(earlier, "start")
    raw = trainer.outputs(faces)
    np.testing.assert_allclose(apart(raw), apart(earlier(faces, training=False).numpy()), atol=1e-4)
    (teacher,) = Teachers("default", [(earlier, "teacher")])._encoders
    taught = to_unit_rows(teacher(faces, training=False).numpy())
    np.testing.assert_allclose(taught, trainer.ending.embed(raw), atol=1e-5)


def test_the_hidden_units_are_read_as_soon_as_their_weights_are_no_longer_zero(
    earlier: Any, faces: npt.NDArray[np.float32]
) -> None:
    encoder = build_encoder()
    weights = fit_weights(encoder, earlier.get_weights())
    (matrix,) = (
        place for place, one in enumerate(weights) if one.shape == (POOLED + 128, EMBEDDING_SIZE - 1)
    )
    assert not weights[matrix][POOLED:].any()
    encoder.set_weights(weights)
    before = encoder(faces, training=False).numpy()
    weights[matrix][POOLED:] = 0.1
    encoder.set_weights(weights)
    assert np.abs(encoder(faces, training=False) - before).max() > 1e-3


def test_weights_of_the_same_network_are_left_alone() -> None:
    encoder = build_encoder()
    same(fit_weights(encoder, encoder.get_weights()), encoder.get_weights())
    seed = build_encoder("seed", 64)
    same(fit_weights(seed, seed.get_weights()), seed.get_weights())


def test_weights_of_no_known_network_are_left_for_keras_to_refuse(earlier: Any) -> None:
    encoder = build_encoder()
    foreign = [np.zeros((2, 3), np.float32)]
    same(fit_weights(encoder, foreign), foreign)
    other = [*earlier.get_weights()[:-1], np.zeros(7, np.float32)]
    with pytest.raises(ValueError, match="shape"):
        encoder.set_weights(fit_weights(encoder, other))


def apart(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Distances of every two rows."""
    found: npt.NDArray[np.float32] = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    return found


def same(found: list[npt.NDArray[np.float32]], expected: list[npt.NDArray[np.float32]]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
