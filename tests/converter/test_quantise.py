import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.encoder import RUNTIMES
from facelatch.errors import ModelError
from facelatch_converter import parity, quantise, tflite_inspect
from facelatch_converter.architecture import build_encoder
from facelatch_converter.errors import ConversionError
from facelatch_converter.tensors import LabelledTensors

MODELS = Path(__file__).parents[1] / "data" / "models"
SIZE = 16


def tiny_encoder(middle: Any = None, *, size_px: int = SIZE, channels: int = 4, outputs: int = 128) -> Any:
    """A random Keras encoder; `middle` is one more layer."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    face = keras.Input((size_px, size_px, channels))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(face)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    if middle is not None:
        x = middle(x)
    x = layers.Flatten()(layers.DepthwiseConv2D(3, padding="same")(x))
    return keras.Model(face, layers.Dense(outputs)(x))


def faces(count: int, subjects: int = 5) -> LabelledTensors:
    """Random inputs, alike for one subject."""
    rng = np.random.default_rng(3)
    centres = rng.uniform(-0.7, 0.7, (subjects, SIZE, SIZE, 4))
    owners = np.arange(count) % subjects
    noise = rng.uniform(-0.3, 0.3, (count, SIZE, SIZE, 4))
    return LabelledTensors((centres[owners] + noise).astype(np.float32), owners.astype(np.str_))


@pytest.fixture(scope="module")
def encoder() -> Any:
    return tiny_encoder()


@pytest.fixture(scope="module")
def converted(encoder: Any) -> bytes:
    return quantise.to_int8(encoder, faces(20).tensors, "tiny")


def test_the_result_is_integer_from_end_to_end(converted: bytes) -> None:
    found = tflite_inspect.inspect(converted, "tiny")
    assert [port.kind for port in (*found.inputs, *found.outputs)] == ["INT8", "INT8"]
    assert (found.inputs[0].shape, found.outputs[0].shape) == ((1, SIZE, SIZE, 4), (1, 128))
    assert found.not_integer() == []
    names = [operator.name for operator in found.operators]
    assert names == ["CONV_2D", "DEPTHWISE_CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert found.macs == 8 * 8 * 8 * (3 * 3 * 4) + 8 * 8 * 8 * (3 * 3) + 512 * 128
    assert found.parameters == pytest.approx(8 * 36 + 8 + 8 * 9 + 8 + 512 * 128, abs=128)


def test_the_default_network_is_integer_too_and_no_larger_than_a_board_should_keep() -> None:
    network = build_encoder()
    noise = np.random.default_rng(5).uniform(-1, 1, (4, *network.input_shape[1:])).astype(np.float32)
    data = quantise.to_int8(network, noise, "default")
    assert tflite_inspect.inspect(data, "default").not_integer() == []
    assert len(data) <= 700_000


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_runs_under_every_runtime_and_stays_close(encoder: Any, converted: bytes, runtime: str) -> None:
    if runtime not in parity.installed_runtimes():
        pytest.skip(f"{runtime} has no wheel for this Python")
    tensors = faces(12).tensors
    floating = parity.float_embeddings(encoder, tensors)
    integer = parity.int8_embeddings(converted, tensors, runtime, "tiny")
    assert np.linalg.norm(integer, axis=1) == pytest.approx(1, abs=1e-5)
    assert (floating * integer).sum(axis=1).min() > 0.98


def test_the_parity_report_has_every_figure(encoder: Any, converted: bytes) -> None:
    numbers = parity.report(encoder, converted, faces(20), b"k" * 4321, "tiny")
    assert numbers["model"]["keras_bytes"] == 4321
    assert numbers["model"]["keras_sha256"] == hashlib.sha256(b"k" * 4321).hexdigest()
    assert numbers["model"]["tflite_sha256"] == hashlib.sha256(converted).hexdigest()
    assert numbers["model"]["tflite_bytes"] == len(converted)
    assert (numbers["float"]["eer"], numbers["tensors"], numbers["people"]) == (0, 20, 5)
    assert numbers["comparisons"] == {"genuine": 5 * 6, "impostor": 10 * 16}
    assert 0 < numbers["float"]["genuine_mean"] < numbers["float"]["impostor_mean"]
    assert set(numbers["runtimes"]) == set(parity.installed_runtimes()) <= set(RUNTIMES)
    for found in numbers["runtimes"].values():
        assert 0 <= found["cosine_p50"] <= found["cosine_p99"] < 0.02
        assert (found["eer"], found["eer_points_above_float"]) == (0, 0)
        for name in ("genuine_mean", "impostor_mean"):
            assert found[name] == pytest.approx(numbers["float"][name], abs=0.02)
        # 160 impostor comparisons show one threshold: that of an FMR of 1 %, where one of them matches.
        (point,) = found["operating_points"]
        assert (point["fmr"], point["fnmr"]) == (0.01, 0)
        assert found["genuine_mean"] < point["threshold"] < found["impostor_mean"]
    text = "\n".join(parity.to_lines(numbers))
    assert f"; threshold by FMR: {numbers['float']['operating_points'][0]['threshold']:.4f} at 0.01" in text
    for word in ("MMAC", "ai-edge-litert", "p50", "p99", "EER 0.00%", "30 genuine and 160", "(+0.00 points"):
        assert word in text


def test_no_eer_is_reported_without_subjects(encoder: Any, converted: bytes) -> None:
    unlabelled = LabelledTensors(faces(6).tensors, None)
    numbers = parity.report(encoder, converted, unlabelled, b"k", "tiny")
    assert numbers["float"]["eer"] is None
    assert (numbers["comparisons"], numbers["people"]) == (None, None)
    assert "not measured (needs subjects" in parity.to_lines(numbers)[2]


def test_the_points_between_float_and_int8_are_percentage_points() -> None:
    subjects = np.array(["a", "a", "b", "b"])
    good, bad = np.eye(128, dtype=np.float32)[[0, 0, 1, 1]], np.eye(128, dtype=np.float32)[[0, 1, 0, 1]]
    found = parity.compare(good, {"ai-edge-litert": bad}, subjects)
    assert found["float"] == {
        "eer": 0, "genuine_mean": 0, "impostor_mean": pytest.approx(2**0.5), "operating_points": [],
    }  # fmt: skip
    int8 = found["runtimes"]["ai-edge-litert"]
    assert int8["eer_points_above_float"] == pytest.approx(100 * int8["eer"])
    assert int8["eer"] > 0.5
    assert "points against float" in parity.errors_in_words(int8)


def test_the_float_model_runs_on_many_tensors_at_once() -> None:
    sizes: list[int] = []

    def model(tensors: npt.NDArray[np.float32], training: bool) -> npt.NDArray[np.float32]:
        sizes.append(len(tensors))
        return tensors[:, 0, 0].repeat(32, axis=1)

    assert parity.float_embeddings(model, faces(150).tensors).shape == (150, 128)
    assert len(sizes) <= 3


def test_an_embedding_without_direction_counts_as_farthest() -> None:
    unit = np.eye(128, dtype=np.float32)[:3]
    silent = unit.copy()
    silent[1] = np.nan
    found = parity.compare(unit, {"ai-edge-litert": silent}, None)["runtimes"]["ai-edge-litert"]
    assert found["cosine_p99"] == pytest.approx(2, abs=0.1)
    assert parity.errors_of(silent, np.array(["a", "a", "b"]))["eer"] == pytest.approx(2 / 3)


def test_an_encoder_that_tells_nobody_apart_is_reported_without_points() -> None:
    found = parity.errors_of(np.eye(128, dtype=np.float32)[[0] * 40], np.arange(40).astype(str))
    assert found["operating_points"] == []
    subjects = np.array([str(place // 2) for place in range(40)])
    found = parity.errors_of(np.eye(128, dtype=np.float32)[[0] * 40], subjects)
    assert (found["impostor_mean"], found["operating_points"]) == (0, [])
    assert "threshold by FMR" not in parity.errors_in_words(found)


def sine() -> Any:
    import keras

    return keras.ops.sin


def error_function() -> Any:
    import keras
    import tensorflow as tf

    class Erf(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return tf.math.erf(x)

    return Erf()


@pytest.mark.parametrize(
    ("middle", "operator"),
    [
        pytest.param(sine, "SIN", id="float-operator"),
        pytest.param(error_function, "Erf", id="flex-operator"),
    ],
)
def test_a_network_that_is_not_integer_is_refused_by_its_operators(middle: Any, operator: str) -> None:
    with pytest.raises(ConversionError, match=f"tiny: not full-integer, .*TensorFlow: {operator}; replace"):
        quantise.to_int8(tiny_encoder(middle()), faces(4).tensors, "tiny")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        pytest.param({"channels": 3}, r"takes \(None, 16, 16, 3\), an encoder takes", id="three-channels"),
        pytest.param({"outputs": 64}, r"gives \(None, 64\), an encoder gives", id="short-embedding"),
    ],
)
def test_a_network_that_is_no_encoder_is_refused(shape: dict[str, int], message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        quantise.to_int8(tiny_encoder(**shape), [], "tiny")


def calibration(kind: str) -> Iterator[npt.NDArray[np.float32]]:
    if kind == "other-size":
        yield np.zeros((8, 8, 4), np.float32)
    if kind == "not-scaled":
        yield np.full((SIZE, SIZE, 4), 255, np.float32)
    if kind == "nan":
        yield np.full((SIZE, SIZE, 4), np.nan, np.float32)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("none", "no tensor to calibrate with"),
        ("other-size", r"must be \(16, 16, 4\), found \(8, 8, 4\)"),
        ("not-scaled", r"must lie in \[-1, 1\]"),
        ("nan", r"must lie in \[-1, 1\]"),
    ],
)
def test_calibration_that_shows_no_faces_is_refused(encoder: Any, kind: str, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        quantise.to_int8(encoder, calibration(kind), "tiny")


def test_a_keras_file_comes_back_and_a_foreign_one_is_refused(encoder: Any, tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder.keras")
    loaded = quantise.load_keras(tmp_path / "encoder.keras")
    tensors = faces(2).tensors
    assert np.allclose(parity.float_embeddings(loaded, tensors), parity.float_embeddings(encoder, tensors))
    (tmp_path / "cut.keras").write_bytes((tmp_path / "encoder.keras").read_bytes()[:2000])
    (tmp_path / "text.keras").write_text("no model")
    for name, message in (
        ("missing.keras", "no such file; train one"),
        ("cut.keras", "not a Keras model"),
        ("text.keras", "not a Keras model"),
    ):
        with pytest.raises(ConversionError, match=message) as caught:
            quantise.load_keras(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("float", "not full-integer, .*: AVERAGE_POOL_2D, CONV_2D, FULLY_CONNECTED", id="float"),
        pytest.param("three-channels", r"found \(1, 112, 112, 3\)", id="three-channels"),
        pytest.param("short-embedding", r"and \(1, 64\)", id="short-embedding"),
    ],
)
def test_a_tflite_file_that_is_no_integer_encoder_is_refused(name: str, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        quantise.require_integer((MODELS / f"{name}.tflite").read_bytes(), name)


def unbuilt() -> Any:
    import keras

    return keras.Sequential([keras.layers.Dense(128)])


def test_a_network_that_was_never_built_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="not yet been built"):
        unbuilt().save(tmp_path / "unbuilt.keras")
    with pytest.raises(ConversionError, match=r"unbuilt\.keras: has no fixed input and output"):
        quantise.load_keras(tmp_path / "unbuilt.keras")


def test_a_float_model_of_another_size_is_refused(encoder: Any, tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder.keras")
    quantise.require_keras(tmp_path / "encoder.keras", SIZE)
    with pytest.raises(ConversionError, match="takes 16 pixels, the int8 encoder 112"):
        quantise.require_keras(tmp_path / "encoder.keras", 112)


def test_a_damaged_file_is_refused_and_never_a_traceback() -> None:
    whole = (MODELS / "encoder.tflite").read_bytes()
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        # The tables lie before and after the weights.
        for place in rng.choice(np.r_[8:2000, len(data) - 6000 : len(data)], 12):
            data[place] = rng.integers(256)
        try:
            tflite_inspect.inspect(bytes(data), "damaged")
        except ModelError as error:
            refused += str(error).startswith("damaged: ")
    assert refused > 10


def test_a_foreign_file_is_no_tflite() -> None:
    with pytest.raises(ModelError, match="not a TFLite model"):
        tflite_inspect.inspect(b"PK\x03\x04 something else", "model.zip")
