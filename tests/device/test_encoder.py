from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from facelatch.card import Bundle, load_bundle
from facelatch.encoder import RUNTIMES, Encoder, Real, TFLiteModel, load_interpreter, runtime_version, to_unit
from facelatch.errors import ConfigError, ModelError
from tests.bundles import MODELS, make_bundle, write_bundle


def installed(runtime: str) -> bool:
    try:
        load_interpreter(runtime)
    except ConfigError:
        return False
    return True


INSTALLED = [name for name in RUNTIMES if installed(name)]
every_runtime = pytest.mark.parametrize("runtime", INSTALLED)


def tensor(seed: int = 0) -> Real:
    return np.random.default_rng(seed).uniform(-1, 1, (112, 112, 4)).astype(np.float32)


def test_ai_edge_litert_is_here_everywhere() -> None:
    assert "ai-edge-litert" in INSTALLED


@every_runtime
def test_embedding_is_a_unit_vector_of_the_cards_size(runtime: str) -> None:
    embedding = Encoder(make_bundle(), runtime).embed(tensor())
    assert embedding.shape == (128,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-6)


@every_runtime
def test_embeddings_differ_between_inputs_and_repeat_for_one(runtime: str) -> None:
    encoder = Encoder(make_bundle(), runtime)
    first, other, again = encoder.embed(tensor(0)), encoder.embed(tensor(1) * 0.2), encoder.embed(tensor(0))
    assert np.array_equal(first, again)
    assert np.linalg.norm(first - other) > 0.02


@every_runtime
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(runtime: str, threads: int) -> None:
    assert np.array_equal(
        Encoder(make_bundle(), runtime, threads).embed(tensor()),
        Encoder(make_bundle(), runtime).embed(tensor()),
    )


@pytest.mark.skipif(len(INSTALLED) < 2, reason="tflite-runtime has no wheels for this Python")
@pytest.mark.parametrize("seed", range(8))
def test_both_runtimes_agree_within_one_int8_step(seed: int) -> None:
    data = (MODELS / "encoder.tflite").read_bytes()
    models = [TFLiteModel(data, "encoder", runtime) for runtime in RUNTIMES]
    first, second = (model.run(tensor(seed)[None]) for model in models)
    step = models[0].output_step
    assert step == models[1].output_step
    assert np.abs(first - second).max() <= step * 1.001


@every_runtime
def test_a_zero_output_becomes_nan_and_so_matches_nobody(runtime: str) -> None:
    embedding = Encoder(make_bundle("silent"), runtime).embed(tensor())
    assert np.isnan(embedding).all()


@every_runtime
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_input_that_is_not_finite_becomes_nan(runtime: str, bad: float) -> None:
    spoilt = tensor()
    spoilt[5, 6, 3] = bad
    assert np.isnan(Encoder(make_bundle(), runtime).embed(spoilt)).all()


@every_runtime
def test_a_tensor_of_another_shape_is_the_callers_mistake(runtime: str) -> None:
    with pytest.raises(ValueError, match=r"takes \(112, 112, 4\), found \(64, 64, 4\)"):
        Encoder(make_bundle(), runtime).embed(np.zeros((64, 64, 4), np.float32))


WHOLE = (MODELS / "encoder.tflite").read_bytes()


@every_runtime
@pytest.mark.parametrize(
    ("case", "message"),
    [
        pytest.param(make_bundle(data=WHOLE[:-100]), "truncated or damaged", id="truncated"),
        pytest.param(make_bundle(data=b"PK\x03\x04" * 40), "not a TFLite model", id="foreign"),
        pytest.param(make_bundle(data=b""), "an empty file", id="empty"),
        pytest.param(make_bundle("float"), "input is float32, not int8", id="float"),
        pytest.param(
            make_bundle("smaller-input"), r"takes \(1, 64, 64, 4\), its card says \(1, 112", id="smaller"
        ),
        pytest.param(
            make_bundle("three-channels"), r"takes \(1, 112, 112, 3\), its card says", id="no-depth"
        ),
        pytest.param(make_bundle("short-embedding"), r"gives \(1, 64\), its card says \(1, 128\)", id="64-d"),
    ],
)
def test_refuses_a_model_that_is_not_as_its_card_says(runtime: str, case: Bundle, message: str) -> None:
    with pytest.raises(ModelError, match=rf"^encoder\.tflite: .*{message}"):
        Encoder(case, runtime)


def test_a_model_in_a_folder_is_named_by_its_path(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "float", make_bundle("float"))
    with pytest.raises(ModelError, match=f"^{folder}/encoder.tflite: "):
        Encoder(load_bundle(folder))


def test_an_unknown_runtime_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'onnx' is unknown; use one of ai-edge-litert, tflite-runtime"):
        Encoder(make_bundle(), "onnx")


@every_runtime
def test_the_version_is_the_installed_ones(runtime: str) -> None:
    assert Encoder(make_bundle(), runtime).runtime_version == runtime_version(runtime)
    assert runtime_version(runtime)[0].isdigit()


@every_runtime
def test_loading_prints_nothing(runtime: str, capfd: pytest.CaptureFixture[str]) -> None:
    Encoder(make_bundle(), runtime).embed(tensor())
    assert capfd.readouterr() == ("", "")


@settings(deadline=None)
@given(arrays.arrays(np.float32, 16, elements=st.floats(-1e6, 1e6, width=32)))
def test_a_vector_becomes_a_unit_or_nan(vector: Real) -> None:
    unit = to_unit(vector)
    assert np.isnan(unit).all() or np.linalg.norm(unit) == pytest.approx(1, abs=1e-4)
