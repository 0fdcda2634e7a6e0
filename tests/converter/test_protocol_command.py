"""`evaluate --protocol` from the command line to its folder, on toy heads and a toy encoder."""

import argparse
import json
from pathlib import Path

import pytest

from facelatch import card as cards
from facelatch.card import OperatingPoint
from facelatch.errors import ConfigError
from facelatch.preprocess import CropSpec
from facelatch_converter import bundle, evaluate_command, evaluate_ways, parity
from facelatch_converter.cli import main
from facelatch_converter.evaluation_report import FILES, PROTOCOL_FILES
from facelatch_converter.protocols import command as protocol_command
from facelatch_converter.protocols.named import every_protocol
from facelatch_converter.protocols.options import Scale, to_distances
from facelatch_converter.protocols.trials import total_cost

ENCODER = (Path(__file__).parents[1] / "data" / "models" / "encoder.tflite").read_bytes()


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "toy"
    folder.mkdir()
    about = bundle.About("toy", CropSpec(), "MIT")
    provisional = bundle.provisional(ENCODER, about).card
    point = OperatingPoint(fmr=0.1, threshold=0.5, fnmr=0.5, comparisons=1000)
    card = cards.Card(
        **{
            name: getattr(provisional, name)
            for name in ("name", "encoder_sha256", "crop", "training", "licence", "pad")
        },
        operating_points=(point,),
        threshold=0.5,
        accuracy={},
    )
    (folder / "card.json").write_text(cards.to_json(card))
    (folder / "encoder.tflite").write_bytes(ENCODER)
    (folder / "MODEL_CARD.md").write_text("# Model card: toy\n\n## What is not known\n\nMuch.\n")
    return folder


def command(face_model: Path, model_folder: Path, out: Path, *words: str) -> list[str]:
    return [
        "evaluate", "--bundle", str(model_folder), "--out", str(out), "--face-model", str(face_model),
        "--people", "4", "--callers", "2", "--attempts", "1", "--filmed", "1", "--jobs", "1", *words,
    ]  # fmt: skip


