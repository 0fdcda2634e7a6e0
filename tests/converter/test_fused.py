"""The fused batch normalisation is Keras' own, only faster."""

import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from facelatch_converter.architecture import Kinds, build_encoder
from facelatch_converter.fused import (
    FASTER,
    FROZEN,
    DepthwiseConvolution,
    FrozenBatchNormalization,
    FusedBatchNormalization,
    PatchConvolution,
)


@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
def test_results_and_running_statistics_are_the_same(training: bool) -> None:
    inputs = tf.constant(np.random.default_rng(0).normal(2, 3, (16, 6, 6, 5)).astype(np.float32))
    fused, plain = FusedBatchNormalization(), layers.BatchNormalization()
    one, two = (np.array(layer(inputs, training=training)) for layer in (fused, plain))
    np.testing.assert_allclose(one, two, atol=2e-4)
    np.testing.assert_allclose(fused.moving_mean, plain.moving_mean, atol=1e-4)
    # The fused kernel keeps the unbiased variance: n / (n - 1) of the other's.
    np.testing.assert_allclose(fused.moving_variance, plain.moving_variance, rtol=0.003)


def test_gradients_are_the_same() -> None:
    inputs = tf.constant(np.random.default_rng(1).normal(size=(8, 4, 4, 3)).astype(np.float32))
    gradients = []
    for layer in (FusedBatchNormalization(), layers.BatchNormalization()):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.sin(layer(inputs, training=True)))
        gradients.append(np.array(tape.gradient(loss, inputs)))
    np.testing.assert_allclose(gradients[0], gradients[1], atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 4, 4, 3), (8, 3)], ids=["pictures", "rows"])
def test_frozen_statistics_stay_and_everything_else_is_keras_inference(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    inputs = tf.constant(rng.normal(5, 2, shape).astype(np.float32))
    statistics = [rng.uniform(0.5, 2, 3).astype(np.float32) for _ in range(4)]
    found = []
    for layer, training in ((FrozenBatchNormalization(), True), (layers.BatchNormalization(), False)):
        layer.build(inputs.shape)
        layer.set_weights(statistics)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=training)
            loss = tf.reduce_sum(tf.sin(outputs))
        learnt = [inputs, layer.gamma.value, layer.beta.value]
        found.append([np.array(one) for one in (outputs, *tape.gradient(loss, learnt), *layer.get_weights())])
    assert len(found[0]) == 8
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_a_convolution_of_patches_is_a_convolution() -> None:
    pictures = tf.constant(np.random.default_rng(3).normal(size=(3, 12, 8, 4)).astype(np.float32))
    plain = layers.Conv2D(5, 4, strides=4, padding="same", use_bias=False)
    patches = PatchConvolution(5, 4, strides=4, padding="same", use_bias=False)
    plain.build(pictures.shape)
    patches.build(pictures.shape)
    patches.set_weights(plain.get_weights())
    gradients = []
    for layer in (plain, patches):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(layer(pictures)))
        gradients.append(np.array(tape.gradient(loss, layer.kernel.value)))
    np.testing.assert_allclose(np.array(patches(pictures)), np.array(plain(pictures)), atol=1e-5)
    np.testing.assert_allclose(gradients[0], gradients[1], atol=1e-4)


@pytest.mark.parametrize(("side", "size"), [(7, 3), (5, 5)], ids=["inner", "whole"])
def test_a_depthwise_convolution_has_keras_own_results_and_gradients(side: int, size: int) -> None:
    inputs = tf.constant(np.random.default_rng(4).normal(size=(3, side, side, 6)).astype(np.float32))
    plain, summed = (kind(size, use_bias=False) for kind in (layers.DepthwiseConv2D, DepthwiseConvolution))
    plain.build(inputs.shape)
    summed.build(inputs.shape)
    summed.set_weights(plain.get_weights())
    gradients = []
    for layer in (plain, summed):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.sin(layer(inputs)))
        gradients.append([np.array(one) for one in tape.gradient(loss, [inputs, layer.kernel.value])])
    np.testing.assert_allclose(np.array(summed(inputs)), np.array(plain(inputs)), atol=1e-5)
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_what_the_faster_depthwise_convolution_does_not_do_is_refused() -> None:
    with pytest.raises(ValueError, match="Keras' own layer's"):
        DepthwiseConvolution(3, strides=2, use_bias=False).build((1, 7, 7, 4))
    with pytest.raises(ValueError, match="Keras' own layer's"):
        DepthwiseConvolution(3).build((1, 7, 7, 4))


def test_a_depthwise_gradient_in_bfloat16_is_the_same_to_its_precision() -> None:
    inputs = tf.constant(np.random.default_rng(5).normal(size=(8, 5, 5, 6)).astype(np.float32))
    exact, coarse = (
        DepthwiseConvolution(3, use_bias=False, dtype=kind) for kind in ("float32", "mixed_bfloat16")
    )
    exact.build(inputs.shape)
    coarse.build(inputs.shape)
    coarse.set_weights(exact.get_weights())
    gradients = []
    for layer in (exact, coarse):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(tf.cast(layer(inputs), tf.float32)))
        gradients.append(np.array(tape.gradient(loss, layer.kernel.value), np.float32))
    assert np.abs(gradients[0] - gradients[1]).max() < 0.05 * np.abs(gradients[0]).max()


@pytest.mark.parametrize("kinds", [FASTER, FROZEN], ids=["faster", "frozen"])
def test_a_trained_encoder_moves_into_keras_own_layers(kinds: Kinds) -> None:
    fused = build_encoder(kinds=kinds)
    plain = build_encoder()
    plain.set_weights(fused.get_weights())
    faces = np.random.default_rng(2).uniform(-1, 1, (2, 112, 112, 4)).astype(np.float32)
    np.testing.assert_allclose(np.array(fused(faces)), np.array(plain(faces)), atol=1e-5)
