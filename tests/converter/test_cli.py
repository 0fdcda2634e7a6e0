import argparse
import hashlib
import json
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch import __version__
from facelatch.captures import CaptureWriter
from facelatch.captures import read_frames as captures_of
from facelatch.card import load_bundle
from facelatch.errors import CameraError
from facelatch.preprocess import VERSION
from facelatch_converter import cli, evaluate_command, fidelity, parity
from facelatch_converter.cli import COMMANDS, main
from tests.bundles import make_bundle, write_bundle
from tests.converter.test_bundle import PARITY
from tests.converter.test_quantise import faces, tiny_encoder
from tests.converter.toy_model import write_toy_model
from tests.device.procedural_face import Scene, face_frame
from tests.processes import run_python

ENCODER = Path(__file__).parents[1] / "data" / "models" / "encoder.tflite"


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects with two captures of two frames each, one with a photo; the heads are made of formulas."""
    root = tmp_path_factory.mktemp("captures")
    for index, (subject, name, attack) in enumerate(
        [
            ("anna", "1", None),
            ("anna", "2", None),
            ("bert", "1", None),
            ("bert", "2", None),
            ("bert", "photo", "flat-photo"),
        ]
    ):
        folder = root / subject / name
        with CaptureWriter(folder, driver="scripted", serial="1", attack=attack) as writer:
            for frame in range(2):
                scene = Scene(z_mm=450 + 20 * index + frame, yaw_deg=4.0 * index - 8)
                made = face_frame(scene, seed=10 * index + frame)
                writer.write(replace(made, timestamp_ns=frame))
    return root


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit status and the one line on stderr."""
    status = main(words)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("facelatch-convert: ")
    return status, captured.err


def test_help_shows_every_command_and_loads_no_toolchain() -> None:
    code = (
        "import sys; sys.argv = ['facelatch-convert', '--help']\n"
        "from facelatch_converter.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('loaded:', [name for name in ('tensorflow', 'keras', 'numba', 'matplotlib', 'sklearn')"
        " if name in sys.modules])"
    )
    shown = run_python(code)
    assert "loaded: []" in shown
    for name in COMMANDS:
        assert f"    {name} " in shown or f"    {name}\n" in shown
    assert "exit status:" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_help_teaches_by_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert f"facelatch-convert {name} " in shown
    module = import_module(f"facelatch_converter.{COMMANDS[name].module}")
    assert callable(module.run)


