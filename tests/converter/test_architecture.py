"""The networks are what the issue of comparison says: sizes, operations, outputs."""

from typing import Any

import numpy as np
import pytest

from facelatch_converter.architecture import build_encoder, default_size_px, with_regression


def count_macs(model: Any) -> int:
    """Multiply-accumulate operations of one inference, before there is a TFLite file to count them in."""
    total = 0
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("Conv2D", "DepthwiseConv2D"):
            _, height, width, channels = layer.output.shape
            fan_in = layer.kernel.shape[2] if kind == "Conv2D" else 1
            total += height * width * channels * layer.kernel.shape[0] * layer.kernel.shape[1] * fan_in
        elif kind == "Dense":
            total += layer.kernel.shape[0] * layer.kernel.shape[1]
    return int(total)


def test_the_seed_network_is_the_seed_works() -> None:
    seed = build_encoder("seed", 200)
    assert seed.count_params() == 32_039_552
    assert count_macs(seed) == 147_126_784
    shapes = [layer.output.shape[1:] for layer in seed.layers if type(layer).__name__ == "MaxPooling2D"]
    assert shapes == [(48, 48, 64), (23, 23, 32), (11, 11, 64)]
    dropouts = [layer.rate for layer in seed.layers if type(layer).__name__ == "Dropout"]
    assert dropouts == [0.2, 0.2]


def test_the_default_network_keeps_within_its_budget() -> None:
    encoder = build_encoder()
    assert encoder.input_shape == (None, 112, 112, 4)
    assert encoder.output_shape == (None, 128)
    assert count_macs(encoder) <= 45_000_000
    # A byte each in int8, and a fifth more for everything else: 0.7 MB is what a file may take.
    assert encoder.count_params() < 590_000


def test_counted_operations_are_those_of_the_shapes() -> None:
    from keras import Model, layers

    x = layers.Input((8, 8, 4))
    y = layers.Dense(5)(layers.Flatten()(layers.DepthwiseConv2D(3)(layers.Conv2D(6, 3, padding="same")(x))))
    assert count_macs(Model(x, y)) == 8 * 8 * 6 * 9 * 4 + 6 * 6 * 6 * 9 + 6 * 6 * 6 * 5


@pytest.mark.parametrize("variant", ["default", "seed"])
def test_variants_map_a_face_to_128_numbers(variant: str) -> None:
    size = default_size_px(variant)
    faces = np.random.default_rng(0).uniform(-1, 1, (2, size, size, 4)).astype(np.float32)
    outputs = np.array(build_encoder(variant, size)(faces, training=False))
    assert outputs.shape == (2, 128)
    assert np.isfinite(outputs).all()
    assert np.abs(outputs[0] - outputs[1]).max() > 0


def test_the_regression_head_is_beside_the_embedding() -> None:
    network = with_regression(build_encoder(), 7)
    assert [output.shape[1] for output in network.outputs] == [128, 7]


def test_unknown_variants_are_refused() -> None:
    with pytest.raises(ValueError, match="known are default, seed"):
        build_encoder("resnet")