def test_protocols_leave_a_whole_report_and_a_cards_section(
    face_model: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    out.mkdir()
    for name in (*FILES, "notes.txt"):  # of an evaluation on a data set
        (out / name).write_text("older")
    words = ("--force", "--protocol", "no-image", "--card", "Without an image", "--also-at", "0.25")
    assert main(command(face_model, model_folder, out, *words)) == 0
    assert "no-image" in capsys.readouterr().out
    numbers = json.loads((out / "metrics.json").read_text())
    assert list(numbers["protocols"]) == ["no-image"]
    assert numbers["runtimes_left_out"] == []
    (name,) = numbers["contenders"]
    found = numbers["protocols"]["no-image"]
    assert found["crops"][name]["attempts"]["5"]["impostor"] == 2 * 3
    assert found["filmed"][name] is None  # the board finds nobody without an image
    left = {path.name for path in out.iterdir()}
    assert {"report.html", "det.png", "frr.png", "closest-impostors.png"} <= left
    assert left <= {*PROTOCOL_FILES, "notes.txt"}
    section = (model_folder / "MODEL_CARD.md").read_text()
    assert "## Without an image\n\nRendered people of" in section
    assert f"### {name}: crops at a threshold of 0.2500" in section
    assert [point["threshold"] for point in found["crops"][name]["single"]["also_at"]] == [0.25]


def test_every_runtime_is_every_installed_one(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from facelatch.card import load_bundle

    asked = argparse.Namespace(every_runtime=True, runtime="ai-edge-litert", encoder=None, compare=None)
    monkeypatch.setattr(parity, "installed_runtimes", lambda: ["ai-edge-litert"])
    missing = protocol_command.left_out(asked)
    (one,) = protocol_command.enter(load_bundle(model_folder), asked, missing)
    assert one.runtime == "ai-edge-litert"
    assert missing == ["tflite-runtime"]
    asked.every_runtime = False
    assert protocol_command.left_out(asked) == []


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        pytest.param(
            ["--protocol", "nowhere"], 3, "--protocol 'nowhere' is unknown; there are frontal", id="unknown"
        ),
        pytest.param(
            ["--protocol", "unlock", "--people", "1"], 3, "--people must be at least 2", id="one-person"
        ),
        pytest.param(["--protocol", "unlock", "--callers", "9"], 3, "--callers 1 to as many", id="callers"),
        pytest.param(
            ["--protocol", "unlock", "--attempts", "0"], 3, "--attempts must be at least 1", id="attempts"
        ),
        pytest.param(
            ["--protocol", "unlock", "--also-at", "0.4", "2.5"],
            3,
            "--also-at takes distances between 0 and 2, such as 0.4, found 2.5; name others",
            id="too-far",
        ),
        pytest.param(
            ["--protocol", "unlock", "--also-at", "nan"], 3, "such as 0.4, found nan", id="no-number"
        ),
        pytest.param([], 3, "--dataset or --protocol", id="nothing-named"),
        pytest.param(
            ["--protocol", "unlock", "--compare", "/nonexistent/x.tflite"],
            4,
            "name a .keras or .tflite",
            id="compare",
        ),
        pytest.param(
            ["--protocol", "unlock", "--dataset", "synthetic"],
            3,
            "--dataset: for a data set, while --protocol renders people of its own",
            id="data-set-too",
        ),
        pytest.param(
            ["--protocol", "unlock", "--seed", "30000", "--camera", "d435", "--attacks", "flat-photo"],
            3,
            "--camera and --attacks and --seed: for a data set",
            id="options-of-data-sets",
        ),
        pytest.param(
            ["--protocol", "unlock", "--samples", "3", "--depth-grey-mm", "400", "900"],
            3,
            "--depth-grey-mm and --samples: for a data set",
            id="how-captures-are-read",
        ),
        pytest.param(
            ["--dataset", "synthetic", "--compare", "x.tflite", "--card", "--every-runtime"],
            3,
            "--people and --callers and --attempts and --filmed and --every-runtime and --compare and --card: for "
            "named protocols; add --protocol NAME",
            id="options-of-protocols",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_sentence(
    face_model: Path,
    model_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    message: str,
) -> None:
    assert main(command(face_model, model_folder, tmp_path / "out", *words)) == status
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--protocol", "list"], id="nothing-else"),
        pytest.param(["--protocol", "unlock", "list"], id="beside-a-name"),
        pytest.param(
            ["--bundle", "/nonexistent", "--out", "/nonexistent", "--protocol", "list"], id="bad-folders"
        ),
    ],
)
def test_every_protocol_is_listed_without_a_bundle(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *words])
    assert ended.value.code == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert [tuple(line.split(maxsplit=1)) for line in captured.out.splitlines()] == [
        (one.name, one.about) for one in every_protocol()
    ]
    assert all(one.about for one in every_protocol())


def test_measuring_a_protocol_still_needs_a_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--protocol", "unlock"])
    assert ended.value.code == 2
    assert "required: --bundle, --out" in capsys.readouterr().err


def test_the_usual_scale_compares_ten_million_attempts() -> None:
    usual = Scale()
    assert usual.callers * usual.attempts * (usual.people - 1) >= 10_000_000


def test_protocols_of_one_cohort_share_its_enrolments() -> None:
    by_name = {one.name: one for one in every_protocol()}
    from facelatch_converter.protocols.crop_trials import Stage

    stage, scale = Stage(Path("model.npz"), ()), Scale(people=100, callers=10, attempts=1, filmed=0)
    one, two = (
        total_cost([by_name[name] for name in names], stage, scale)
        for names in (["unlock"], ["unlock", "cap"])
    )
    assert two - one == 10 * 5


def test_every_option_of_evaluate_belongs_to_one_way_or_to_both() -> None:
    parser = argparse.ArgumentParser()
    evaluate_command.add_arguments(parser)
    known = {action.dest for action in parser._actions} - {"help"}
    both = {"bundle", "out", "force", "json", "face_model", "runtime", "workers", "protocol"}
    assert known - both == {*evaluate_ways._OF_DATA_SETS, *evaluate_ways._OF_PROTOCOLS}


def test_each_further_threshold_counts_once() -> None:
    assert to_distances((0.4, 0.40001, 0.5, 0.4)) == (0.4, 0.5)
    for wrong in (0.0, -0.3, 0.00001, 2.0):
        with pytest.raises(ConfigError, match=r"--also-at takes distances between 0 and 2"):
            to_distances((0.4, wrong))
