"""Makes the few-kilobyte TFLite files under tests/data/models; run it only to change them.

    .venv/bin/python tests/data/make_models.py tests/data/models

Needs TensorFlow (the `convert` extra); the tests read the files and do not. The networks are random, not
trained: they show that the runtimes agree and that foreign files are refused, nothing about faces.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf


def network(size_px: int = 112, channels: int = 4, outputs: int = 128, scale: float = 1.0) -> keras.Model:
    """A random encoder of 4 k parameters; `scale` 0 gives one whose embedding is always zero."""
    keras.utils.set_random_seed(20)
    relu = {"padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((size_px, size_px, channels), batch_size=1),
            keras.layers.Conv2D(8, 5, strides=4, **relu),
            keras.layers.Conv2D(16, 3, strides=4, **relu),
            keras.layers.AveragePooling2D(size_px // 16),
            keras.layers.Flatten(),
            keras.layers.Dense(outputs),
            keras.layers.Rescaling(scale),
        ]
    )


def to_int8(model: keras.Model) -> bytes:
    """Full integer: int8 in, int8 out."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter.representative_dataset = _calibration(model.input_shape)
    return bytes(converter.convert())


def to_float(model: keras.Model) -> bytes:
    """What a converter gives that was not asked to quantise."""
    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _calibration(shape: tuple[int, ...]) -> Callable[[], Iterator[list[npt.NDArray[np.float32]]]]:
    def batches() -> Iterator[list[npt.NDArray[np.float32]]]:
        rng = np.random.default_rng(20)
        for _ in range(40):
            yield [rng.uniform(-1, 1, shape).astype(np.float32) * np.float32(rng.uniform(0.1, 1))]

    return batches


def main(folder: Path) -> None:
    """Write every file the tests read."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "encoder": to_int8(network()),
        "smaller-input": to_int8(network(size_px=64)),
        "three-channels": to_int8(network(channels=3)),
        "short-embedding": to_int8(network(outputs=64)),
        "silent": to_int8(network(scale=0.0)),
        "float": to_float(network()),
    }
    for name, model in files.items():
        (folder / f"{name}.tflite").write_bytes(model)
        print(f"{name}.tflite: {len(model)} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
