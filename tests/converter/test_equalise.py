"""Equalised networks compute the same, and lose less as integers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

from facelatch_converter import equalise, quantise
from facelatch_converter.architecture import before_ending, build_encoder
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
    keras.utils.set_random_seed(5)
    network = build_encoder()
    rng = np.random.default_rng(5)
    for layer in network.layers:
        # What pole and sides are is no activation's range.
        if isinstance(layer, layers.BatchNormalization) and not layer.name.startswith(("pole", "sides")):
            layer.gamma.assign(10 ** rng.uniform(-1.5, 1.5, layer.gamma.shape))
            layer.beta.assign(rng.normal(0, 0.3, layer.beta.shape))
    return network


def outputs(network: Any, tensors: Tensors) -> Tensors:
    return np.asarray(network(tensors, training=False))


def test_an_equalised_network_computes_the_same(unequal: Any, faces: Tensors) -> None:
    before = [weights.copy() for weights in unequal.get_weights()]
    kernels = [layer.kernel.numpy() for layer in unequal.layers if hasattr(layer, "kernel")]
    expected = outputs(unequal, faces)
    with equalised(unequal, list(faces)) as extent:
        assert extent == (26, 28)  # Pole and sides are multiplied by each other.
        np.testing.assert_allclose(outputs(unequal, faces), expected, atol=2e-5 * np.abs(expected).max())
        # All that read activations changed, in the first fire module as in the head.
        now = [layer.kernel.numpy() for layer in unequal.layers if hasattr(layer, "kernel")]
        changed = [not np.allclose(one, other) for one, other in zip(kernels, now, strict=True)]
        assert not changed[0]
        assert all(changed[1:])
    for one, other in zip(before, unequal.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_seed_works_network_is_equalised_where_it_normalises() -> None:
    network = build_encoder("seed", 64)
    noise = np.random.default_rng(1).uniform(-1, 1, (2, 64, 64, 4)).astype(np.float32)
    with equalised(network, list(noise)) as extent:
        assert extent == (1, 1)


@pytest.mark.parametrize("kind", ["unequal", "shipped"])
def test_an_equalised_network_loses_less_as_integers(kind: str, unequal: Any, faces: Tensors) -> None:
    # Doubled, the angle of a network that was not trained is anything.
    shipped = kind == "shipped"
    network = quantise.load_keras(SHIPPED) if shipped else keras.Model(unequal.input, before_ending(unequal))
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


def test_factors_take_a_share_of_the_differences_away() -> None:
    heard = np.array([1, 4, 16], np.float32)
    for share in (0.0, 0.5, 1.0):
        found = factors(heard, share)
        np.testing.assert_allclose(found[1:] / found[:-1], 4**share, rtol=1e-5)
        np.testing.assert_allclose(np.log(found).mean(), 0, atol=1e-6)
    assert factors(np.zeros(2, np.float32)) == pytest.approx([1, 1])


def test_a_channel_that_hardly_speaks_is_not_blown_up_beyond_measure() -> None:
    silent = factors(np.array([1e-9, *np.ones(63)], np.float32), share=1.0)
    assert silent[0] == pytest.approx(0.01)
    np.testing.assert_allclose(silent[1:], 10 ** (3 / 64), rtol=1e-5)
    lonely = factors(np.array([1.0, *np.full(63, 1e-3)], np.float32), share=1.0)
    assert lonely.max() == pytest.approx(100)
    np.testing.assert_allclose(lonely[1:], lonely[1])


def test_the_loudest_face_counts_in_whichever_batch_it_is() -> None:
    """Ranges are of all faces; more are given than go through a network at once."""
    tensors = np.full((120, 4, 4, 4), 0.1, np.float32)
    tensors[3, ..., 0] = 1
    face = layers.Input((4, 4, 4))
    normalised = layers.BatchNormalization(epsilon=0.0)(layers.DepthwiseConv2D(1, use_bias=False)(face))
    network = keras.Model(face, layers.Dense(3)(normalised))
    network.layers[1].kernel.assign(np.ones((1, 1, 4, 1), np.float32))
    gamma = network.layers[2].gamma
    with equalised(network, list(tensors), share=1.0) as extent:
        assert extent == (1, 1)
        assert float(gamma[1] / gamma[0]) == pytest.approx(10, rel=1e-3)


def _conv(x: Any, filters: int = 6, kernel: int = 1, **more: Any) -> Any:
    return layers.Conv2D(filters, kernel, kernel, **more)(x)


def _normal(x: Any, **more: Any) -> Any:
    return layers.BatchNormalization(**more)(x)


def _relu(x: Any) -> Any:
    return layers.ReLU()(x)


class _Standardised(layers.Conv2D):  # type: ignore[misc]
    """A convolution that computes its kernel, as those with weight standardisation do."""

    def call(self, inputs: Any) -> Any:
        kernel = self.kernel / keras.ops.max(keras.ops.abs(self.kernel))
        return keras.ops.conv(inputs, kernel)


def _concatenated(x: Any, axis: int) -> Any:
    return layers.Concatenate(axis)([x, layers.MaxPooling2D(1)(x)])


def _shared(x: Any, name: str) -> Any:
    """Two branches with one of their layers in common."""
    kinds = {
        "normalisation": layers.BatchNormalization,
        "relu": layers.ReLU,
        "reader": lambda: layers.Conv2D(5, 1),
    }
    once = kinds[name]()
    branches = []
    for _ in range(2):
        branch = _conv(x)
        for kind, make in kinds.items():
            branch = once(branch) if kind == name else make()(branch)
        branches.append(branch)
    return layers.Concatenate()(branches)


NETWORKS: list[Any] = [
    pytest.param(lambda x: _conv(_relu(_normal(_conv(x)))), 1, id="plain"),
    pytest.param(lambda x: _conv(_normal(_conv(x))), 1, id="no-relu"),
    pytest.param(lambda x: _conv(layers.Dropout(0.2)(_relu(_normal(_conv(x))))), 1, id="dropout"),
    pytest.param(lambda x: _conv(layers.MaxPooling2D(2)(_relu(_normal(_conv(x))))), 1, id="maximum"),
    pytest.param(
        lambda x: _conv(layers.AveragePooling2D(2)(layers.Activation("relu")(_normal(_conv(x))))),
        1,
        id="named-relu",
    ),
    pytest.param(lambda x: layers.GlobalAveragePooling2D()(_relu(_normal(_conv(x)))), 1, id="pooled"),
    pytest.param(lambda x: _conv(layers.Activation("relu6")(_normal(_conv(x)))), 0, id="named-ceiling"),
    pytest.param(lambda x: layers.DepthwiseConv2D(1)(_relu(_normal(_conv(x)))), 1, id="depthwise"),
    pytest.param(lambda x: layers.Concatenate()([_relu(_normal(_conv(x)))]), 1, id="concatenated-alone"),
    pytest.param(
        lambda x: layers.Concatenate()([_relu(_normal(_conv(x))), _relu(_normal(_conv(x)))]),
        0,
        id="flattened-mixture",
    ),
    pytest.param(
        lambda x: _conv(_concatenated(_relu(_normal(_conv(x))), -1)), 1, id="twice-by-way-of-a-maximum"
    ),
    pytest.param(lambda x: _conv(_concatenated(_relu(_normal(_conv(x))), 1)), 0, id="another-axis"),
    pytest.param(lambda x: _conv(layers.Concatenate()([y := _normal(_conv(x)), y])), 0, id="the-same-twice"),
    pytest.param(lambda x: _conv(layers.ReLU(max_value=0.5)(_normal(_conv(x)))), 0, id="ceiling"),
    pytest.param(lambda x: _conv(layers.ReLU(threshold=0.5)(_normal(_conv(x)))), 0, id="threshold"),
    pytest.param(lambda x: _conv(layers.ReLU(negative_slope=0.5)(_normal(_conv(x)))), 1, id="leaky"),
    pytest.param(lambda x: _conv(layers.Activation("sigmoid")(_normal(_conv(x)))), 0, id="sigmoid"),
    pytest.param(lambda x: _conv(layers.Add()([_normal(_conv(x)), _normal(_conv(x))])), 0, id="sum"),
    pytest.param(lambda x: _conv(_normal(_conv(x), axis=1)), 0, id="normalised-along-rows"),
    pytest.param(lambda x: _conv(_normal(_conv(x), scale=False)), 0, id="no-gamma"),
    pytest.param(lambda x: _conv(_relu(_normal(_conv(x))), groups=2), 0, id="groups"),
    pytest.param(lambda x: _Standardised(6, 1)(_relu(_normal(_conv(x)))), 0, id="a-kernel-of-its-own"),
    pytest.param(lambda x: _shared(x, "normalisation"), 0, id="shared-normalisation"),
    pytest.param(lambda x: _shared(x, "relu"), 0, id="shared-relu"),
    pytest.param(lambda x: _shared(x, "reader"), 0, id="shared-reader"),
    pytest.param(_conv, 0, id="nothing-normalised"),
]


@pytest.mark.parametrize(("body", "expected"), NETWORKS)
def test_what_can_be_equalised_is_and_nothing_computes_anything_else(
    body: Callable[[Any], Any], expected: int, faces: Tensors
) -> None:
    keras.utils.set_random_seed(7)
    face = layers.Input((112, 112, 4))
    # From a picture of 7x7 to numbers: a later layer reads every place.
    network = keras.Model(face, layers.Dense(8)(layers.Flatten()(body(_conv(face, kernel=16)))))
    _spread(network)
    before = outputs(network, faces)
    with equalised(network, list(faces)) as extent:
        assert extent.equalised == expected
        np.testing.assert_allclose(outputs(network, faces), before, atol=2e-5 * np.abs(before).max())


def test_a_sequential_network_is_equalised_and_one_with_its_own_statistics_kept(faces: Tensors) -> None:
    keras.utils.set_random_seed(8)
    scaling = layers.Normalization()
    scaling.adapt(faces)
    body = [
        layers.Conv2D(6, 16, 16),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Flatten(),
        layers.Dense(8),
    ]
    network = keras.Sequential([layers.Input((112, 112, 4)), scaling, *body])
    _spread(network)
    before = outputs(network, faces)
    with equalised(network, list(faces)) as extent:
        assert extent == (1, 1)
        np.testing.assert_allclose(outputs(network, faces), before, atol=2e-5 * np.abs(before).max())


def test_a_layer_that_another_network_reads_too_is_equalised_for_this_one(faces: Tensors) -> None:
    keras.utils.set_random_seed(9)
    face = layers.Input((112, 112, 4))
    x = _relu(_normal(_conv(face, kernel=16)))
    network = keras.Model(face, layers.Dense(8)(layers.Flatten()(x)))
    layers.Activation("sigmoid")(x)  # Of some other network.
    _spread(network)
    with equalised(network, list(faces)) as extent:
        assert extent == (1, 1)


def test_a_network_that_computes_something_else_is_left_alone(
    faces: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The promise is held against the outputs: here factors that are applied to one side alone."""
    face = layers.Input((112, 112, 4))
    network = keras.Model(face, layers.Dense(8)(layers.Flatten()(_relu(_normal(_conv(face, kernel=16))))))
    _spread(network)
    before = outputs(network, faces)

    def halved(normalisation: Any, *_: Any) -> None:
        normalisation.gamma.assign(normalisation.gamma / 2)

    monkeypatch.setattr(equalise, "_scale", halved)
    with equalised(network, list(faces)) as extent:
        assert extent == (0, 1)
        np.testing.assert_array_equal(outputs(network, faces), before)


def _spread(network: Any) -> None:
    """Give the channels of every batch normalisation ranges far apart."""
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization) and layer.scale:
            layer.gamma.assign(np.resize([0.1, 1, 10, 2, 0.3, 5], layer.gamma.shape))