@pytest.mark.parametrize(
    "name", ["render", "render-demo", "benchmark-render", "quantise", "evaluate", "bundle"]
)
@pytest.mark.parametrize("seed", ["-1", "4294967296", "1.5"])
def test_a_seed_that_no_library_takes_is_refused_at_once(
    name: str, seed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--seed", seed])
    assert ended.value.code == 2
    assert "argument --seed: must be a whole number from 0 to 4294967295" in capsys.readouterr().err


def test_evaluate_takes_other_people_than_the_bundle_was_fitted_on() -> None:
    seeds = {}
    for name in ("quantise", "bundle", "evaluate"):
        parser = argparse.ArgumentParser()
        import_module(f"facelatch_converter.{COMMANDS[name].module}").add_arguments(parser)
        seeds[name] = parser.get_default("seed")
    assert seeds == {"quantise": 10_000, "bundle": 20_000, "evaluate": 30_000}


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"facelatch {__version__}\n"


@pytest.mark.parametrize("words", [[], ["nonsense"], ["evaluate"], ["evaluate", "--bundle"]])
def test_a_wrong_command_line_is_argparses_business(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_bad_input_is_one_sentence_and_a_status_of_its_kind(
    captures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = str(write_bundle(tmp_path / "bundle", make_bundle()))
    evaluate = ("evaluate", "--out", str(tmp_path / "out"))
    missing = str(tmp_path / "missing")
    array = tmp_path / "array.npy"
    np.save(array, np.zeros(3))
    json_file = tmp_path / "foreign.json"
    json_file.write_text('{"arguments": {}, "reports": 3}')
    turned = tmp_path / "turned.json"
    turned.write_text(json.dumps({"arguments": {}, "versions": {"preprocess": "turned"}}))
    other, other_keras, earlier = (tmp_path / f"{name}.json" for name in ("other", "other_keras", "earlier"))
    other.write_text(json.dumps(PARITY))
    model: Any = PARITY["model"]
    own = model | {"tflite_sha256": hashlib.sha256(ENCODER.read_bytes()).hexdigest()}
    other_keras.write_text(json.dumps(PARITY | {"model": own}))
    unnamed = {name: value for name, value in own.items() if "sha256" not in name}
    earlier.write_text(json.dumps(PARITY | {"model": unnamed}))
    make = ("bundle", str(ENCODER), "--dataset", str(captures), "--out", str(tmp_path / "new"))
    quantise = ("quantise", missing, "--tensors", missing, "--out", str(tmp_path / "q.tflite"))
    cases = [
        ((*evaluate, "--bundle", missing, "--dataset", str(captures)), 4, "card.json"),
        ((*evaluate, "--bundle", bundle, "--dataset", missing), 6, "no such folder"),
        ((*evaluate, "--bundle", bundle, "--dataset", bundle), 6, "not a data set"),
        ((*evaluate, "--bundle", bundle, "--dataset", "synthetic"), 3, "needs --face-model"),
        (
            (*evaluate, "--bundle", bundle, "--dataset", "synthetic", "--face-model", str(ENCODER)),
            4,
            "encoder.tflite",
        ),
        (
            (*evaluate, "--bundle", bundle, "--dataset", "synthetic", "--face-model", str(array)),
            4,
            "array.npy: not a readable face model",
        ),
        (("evaluate", "--out", bundle, "--bundle", bundle, "--dataset", str(captures)), 1, "is not empty"),
        (("evaluate", "--out", str(ENCODER), "--bundle", bundle, "--dataset", "x"), 1, "not a folder"),
        ((*evaluate, "--bundle", bundle, "--dataset", str(captures), "--workers", "0"), 3, "--workers"),
        (quantise, 4, "no such file"),
        ((*quantise, "--parity", str(json_file)), 1, "foreign.json: is there already"),
        ((*quantise, "--parity", str(tmp_path)), 1, "is a folder"),
        ((*quantise, "--parity", str(json_file / "deeper")), 1, "is not a folder"),
        ((*quantise, "--parity", str(tmp_path / "q.tflite")), 3, "name the same file"),
        ((*quantise, "--limit", "1"), 3, "--limit must be at least 2"),
        ((*make, "--record", str(json_file)), 6, "not a training run's record"),
        ((*make, "--record", missing), 6, "cannot be read"),
        ((*make, "--record", str(turned)), 4, "trained with preprocessing turned, this release has 1"),
        ((*make, "--parity", str(json_file)), 6, "not a parity report"),
        ((*make, "--parity", str(earlier)), 6, "an earlier release wrote it; quantise --parity again"),
        ((*make, "--parity", str(other)), 4, "encoder.tflite is "),
        (
            (*make, "--parity", str(other_keras), "--keras", str(json_file)),
            4,
            f"compared aaaaaaaaaaaa, {json_file} is ",
        ),
        ((*make, "--keras", str(json_file)), 4, "foreign.json: not a Keras model"),
        ((*make, "--fmr", "2"), 3, "--fmr is a share between 0 and 1"),
        ((*make, "--margin", "-0.1"), 3, "--margin is a distance from 0 to 2, found -0.1"),
        ((*make, "--span-mm", "-2"), 3, "--span-mm"),
        ((*make[:-1], str(tmp_path / "my model")), 3, "my model: the folder's name is the model's"),
        (("render", "--face-model", missing, "--out", str(ENCODER)), 1, "not a folder"),
        (("render-demo", "--face-model", missing, "--out", str(ENCODER)), 1, "not a folder"),
        (("render", "--face-model", missing, "--out", missing, "--frames", "0"), 3, "at least 1"),
        (
            ("bundle", missing, "--out", str(tmp_path / "new"), "--dataset", str(captures)),
            4,
            "cannot be read",
        ),
        (("bundle", str(ENCODER), "--out", bundle, "--dataset", str(captures)), 1, "is there already"),
    ]
    for words, status, part in cases:
        found, line = refusal(capsys, *words)
        assert (found, part in line) == (status, True), line
    assert not (tmp_path / "out").exists()


def test_too_few_comparisons_make_no_bundle(
    captures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(
        ["bundle", str(ENCODER), "--out", str(tmp_path / "new"), "--dataset", str(captures), "--workers", "1"]
    )
    assert status == 1
    assert "4 impostor comparisons cannot show an FMR of 0.001; at least 1000" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_captures_become_a_bundle_and_the_bundle_is_evaluated(
    captures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole way with the board's own code: located, cropped, encoded, checked, compared, reported."""
    (tmp_path / "run.json").write_text(
        json.dumps(
            {
                "arguments": {"out": "/home/someone/runs/1", "seed": 3, "minutes": float("inf")},
                "versions": {"preprocess": str(VERSION)},
                "reports": [{"eer": 0.5}, {"eer": 0.1}],
            }
        )
    )
    folder = tmp_path / "models" / "tiny"
    bundle = ["bundle", str(ENCODER), "--out", str(folder), "--dataset", str(captures), "--fmr", "0.25"]
    bundle += ["--margin", "0.01"]
    assert main([*bundle, "--record", str(tmp_path / "run.json"), "--workers", "1"]) == 0
    card = load_bundle(folder).card
    assert card.name == "tiny"
    assert [point.comparisons for point in card.operating_points] == [4]
    assert card.training["arguments"] == {"out": "1", "seed": 3, "minutes": None}
    assert card.training["notice"] == "trained on rendered faces, measured on real people"
    assert str(captures.parent) not in (folder / "card.json").read_text()
    assert str(captures.parent) not in (folder / "MODEL_CARD.md").read_text()
    assert card.training["last_report"] == {"eer": 0.1}
    assert card.pad["apcer"]["flat-photo"]["trials"] == 1  # type: ignore[index]
    assert "fitted on these same comparisons" in (folder / "report" / "report.html").read_text()
    capsys.readouterr()

    out = tmp_path / "report"
    evaluate = ["evaluate", "--bundle", str(folder), "--dataset", str(captures), "--out", str(out), "--json"]
    assert main([*evaluate, "--workers", "2", "--runtime", "ai-edge-litert"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers == json.loads((out / "metrics.json").read_text())
    assert numbers["comparisons"] == {"genuine": 2, "impostor": 4}
    assert numbers["data"]["subjects"] == 2
    assert numbers["data"]["attack_captures"] == 1
    assert numbers["failures_to_acquire"]["captures"]["errors"] == 0
    assert numbers["at_threshold"]["threshold"] == card.threshold
    # One match, a quarter of four, was claimed; the threshold in use is the margin below that.
    assert numbers["at_threshold"]["threshold"] == pytest.approx(card.claim.threshold - 0.01)
    assert (card.claim.fmr, numbers["at_threshold"]["fmr"]["errors"]) == (0.25, 0)
    assert "not_shown" in numbers["fnmr_at_fmr"][0]
    assert numbers["data"]["fitted_on_these_people"] is True
    assert numbers["data"]["source"] == captures.name
    assert numbers["data"]["samples_median"] == 2
    assert numbers["data"]["captures_of_fewer_samples"] == 4  # two frames each, of three asked for
    assert f"agree within a reach of {card.enrolment_limit:.3f}," in numbers["data"]["fusion"]
    assert "whether they agree or not" in card.accuracy["int8"]["data"]["fusion"]  # type: ignore[index]
    assert "face_model" not in numbers["data"]
    assert main([*evaluate, "--workers", "1"]) == 1
    assert "holds a report" in capsys.readouterr().err
    assert (out / "report.html").stat().st_size > 50_000
    with np.load(out / "scores.npz") as scores:
        assert scores["genuine"].shape == (2,)
        assert sorted(set(scores["subjects"])) == ["anna", "bert"]


def test_rendered_people_are_evaluated_without_any_file_of_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = write_toy_model(tmp_path / "toy.npz")
    bundle = write_bundle(tmp_path / "bundle", make_bundle())
    out = tmp_path / "report"
    status = main(
        [
            *("evaluate", "--bundle", str(bundle), "--dataset", "synthetic", "--face-model", str(toy)),
            *("--identities", "3", "--captures", "2", "--seed", "5", "--workers", "1", "--out", str(out)),
        ]
    )
    assert status == 0
    shown = capsys.readouterr().out
    assert "impostor comparisons" in shown
    assert "EER" in shown
    numbers = json.loads((out / "metrics.json").read_text())
    assert numbers["data"]["rendered"] is True
    assert numbers["data"]["seed"] == 5
    assert numbers["data"]["face_model"] == "toy.npz"
    assert numbers["data"]["face_model_sha256"] == hashlib.sha256(toy.read_bytes()).hexdigest()
    assert numbers["comparisons"]["impostor"] > 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bundle", "report", "toy.npz"]


@pytest.mark.parametrize(
    ("card", "now", "fitted"),
    [
        pytest.param({}, {}, True, id="the-same"),
        pytest.param({"seed": 2}, {}, False, id="another-seed"),
        pytest.param({}, {"face_model_sha256": "b"}, False, id="other-heads"),
        pytest.param({"face_model_sha256": None}, {}, True, id="earlier-card"),
        pytest.param({"dataset": "vap"}, {}, False, id="another-data-set"),
        pytest.param({"dataset": "vap"}, {"dataset": "vap"}, True, id="the-same-folder"),
    ],
)
def test_a_threshold_is_told_to_be_fitted_on_these_people_unless_it_surely_was_not(
    card: dict[str, object], now: dict[str, object], fitted: bool
) -> None:
    same = {"dataset": "synthetic", "seed": 1, "face_model_sha256": "a"}
    told = {name: value for name, value in (same | card).items() if value is not None}
    assert evaluate_command._fitted_on({"int8": {"data": told}}, same | now) is fitted
    assert not evaluate_command._fitted_on({}, same)


def test_a_keras_encoder_becomes_an_int8_file_with_its_parity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_encoder().save(tmp_path / "encoder.keras")
    labelled = faces(20)
    assert labelled.subjects is not None
    np.savez(tmp_path / "faces.npz", tensors=labelled.tensors, subjects=labelled.subjects)
    quantise = ["quantise", str(tmp_path / "encoder.keras"), "--tensors", str(tmp_path / "faces.npz")]
    out, parity = tmp_path / "int8" / "encoder.tflite", tmp_path / "parity.json"
    assert main([*quantise, "--out", str(out), "--parity", str(parity)]) == 0
    assert "MMAC" in capsys.readouterr().out
    assert out.read_bytes()[4:8] == b"TFL3"
    numbers = json.loads(parity.read_text())
    assert (numbers["tensors"], numbers["people"]) == (12, 3)  # two of five subjects calibrated
    assert numbers["model"]["tflite_bytes"] == out.stat().st_size
    tried = numbers["equalised"]["tried"]
    assert numbers["equalised"]["of"] == 1
    assert [trial["share"] for trial in tried] == list(fidelity.SHARES)
    assert numbers["equalised"]["share"] == min(tried, key=lambda trial: trial["cosine_mean"])["share"]
    before = out.read_bytes()
    assert main([*quantise, "--out", str(out)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert main([*quantise, "--out", str(out), "--parity", str(parity), "--force"]) == 0
    assert sorted(file.name for file in tmp_path.rglob("*")) == [
        *("encoder.keras", "encoder.tflite", "faces.npz", "int8", "parity.json")
    ]


def test_an_encoder_that_is_replaced_while_it_is_converted_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keras, out = tmp_path / "encoder.keras", tmp_path / "encoder.tflite"
    tiny_encoder().save(keras)
    np.savez(tmp_path / "faces.npz", tensors=faces(4).tensors)

    def replaced(*given: Any) -> Any:
        keras.write_bytes(b"the next one of a training")
        return {}

    monkeypatch.setattr(parity, "report", replaced)
    assert main(["quantise", str(keras), "--tensors", str(tmp_path / "faces.npz"), "--out", str(out)]) == 4
    assert "was replaced meanwhile; quantise a copy" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param(["--limit", "1"], "--limit must be at least 2, found 1", id="too-few"),
        pytest.param(["--varied", "-1"], "--varied must be 0 or more, found -1", id="fewer-than-none"),
        pytest.param(["--varied", "3"], "needs --face-model NPZ", id="no-face-model"),
    ],
)
def test_quantise_says_what_it_was_given(
    words: list[str], found: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["quantise", "encoder.keras", "--tensors", "faces.npz", "--out", str(tmp_path / "x.tflite")]
    assert main([*given, *words]) != 0
    assert found in capsys.readouterr().err


def test_tensors_of_another_size_are_refused_before_anything_is_rendered(
    face_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_encoder(size_px=16).save(tmp_path / "encoder.keras")
    np.savez(tmp_path / "faces.npz", tensors=np.zeros((4, 64, 64, 4), np.float32))
    given = ["quantise", str(tmp_path / "encoder.keras"), "--tensors", str(tmp_path / "faces.npz")]
    for more in ([], ["--varied", "3", "--face-model", str(face_model)]):
        assert main([*given, "--out", str(tmp_path / "x.tflite"), *more]) == 4
        assert "calibration tensors must be (16, 16, 4), found (64, 64, 4)" in capsys.readouterr().err


def test_without_a_runtime_nothing_is_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "installed_runtimes", list)
    given = ["quantise", "encoder.keras", "--tensors", "faces.npz", "--out", str(tmp_path / "x.tflite")]
    assert main(given) != 0
    assert "no TFLite runtime loads here" in capsys.readouterr().err


def test_varied_crops_are_calibrated_on_too(
    face_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_encoder().save(tmp_path / "encoder.keras")
    np.savez(tmp_path / "faces.npz", tensors=faces(4).tensors)
    seen: list[Any] = []
    plain = fidelity.nearest

    def recorded(model: Any, calibration: Any, *rest: Any) -> Any:
        seen.append(calibration)
        return plain(model, calibration, *rest)

    monkeypatch.setattr(fidelity, "nearest", recorded)
    given = ["quantise", str(tmp_path / "encoder.keras"), "--tensors", str(tmp_path / "faces.npz")]
    given += ["--varied", "3", "--face-model", str(face_model), "--out", str(tmp_path / "x.tflite")]
    assert main(given) == 0
    (calibration,) = seen
    assert calibration.shape[0] == 4 + 3
    assert np.abs(calibration).max() <= 1
    assert len({tensor.tobytes() for tensor in calibration}) == 7


def test_rendered_capture_folders_are_not_called_real_people(
    captures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "rendered"
    for subject in ("anna", "bert"):
        for name in ("1", "2"):
            driver = "rendered" if subject == "anna" else "scripted"
            with CaptureWriter(root / subject / name, driver=driver, serial="seed-1") as writer:
                for frame in captures_of(captures / subject / name):
                    writer.write(frame)
    folder = tmp_path / "models" / "tiny"
    bundle = ["bundle", str(ENCODER), "--out", str(folder), "--dataset", str(root), "--fmr", "0.25"]
    bundle += ["--margin", "0.01"]
    assert main([*bundle, "--workers", "1"]) == 0
    card = load_bundle(folder).card
    assert "not yet measured on real people" in str(card.training["notice"])
    text = (folder / "MODEL_CARD.md").read_text()
    assert "Measured on 2 rendered people (rendered (2 of 4 captures rendered))" in text
    assert "The faces are rendered" in (folder / "report" / "report.html").read_text()


class Interrupted:
    """A command that is stopped, or stumbles over something."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def add_arguments(self, parser: object) -> None:
        """Takes none."""

    def run(self, arguments: object) -> int:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        pytest.param(KeyboardInterrupt(), 130, "interrupted", id="ctrl-c"),
        pytest.param(CameraError("gone"), 7, "gone", id="foreign-kind"),
        pytest.param(
            ModuleNotFoundError("no", name="keras.saving"),
            3,
            'pip install "facelatch[convert]"',
            id="no-extra",
        ),
        pytest.param(
            ModuleNotFoundError("no", name="matplotlib"),
            3,
            'matplotlib is not installed; pip install "facelatch[convert]"',
            id="no-plots",
        ),
        pytest.param(
            PermissionError(13, "Permission denied", "secret.npz"),
            1,
            "secret.npz: Permission denied",
            id="last-resort",
        ),
    ],
)
def test_endings(
    error: BaseException,
    status: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "facelatch_converter.scripted_command", Interrupted(error))
    monkeypatch.setitem(COMMANDS, "scripted", cli.Command("scripted_command", "nothing", "nothing"))
    found, shown = refusal(capsys, "scripted")
    assert found == status
    assert line in shown


def test_a_missing_module_of_our_own_is_a_bug_and_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Interrupted(ModuleNotFoundError("no", name="facelatch_converter.typing_error"))
    monkeypatch.setitem(sys.modules, "facelatch_converter.scripted_command", broken)
    monkeypatch.setitem(COMMANDS, "scripted", cli.Command("scripted_command", "nothing", "nothing"))
    with pytest.raises(ModuleNotFoundError):
        main(["scripted"])
