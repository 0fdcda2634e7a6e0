"""Training end to end on a toy head: it starts, saves, goes on, and refuses what cannot work."""

import argparse
import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from facelatch_converter import quantise, records, runs
from facelatch_converter.errors import ConversionError, OutputError, TrainingError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.resumption import chosen_before
from facelatch_converter.runs import Schedule
from facelatch_converter.train import TEACHING, add_arguments, run


def _arguments(face_model: Path, out: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    fixed = [
        "--face-model",
        str(face_model),
        "--out",
        str(out),
        "--people",
        "4",
        "--views",
        "2",
        "--workers",
        "1",
    ]
    return parser.parse_args([*fixed, "--held-out", "6", *more])


def test_a_run_trains_saves_and_goes_on(face_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run(_arguments(face_model, out, "--crops", "24", "--report-every", "2")) == 0
    record = json.loads((out / "run.json").read_text())
    assert record["crops"] == 24
    assert [report["crops"] for report in record["reports"]] == [16, 24]
    assert all(math.isfinite(report["loss"]) and 0 <= report["eer"] <= 1 for report in record["reports"])
    assert record["arguments"]["loss"] == "all-pairs"
    assert {"tensorflow", "keras", "numpy", "preprocess"} <= record["versions"].keys()
    assert (out / "encoder.keras").stat().st_size > 100_000

    _assert_goes_on_from(_arguments(face_model, out, "--resume"), steps=3)

    assert run(_arguments(face_model, out, "--crops", "40", "--resume")) == 0
    resumed = json.loads((out / "run.json").read_text())
    assert (resumed["crops"], resumed["resumed"]) == (40, 1)
    assert resumed["reports"][:2] == record["reports"]
    assert resumed["phases"][0]["people"] == 4
    assert chosen_before(out, ["people", "crops"]) == {"people": 4, "crops": 40}

    with pytest.raises(TrainingError, match="another --loss"):
        run(_arguments(face_model, out, "--resume", "--loss", "contrastive"))
    with pytest.raises(TrainingError, match="--resume"):
        run(_arguments(face_model, out))


def _assert_goes_on_from(arguments: argparse.Namespace, steps: int) -> None:
    """A resumed run has the saved encoder's weights and its optimiser's count, not a new network's."""
    from facelatch_converter.trainer import Trainer
    from facelatch_converter.training_loop import _restore

    trainer = Trainer("default", "all-pairs", load_face_model(arguments.face_model))
    new = trainer.encoder.get_weights()
    _restore(arguments, trainer)
    saved = quantise.load_keras(arguments.out / "encoder.keras")
    # Settling changes the height of the saved encoder's pole, and nothing else.
    paths = [weight.path for layer in saved.layers for weight in layer.weights]
    for path, found, expected in zip(paths, trainer.encoder.get_weights(), saved.get_weights(), strict=True):
        if path != "pole_normalisation/beta":
            np.testing.assert_array_equal(found, expected)
    moved = [np.abs(one - other).max() for one, other in zip(new, trainer.encoder.get_weights(), strict=True)]
    assert np.count_nonzero(moved) > len(new) / 2
    assert int(trainer.optimiser.iterations.numpy()) == steps


def test_a_run_may_begin_with_an_encoder(face_model: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    run(_arguments(face_model, first, "--crops", "16"))
    begun = ["--from", str(first / "encoder.keras")]
    run(_arguments(face_model, second, "--crops", "8", "--learning-rate", "1e-9", *begun))
    before, after = (quantise.load_keras(folder / "encoder.keras") for folder in (first, second))
    for one, other in zip(before.trainable_weights, after.trainable_weights, strict=True):
        if one.path != "pole_normalisation/beta":
            np.testing.assert_allclose(one, other, atol=1e-6)
    record = json.loads((second / "run.json").read_text())
    sha256 = hashlib.sha256((first / "encoder.keras").read_bytes()).hexdigest()
    assert (record["begun_from"]["name"], record["begun_from"]["sha256"]) == ("first", sha256)
    assert "24 crops in all" in records.to_training(record, rendered=True)["data"]

    with pytest.raises(TrainingError, match="leave --from or --resume out"):
        run(_arguments(face_model, second, "--resume", *begun))
    with pytest.raises(ConversionError, match=r"the seed variant takes .*size_px=200"):
        run(_arguments(face_model, tmp_path / "third", "--variant", "seed", *begun))
    assert not (tmp_path / "third").exists()


def test_a_run_in_bfloat16_saves_a_float32_encoder(face_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "half"
    assert run(_arguments(face_model, out, "--crops", "16", "--precision", "bfloat16")) == 0
    assert json.loads((out / "run.json").read_text())["arguments"]["precision"] == "bfloat16"
    encoder = quantise.load_keras(out / "encoder.keras")
    assert {layer.compute_dtype for layer in encoder.layers} == {"float32"}
    # It goes on in the other precision too: weights are float32 in both.
    assert run(_arguments(face_model, out, "--crops", "32", "--resume")) == 0


def test_pairs_of_the_seed_works_loss_train_too(face_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs"
    assert run(_arguments(face_model, out, "--crops", "8", "--loss", "contrastive")) == 0
    first = json.loads((out / "run.json").read_text())["reports"][0]["loss"]
    # Half of mean squared distances: at most half of 2 * 2 for a genuine pair and of 1 for an impostor's.
    assert 0 < first < 1
    assert _pairs_loss(apart=True) == pytest.approx(0, abs=1e-6)
    # As many pairs of two people as of one.
    assert _pairs_loss(apart=False) == pytest.approx(16 / 32 / 2, abs=1e-4)


def test_a_run_may_recall_earlier_batches(face_model: Path, tmp_path: Path) -> None:
    losses = []
    for recalled in ("0", "64"):
        out = tmp_path / recalled
        words = ("--crops", "24", "--report-every", "3", "--recalled", recalled)
        assert run(_arguments(face_model, out, *words)) == 0
        record = json.loads((out / "run.json").read_text())
        assert record["arguments"]["recalled"] == int(recalled)
        losses.append(record["reports"][0]["loss"])
    # The same crops; from the second batch on there are strangers to be told apart from as well.
    assert losses[1] > losses[0] + 0.1


def test_kept_statistics_are_those_of_the_encoder_that_a_run_begins_with(
    face_model: Path, tmp_path: Path
) -> None:
    """Batch normalisation moves in training; where it is kept, only what is learnt does."""
    first = tmp_path / "first"
    run(_arguments(face_model, first, "--crops", "8"))
    start = quantise.load_keras(first / "encoder.keras")
    moved = {}
    for statistics in ("batch", "kept"):
        out = tmp_path / statistics
        words = ("--from", str(first / "encoder.keras"), "--crops", "16", "--statistics", statistics)
        assert run(_arguments(face_model, out, *words)) == 0
        assert json.loads((out / "run.json").read_text())["arguments"]["statistics"] == statistics
        after = quantise.load_keras(out / "encoder.keras")
        moved[statistics] = {
            part: max(
                float(np.abs(np.array(one) - np.array(other)).max())
                for one, other in zip(start.weights, after.weights, strict=True)
                if ("moving" in one.path) == (part == "statistics")
            )
            for part in ("statistics", "learnt")
        }
        if statistics == "batch":
            # Resumed, the checkpoint's are kept.
            assert run(_arguments(face_model, out, "--resume", "--crops", "24", "--statistics", "kept")) == 0
            last = quantise.load_keras(out / "encoder.keras")
            for one, other in zip(after.weights, last.weights, strict=True):
                assert "moving" not in one.path or np.array_equal(one, other)
    assert moved["kept"]["statistics"] == 0
    assert moved["batch"]["statistics"] > 0.01
    assert moved["kept"]["learnt"] > 1e-4


def test_a_teacher_that_weighed_otherwise_is_noted_anew(face_model: Path, tmp_path: Path) -> None:
    teacher, out = tmp_path / "teacher", tmp_path / "run"
    run(_arguments(face_model, teacher, "--crops", "8"))
    run(_arguments(face_model, out, "--crops", "8", "--teachers", str(teacher / "encoder.keras")))
    record = json.loads((out / "run.json").read_text())
    (entry,) = record["taught_by"]
    for word in ("weight", "mirrored", "privileged"):
        del entry[word]
    (out / "run.json").write_text(json.dumps(record))
    run(_arguments(face_model, out, "--crops", "16", "--resume"))
    again = json.loads((out / "run.json").read_text())["taught_by"]
    assert again[0] == entry
    assert again[1] == entry | {"from_crops": 8} | TEACHING


def test_a_resumed_run_keeps_its_teachers(face_model: Path, tmp_path: Path) -> None:
    teacher, out = tmp_path / "teacher", tmp_path / "run"
    run(_arguments(face_model, teacher, "--crops", "8"))
    run(_arguments(face_model, out, "--crops", "8", "--teachers", str(teacher / "encoder.keras")))
    run(_arguments(face_model, out, "--crops", "16", "--resume"))
    record = json.loads((out / "run.json").read_text())
    assert record["phases"][0]["teachers"] == [str(teacher / "encoder.keras")]
    sha256 = hashlib.sha256((teacher / "encoder.keras").read_bytes()).hexdigest()
    assert record["taught_by"] == [
        {
            "name": "teacher",
            "sha256": sha256,
            "crops": 8,
            "from_crops": 0,
            **TEACHING,
        }
    ]
    told = records.to_training(record, rendered=True)
    assert told["phases"][0]["teachers"] == ["encoder.keras"]
    assert f"teacher (sha256 {sha256[:12]}, 8 crops) from crop 0 on" in told["taught"]
    (teacher / "encoder.keras").unlink()
    with pytest.raises(ConversionError, match=r"--teachers .*: no such file; .* goes on without them"):
        run(_arguments(face_model, out, "--crops", "24", "--resume"))
    assert run(_arguments(face_model, out, "--crops", "24", "--resume", "--teachers")) == 0
    assert json.loads((out / "run.json").read_text())["phases"][-1]["teachers"] == []


def test_who_cannot_teach_is_refused(face_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "teacher" / "encoder.keras"
    run(_arguments(face_model, path.parent, "--crops", "8"))
    with pytest.raises(TrainingError, match="--teachers: two of the encoders are the same"):
        run(_arguments(face_model, tmp_path / "run", "--teachers", str(path), str(path)))
    with pytest.raises(ConversionError, match=r"--teachers .*the seed variant takes .*size_px=200"):
        run(_arguments(face_model, tmp_path / "run", "--teachers", str(path), "--variant", "seed"))
    assert not (tmp_path / "run").exists()


def test_teachers_do_not_change_the_weights_that_a_run_begins_with(face_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "teacher" / "encoder.keras"
    run(_arguments(face_model, path.parent, "--crops", "8", "--seed", "2"))
    begun = []
    for name, more in (("alone", ()), ("taught", ("--teachers", str(path)))):
        out = tmp_path / name
        run(_arguments(face_model, out, "--crops", "8", "--learning-rate", "1e-12", *more))
        begun.append(quantise.load_keras(out / "encoder.keras").trainable_weights[:-2])
    for alone, taught in zip(*begun, strict=True):
        np.testing.assert_allclose(alone, taught, atol=1e-6)


def _pairs_loss(apart: bool) -> float:
    """The loss of embeddings that are perfect, or all the same, by the trainer's own way of pairing."""
    from facelatch_converter.trainer import Trainer

    labels = np.arange(8, dtype=np.int32).repeat(2)
    outputs = np.eye(128, dtype=np.float32)[labels if apart else np.zeros_like(labels)]
    # Pairing needs nothing of the trainer but its method.
    trainer = object.__new__(Trainer)
    return float(trainer._contrastive(outputs, np.zeros((16, 4), np.float32), None, labels, None))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        pytest.param(["--people", "1"], "--people must be at least 2", id="one-person"),
        pytest.param(["--minutes", "0"], "must be positive", id="no-time"),
        pytest.param(["--resume"], "nothing to resume", id="nothing-to-resume"),
        pytest.param(
            ["--statistics", "kept"], "keeps those of an encoder; name it by --from", id="kept-of-none"
        ),
        pytest.param(
            ["--recalled", "3"],
            "--recalled must be 0 or from a batch .* to 65,536, found 3",
            id="few-recalled",
        ),
        pytest.param(
            ["--recalled", "99", "--loss", "contrastive"], "nothing to the loss contrastive", id="unpaired"
        ),
        pytest.param(["--aged", "1.5"], "--aged must be a share from 0 to 1, found 1.5", id="no-share-aged"),
        pytest.param(["--grouped", "1.5"], "--grouped must be a share from 0 to 1, found 1.5", id="no-share"),
    ],
)
def test_what_cannot_work_is_refused_at_once(
    face_model: Path, tmp_path: Path, extra: list[str], words: str
) -> None:
    with pytest.raises(TrainingError, match=words):
        run(_arguments(face_model, tmp_path / "run", *extra))
    assert not (tmp_path / "run").exists()


def test_a_damaged_record_is_refused(face_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "run.json").write_text("{]")
    with pytest.raises(TrainingError, match="not a run record"):
        run(_arguments(face_model, out, "--resume"))


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bare_resume_takes_over_every_option_and_an_ended_run_is_left_alone(
    face_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ["--crops", "16", "--seed", "5", "--minutes", "600"]
    assert run(_arguments(face_model, out, *words)) == 0
    before = _contents(out)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    resumed = parser.parse_args(["--out", str(out), "--resume"])
    with pytest.raises(TrainingError, match=r"has ended, after 16 crops .*; give more --crops or --minutes"):
        run(resumed)
    assert _contents(out) == before
    assert (resumed.minutes, resumed.seed, resumed.held_out, resumed.workers) == (600, 5, 6, 1)
    assert resumed.face_model == face_model
    with pytest.raises(TrainingError, match="another --seed"):
        run(parser.parse_args(["--out", str(out), "--resume", "--seed", "1"]))
    assert run(parser.parse_args(["--out", str(out), "--resume", "--crops", "24"])) == 0
    record = json.loads((out / "run.json").read_text())
    assert (record["crops"], record["phases"][0]["minutes"], record["phases"][0]["workers"]) == (24, 600, 1)


def test_no_limit_of_time_in_a_record_is_none(tmp_path: Path) -> None:
    told = {"arguments": {"minutes": 30.0}, "phases": [{"minutes": None}]}
    (tmp_path / "run.json").write_text(json.dumps(told))
    assert chosen_before(tmp_path, ["minutes", "seed"]) == {"minutes": math.inf}
    (tmp_path / "run.json").write_text("[]")
    assert chosen_before(tmp_path, ["minutes"]) == {}
    assert chosen_before(tmp_path / "none", ["minutes"]) == {}


class FullDisk:
    """A checkpoint manager whose disk is full, as TensorFlow says it."""

    def save(self) -> None:
        import tensorflow as tf

        said = "{{function_node __wrapped__SaveV2}} run/ckpt; No space left on device [Op:SaveV2]"
        raise tf.errors.ResourceExhaustedError(None, None, said)


@pytest.mark.parametrize(
    ("begun", "then"),
    [
        pytest.param(True, "go on from the last checkpoint by --resume", id="later"),
        pytest.param(False, "start again", id="at-the-first-report"),
    ],
)
def test_a_full_disk_ends_a_run_in_one_sentence(tmp_path: Path, begun: bool, then: str) -> None:
    from facelatch_converter.training_loop import _save

    record = runs.Record({}, {})
    if begun:
        record.save(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(
        OutputError, match=rf"cannot be saved \(run/ckpt; No space left on device\); .*{then}$"
    ):
        _save(tmp_path, None, FullDisk(), record)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_went_away_ends_a_run_in_one_sentence(tmp_path: Path) -> None:
    from facelatch_converter.saving import saving

    words = r"cannot be saved \(No such file or directory\); make room"
    with pytest.raises(OutputError, match=words), saving(tmp_path):
        runs.Record({}, {}).save(tmp_path / "away")


def test_a_folder_that_cannot_be_written_is_refused_before_training(
    face_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As root everything can be written.
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != tmp_path)
    with pytest.raises(OutputError, match="may not be written into; choose another place"):
        run(_arguments(face_model, tmp_path))
    runs.make_folder(tmp_path / "new")
    runs.Record({}, {}).save(tmp_path)
    with pytest.raises(OutputError, match="may not be written into"):
        run(_arguments(face_model, tmp_path, "--resume"))


def test_the_rate_warms_up_and_falls() -> None:
    schedule = Schedule(crops=1000, learning_rate=2e-3)
    rates = [schedule.rate(progress / 100) for progress in range(101)]
    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == pytest.approx(2e-3, rel=0.01)
    peak = rates.index(max(rates))
    assert 2 <= peak <= 6
    assert all(one >= two for one, two in zip(rates[peak:], rates[peak + 1 :], strict=False))
    assert rates[-1] == pytest.approx(4e-5, rel=0.01)


@pytest.mark.parametrize(
    ("crops", "elapsed_s", "expected"),
    [(0, 0, 0.0), (500, 0, 0.5), (500, 45, 0.75), (5000, 0, 1.0), (0, 600, 1.0)],
)
def test_whichever_limit_is_nearer_counts(crops: int, elapsed_s: float, expected: float) -> None:
    assert Schedule(crops=1000, minutes=1).progress(crops, elapsed_s) == expected


def test_the_held_out_people_are_those_that_other_tests_compare() -> None:
    from tests.converter import test_crops

    assert (runs.HELD_OUT, runs.SETTLING) == (test_crops.HELD_OUT, test_crops.SETTLING)
