"""Equalised networks compute the same, and lose less as integers."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter import quantise
from facelatch_converter.architecture import build_encoder
from facelatch_converter.equalise import equalised, factors
from facelatch_converter.offset import to_unit_rows

Tensors = npt.NDArray[np.float32]

SHIPPED = Path(__file__).parents[2] / "models" / "default" / "encoder.keras"


@pytest.fixture(scope="module")
def faces() -> Tensors:
    """Smooth pictures of noise, (12, 112, 112, 4): no two channels of a network hear them equally loud."""
    coarse = np.random.default_rng(3).uniform(-1, 1, (12, 7, 7, 4)).astype(np.float32)
    return np.repeat(np.repeat(coarse, 16, 1), 16, 2)


@pytest.fixture(scope="module")
def unequal() -> Any:
    """The default network with channels whose ranges differ a thousandfold, as training leaves them."""
    import keras

    keras.utils.set_random_seed(5)
    network = build_encoder()
    rng = np.random.default_rng(5)
    for layer in network.layers[:-1]:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(10 ** rng.uniform(-1.5, 1.5, layer.gamma.shape))
            layer.beta.assign(rng.normal(0, 0.3, layer.beta.shape))
    return network


def outputs(network: Any, tensors: Tensors) -> Tensors:
    return np.asarray(network(tensors, training=False))


def test_an_equalised_network_computes_the_same(unequal: Any, faces: Tensors) -> None:
    before = [weights.copy() for weights in unequal.get_weights()]
    even = equalised(unequal, list(faces))
    expected = outputs(unequal, faces)
    np.testing.assert_allclose(outputs(even, faces), expected, atol=2e-5 * np.abs(expected).max())
    # The given one stays as it was; the copy did change, in the stem as in the head.
    for one, other in zip(before, unequal.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    changed = [
        not np.allclose(one.kernel, other.kernel)
        for one, other in zip(unequal.layers, even.layers, strict=True)
        if hasattr(one, "kernel")
    ]
    assert not changed[0]
    assert all(changed[1:])


@pytest.mark.parametrize("kind", ["unequal", "shipped"])
def test_an_equalised_network_loses_less_as_integers(kind: str, unequal: Any, faces: Tensors) -> None:
    network = unequal if kind == "unequal" else quantise.load_keras(SHIPPED)
    expected = to_unit_rows(outputs(network, faces))
    lost = []
    for data in (quantise.to_tflite(network, list(faces), "raw"), quantise.to_int8(network, faces, "even")):
        found = to_unit_rows(int8_outputs(data, faces))
        lost.append(float(np.median(1 - (found * expected).sum(1))))
    assert lost[1] < (0.8 if kind == "unequal" else 0.2) * lost[0]


def int8_outputs(data: bytes, tensors: Tensors) -> Tensors:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = taken["quantization"]
    found = []
    for tensor in np.clip(np.round(tensors / scale + zero), -128, 127).astype(np.int8):
        interpreter.set_tensor(taken["index"], tensor[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(given["index"])[0])
    scale, zero = given["quantization"]
    real: Tensors = ((np.array(found, np.float32) - zero) * scale).astype(np.float32)
    return real


def test_factors_even_out_what_is_heard_and_spare_what_reads_it() -> None:
    heard, even = np.array([1, 4, 16], np.float32), np.ones(3, np.float32)
    found = factors(heard, even)
    np.testing.assert_allclose(found[1:] / found[:-1], 4**0.75, rtol=1e-5)
    np.testing.assert_allclose(np.log(found).mean(), 0, atol=1e-6)
    # Loud weights are divided, so channels that they read must not be divided too.
    assert np.all(np.diff(factors(even, heard)) < 0)
    # A channel that never speaks has no say in the others.
    assert np.isfinite(factors(np.array([0, 1], np.float32), even[:2])).all()
    assert factors(np.zeros(2, np.float32), even[:2]) == pytest.approx([1, 1])


def test_networks_without_batch_normalisation_stay_as_they_are(faces: Tensors) -> None:
    import keras

    network = keras.Sequential(
        [keras.layers.Input((112, 112, 4)), keras.layers.Conv2D(4, 8, 8), keras.layers.Flatten()]
    )
    for one, other in zip(network.get_weights(), equalised(network, list(faces)).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_cannot_pass_factors_on_is_left_alone(faces: Tensors) -> None:
    """After a sigmoid, a ReLU with a ceiling, or a sum of two activations, factors would change the result."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(7)
    face = layers.Input((112, 112, 4))
    x = layers.BatchNormalization()(layers.Conv2D(6, 8, 8)(face))
    bent = layers.Activation("sigmoid")(x)
    capped = layers.ReLU(max_value=0.5)(layers.BatchNormalization()(layers.Conv2D(6, 1)(bent)))
    plain = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 1)(bent)))
    summed = layers.Conv2D(5, 1)(layers.Add()([capped, plain]))
    both = layers.Flatten()(layers.Concatenate()([summed, plain]))
    network = keras.Model(face, layers.Dense(8)(both))
    _spread(network, [0.1, 1, 10, 2, 0.3, 5])
    even = equalised(network, list(faces))
    np.testing.assert_allclose(outputs(even, faces), outputs(network, faces), atol=1e-5)


def test_a_flattened_mixture_of_activations_is_left_alone(faces: Tensors) -> None:
    """Its channels alternate from place to place, which `Flatten` after a concatenation does."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(8)
    face = layers.Input((112, 112, 4))
    one, other = (
        layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(3, 16, 16)(face))) for _ in range(2)
    )
    network = keras.Model(face, layers.Dense(8)(layers.Flatten()(layers.Concatenate()([one, other]))))
    _spread(network, [0.1, 1, 10])
    np.testing.assert_allclose(
        outputs(equalised(network, list(faces)), faces), outputs(network, faces), atol=1e-5
    )


@pytest.mark.parametrize("shared", ["normalisation", "relu", "reader"])
def test_what_is_applied_twice_is_left_alone(shared: str, faces: Tensors) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(9)
    kinds = {
        "normalisation": layers.BatchNormalization,
        "relu": layers.ReLU,
        "reader": lambda: layers.Conv2D(5, 1),
    }
    once = kinds[shared]()
    face = layers.Input((112, 112, 4))
    branches = []
    for _ in range(2):
        x = layers.Conv2D(6, 16, 16)(face)
        for name, kind in kinds.items():
            x = once(x) if name == shared else kind()(x)
        branches.append(x)
    network = keras.Model(face, layers.Dense(8)(layers.Flatten()(layers.Concatenate()(branches))))
    _spread(network, [0.1, 1, 10, 2, 0.3, 5])
    np.testing.assert_allclose(
        outputs(equalised(network, list(faces)), faces), outputs(network, faces), atol=1e-5
    )


def test_grouped_convolutions_and_other_axes_are_left_alone(faces: Tensors) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(10)
    face = layers.Input((112, 112, 4))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 16, 16)(face)))
    x = layers.ReLU()(layers.BatchNormalization(axis=1)(layers.Conv2D(6, 2, 1, groups=2)(x)))
    network = keras.Model(face, layers.Dense(8)(layers.Flatten()(layers.Conv2D(6, 1)(x))))
    _spread(network, [0.1, 1, 10, 2, 0.3, 5])
    np.testing.assert_allclose(
        outputs(equalised(network, list(faces)), faces), outputs(network, faces), atol=1e-5
    )


def _spread(network: Any, gammas: list[float]) -> None:
    """Give the channels of every batch normalisation ranges far apart."""
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(gammas)
