"""`benchmark-encoder` from the command line to its figures, on a toy encoder in the seed variant's place."""

import json
import sys
from pathlib import Path

import pytest

from facelatch.errors import ModelError
from facelatch_converter import parity, speed_trials, tflite_inspect
from facelatch_converter.cli import main
from facelatch_converter.processes import processes
from facelatch_converter.speed_trials import Network
from tests.bundles import MODELS, make_bundle, write_bundle

ENCODER = MODELS / "encoder.tflite"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "toy", make_bundle())


def test_every_runtime_is_measured_with_all_networks(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--bundle", str(bundle), "--seed-model", str(ENCODER), "--rounds", "9", "--json"]
    assert main(["benchmark-encoder", *words]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    found = json.loads(captured.out)
    assert found["rounds"] == 9
    assert [title.split()[0] for title in found["runtimes"]] == parity.installed_runtimes()
    toy = tflite_inspect.inspect(ENCODER.read_bytes(), "toy").macs
    for numbers in found["runtimes"].values():
        networks = numbers["networks"]
        macs = {name: network["macs"] for name, network in networks.items()}
        assert macs == {"encoder": toy, "seed": toy, "yardstick": 64 * 64 * 256 * 256}
        assert networks["yardstick"]["matrix_share"] == 1
        for name in ("encoder", "seed"):
            assert 0 < networks[name]["p25_ms"] <= networks[name]["p50_ms"]
            assert networks[name]["matrix_share"] > 0
        lead = numbers["times_as_fast_as_seed"]
        assert lead["rounds"] == 9
        assert 0 < lead["low"] <= lead["ratio"] <= lead["high"]
        assert 0 < numbers["core_share"] <= 1


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        pytest.param(["--bundle", "/nonexistent"], 4, "card.json", id="no-bundle"),
        pytest.param(["--rounds", "0"], 3, "--rounds must be at least 1, found 0", id="no-rounds"),
        pytest.param(["--seed-model", "/nonexistent.tflite"], 4, "name an int8 .tflite file", id="no-file"),
        pytest.param(["--seed-model", __file__], 4, "not a TFLite model", id="no-tflite"),
        pytest.param(["--seed-model", str(MODELS / "float.tflite")], 4, "not full-integer", id="float"),
        pytest.param(["--seed-model", str(MODELS / "short-embedding.tflite")], 4, "(1, 64)", id="no-encoder"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_sentence(
    bundle: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, message: str
) -> None:
    assert main(["benchmark-encoder", "--bundle", str(bundle), *words]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_a_runtime_that_is_not_installed_is_named(
    bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", None)
    assert main(["benchmark-encoder", "--bundle", str(bundle), "--runtime", "tflite-runtime"]) == 3
    captured = capsys.readouterr()
    assert "tflite-runtime does not load" in captured.err
    assert captured.err.count("\n") == 1


def test_a_network_that_a_runtime_cannot_run_is_refused_from_its_process() -> None:
    networks = {"encoder": Network("cut.tflite", ENCODER.read_bytes()[:900])}
    with processes(1) as pool, pytest.raises(ModelError, match=r"cut\.tflite: .*damaged"):
        pool.submit(speed_trials.measure, networks, "ai-edge-litert", 1).result()
