"""A Keras encoder as float TFLite: the same embeddings, without TensorFlow in the process that runs it."""

from pathlib import Path

import numpy as np
import pytest

from facelatch.errors import ModelError
from facelatch_converter import float_model
from facelatch_converter.errors import ConversionError
from facelatch_converter.protocols.contenders import FloatModel
from tests.processes import run_python

MAKE = """
import numpy as np, keras
from keras import layers
keras.utils.set_random_seed(1)
trunk = [layers.Conv2D(8, 3, 2, activation="relu"), layers.Flatten(), layers.Dense(128)]
model = keras.Sequential([layers.Input((16, 16, 4)), *trunk])
model.save("{folder}/tiny.keras")
tensors = np.random.default_rng(1).uniform(-1, 1, (3, 16, 16, 4)).astype(np.float32)
np.savez("{folder}/expected.npz", tensors=tensors, raw=np.asarray(model(tensors)))
"""


def test_the_embeddings_are_those_of_keras(tmp_path: Path) -> None:
    run_python(MAKE.format(folder=tmp_path))
    data, size_px = float_model.convert(tmp_path / "tiny.keras")
    assert size_px == 16
    model = FloatModel(data, "tiny")
    with np.load(tmp_path / "expected.npz") as expected:
        units = expected["raw"] / np.linalg.norm(expected["raw"], axis=1, keepdims=True)
        found = np.stack([model.embed(tensor) for tensor in expected["tensors"]])
    np.testing.assert_allclose(found, units, atol=1e-5)


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.keras").write_bytes(b"no zip")
    with pytest.raises(ConversionError, match=r"broken.keras: not a Keras model"):
        float_model.convert(tmp_path / "broken.keras")
    with pytest.raises(ModelError, match="x: cannot be run"):
        FloatModel(b"no flatbuffer", "x")
