"""Fine-tuning end to end on heads made of formulas, and what it refuses."""

import argparse
import hashlib
import json
import shutil
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facelatch import resources
from facelatch.captures import CaptureWriter
from facelatch.card import CARD_FILE, Bundle
from facelatch.errors import ModelError
from facelatch.frames import Frame
from facelatch.preprocess import VERSION, Crop, CropSpec
from facelatch_converter import bundle_command, quantise, recipe_trials, records, runs, train
from facelatch_converter.datasets import CaptureRef
from facelatch_converter.ending import find_ending
from facelatch_converter.errors import ConversionError, DatasetError, OutputError, TrainingError
from facelatch_converter.finetune.command import require_people, split_people
from facelatch_converter.finetune.faces import Faces, draw_frames, face_batches, read_faces
from facelatch_converter.finetune.reports import best_report, reports_since_best
from facelatch_converter.sources import SYNTHETIC, Source
from facelatch_converter.start import SHA256_KEY, find_start
from tests.bundles import make_bundle, write_bundle
from tests.converter.scripted import capture
from tests.converter.test_quantise import tiny_encoder
from tests.device.procedural_face import Scene, face_frame
from tests.factories import make_frame

SPEC = CropSpec(32)
PEOPLE = 11


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two captures, each in another light, of eleven people who differ in tint and in a bump on the forehead."""
    root = tmp_path_factory.mktemp("people") / "home"
    scene = face_frame(Scene())
    for person in range(PEOPLE):
        for visit in range(2):
            made = dress(scene, person, visit)
            with CaptureWriter(root / f"p{person:02d}" / f"{visit}", driver="scripted", serial="1") as writer:
                writer.write(made)
    return root


def dress(frame: Frame, person: int, visit: int) -> Frame:
    rng = np.random.default_rng(person)
    rows, columns = np.mgrid[0:480, 0:640]
    bump = rng.uniform(-12, 12) * np.exp(-(((columns - 320) / 40) ** 2) - ((rows - 190) / 25) ** 2)
    noise = np.random.default_rng([person, visit]).normal(0, 1, frame.depth_mm.shape)
    tint = rng.uniform(0.6, 1.0, 3)
    light = np.random.default_rng([person, visit, 1]).uniform(0.6, 1.0)
    colour = frame.colour * tint * light
    return replace(
        frame,
        colour=np.clip(colour + noise[..., None], 0, 255).astype(np.uint8),
        depth_mm=np.rint(frame.depth_mm + bump + noise).astype(np.uint16),
    )


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random encoder in a run's folder."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    folder.mkdir()
    tiny_encoder(size_px=112).save(folder / "encoder.keras")
    record = {"arguments": {"variant": "default"}, "versions": {"preprocess": str(VERSION)}, "reports": []}
    (folder / "run.json").write_text(json.dumps(record))
    return folder / "encoder.keras"


def arguments(dataset: Path, start: Path, out: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    fixed = ["--dataset", dataset, "--from", start, "--out", out, "--people", 6, "--views", 2, "--workers", 1]
    return parser.parse_args([str(word) for word in [*fixed, "--held-out", 4, "--report-every", 4, *more]])


@pytest.fixture(scope="module")
def tuned(
    dataset: Path, start: Path, face_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, Path]:
    """A finished run with rendered people beside the captured ones: its code and its folder."""
    out = tmp_path_factory.mktemp("runs") / "tuned"
    more = (
        "--crops",
        "192",
        "--learning-rate",
        "5e-3",
        "--face-model",
        str(face_model),
        "--rendered",
        "0.35",
        # A style changes the tint, which is what tells these people apart.
        "--augmented",
        "0",
    )
    return train.run(arguments(dataset, start, out, *more)), out


def test_people_kept_out_are_told_apart_better(
    tuned: tuple[int, Path], start: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = tuned
    record = json.loads((out / "run.json").read_text())
    told = record["fine_tuning"]
    trained, validated = (set(told["subjects"][name]) for name in ("trained", "validated"))
    assert (len(trained), len(validated), trained & validated) == (PEOPLE - 4, 4, set())
    assert told["validation"] == {"genuine": 4, "impostor": 24}
    assert told["from"]["sha256"] == hashlib.sha256(start.read_bytes()).hexdigest()
    assert code == 0
    before, after = told["before"], told["after"]
    assert (after["eer"], -after["d_prime"]) < (before["eer"], -before["d_prime"])
    assert told["captures"] == {"with_face": 2 * PEOPLE, "without_face": {}}
    assert told["subjects"]["without_face"] == []
    assert all(report["eer_low"] <= report["eer"] <= report["eer_high"] for report in record["reports"])
    assert all(0 <= report["rendered_eer"] <= 1 for report in record["reports"])
    old, new = quantise.load_keras(start), quantise.load_keras(out / "encoder.keras")
    moved = [np.abs(one - two).max() for one, two in zip(old.get_weights(), new.get_weights(), strict=True)]
    assert max(moved) > 0
    statistics = [
        np.array_equal(old.layers[2].get_weights()[place], new.layers[2].get_weights()[place])
        for place in (2, 3)
    ]
    assert statistics == [True, True], "batch normalisation keeps its statistics"


def test_a_run_goes_on_and_only_with_the_same_arguments(
    tuned: tuple[int, Path], dataset: Path, start: Path, face_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    short = ("--crops", "24", "--rendered", "0")
    train.run(arguments(dataset, start, out, *short))
    first = json.loads((out / "run.json").read_text())
    train.run(arguments(dataset, start, out, "--crops", "48", "--rendered", "0", "--resume"))
    second = json.loads((out / "run.json").read_text())
    assert (first["crops"], second["crops"], second["resumed"]) == (24, 48, 1)
    assert second["reports"][: len(first["reports"])] == first["reports"]
    with pytest.raises(TrainingError, match="another --seed"):
        train.run(arguments(dataset, start, out, *short, "--resume", "--seed", "2"))
    with pytest.raises(TrainingError, match="holds a run already"):
        train.run(arguments(dataset, start, out, *short))


@pytest.fixture
def ended(dataset: Path, start: Path, tmp_path: Path) -> Path:
    """A short run's folder, of a data set of its own that a test may change."""
    home = shutil.copytree(dataset, tmp_path / "home")
    out = tmp_path / "run"
    train.run(arguments(home, start, out, "--crops", "24", "--minutes", "90", "--seed", "3"))
    return out


def resumed(out: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser.parse_args(["--out", str(out), "--resume", *more])


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_ended_run_is_left_alone_and_a_bare_resume_has_its_options(ended: Path, start: Path) -> None:
    before = contents(ended)
    given = resumed(ended)
    with pytest.raises(TrainingError, match=r"has ended, after 24 crops .*; give more --crops or --minutes"):
        train.run(given)
    assert contents(ended) == before
    assert (given.crops, given.people, given.views, given.minutes, given.seed) == (24, 6, 2, 90, 3)
    assert (given.report_every, given.held_out, given.workers) == (4, 4, 1)
    assert (given.dataset, given.start) == (ended.parent / "home", start)
    # One report came after the start's: with a patience of one that is enough, unless it was better.
    record = json.loads((ended / "run.json").read_text())
    record["reports"][1] |= {"eer": 1.0}
    (ended / "run.json").write_text(json.dumps(record))
    with pytest.raises(TrainingError, match="nothing improved for 1 reports; give more --patience"):
        train.run(resumed(ended, "--crops", "48", "--patience", "1"))
    assert train.run(resumed(ended, "--crops", "36")) in (0, 1)
    record = json.loads((ended / "run.json").read_text())
    assert (record["crops"], record["phases"][0]["minutes"], record["phases"][0]["patience"]) == (36, 90, 8)


def test_what_a_run_was_started_with_is_named_by_its_option(
    ended: Path, face_model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    tiny_encoder(size_px=112, outputs=64).save(other / "encoder.keras")
    record = {"arguments": {"variant": "default"}, "versions": {"preprocess": str(VERSION)}, "reports": []}
    (other / "run.json").write_text(json.dumps(record))
    for more, words in (
        (["--from", str(other / "encoder.keras")], "another --from;"),
        (["--face-model", str(face_model)], "another --face-model;"),
        (["--held-out", "5"], "another --held-out;"),
    ):
        with pytest.raises(TrainingError, match=words):
            train.run(resumed(ended, "--crops", "48", *more))


def test_a_run_does_not_go_on_where_its_people_have_changed(ended: Path) -> None:
    before = contents(ended)
    home = ended.parent / "home"
    shutil.copytree(home / "p00", home / "p99")
    for file in (home / "p99").glob("*/capture.json"):
        file.write_text(file.read_text().replace("p00", "p99"))
    with pytest.raises(TrainingError, match=r"no longer those .*p99 is new among those .*; start a new run"):
        train.run(resumed(ended, "--crops", "48"))
    shutil.rmtree(home / "p99")
    shutil.copytree(home / "p00" / "0", home / "p00" / "again")
    with pytest.raises(TrainingError, match=r"23 faces were found, 22 before"):
        train.run(resumed(ended, "--crops", "48"))
    assert contents(ended) == before


def test_a_run_without_its_checkpoint_does_not_go_on(ended: Path) -> None:
    shutil.rmtree(ended / "checkpoint")
    with pytest.raises(TrainingError, match=r"24 crops, but it holds no checkpoint"):
        train.run(resumed(ended, "--crops", "48"))


def test_settling_alone_is_no_improvement(
    dataset: Path, start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The start's pole is high: lowering it stretches distances, but nothing is learnt."""
    offset = tmp_path / "offset"
    offset.mkdir()
    encoder = quantise.load_keras(start)
    find_ending(encoder).subtract(encoder, np.full(128, -3.0, np.float32))
    encoder.save(offset / "encoder.keras")
    (offset / "run.json").write_bytes((start.parent / "run.json").read_bytes())
    out = tmp_path / "run"
    more = ("--crops", "48", "--learning-rate", "1e-12", "--report-every", "1")
    assert train.run(arguments(dataset, offset / "encoder.keras", out, *more)) == 1
    first, *others = json.loads((out / "run.json").read_text())["reports"]
    assert len(others) == 4
    assert all(other["impostor"] == pytest.approx(first["impostor"], abs=1e-3) for other in others)
    assert not (out / "encoder.keras").exists()
    said = capsys.readouterr().out
    assert "the EER of the people kept out did not fall, nor did d' rise" in said
    assert "without --face-model nothing guards against forgetting" in said
    assert f"{2 * PEOPLE} of {2 * PEOPLE} captures gave a face\n" in said


def test_a_second_fine_tuning_validates_on_nobody_whom_the_first_learnt_from(
    tuned: tuple[int, Path], dataset: Path, tmp_path: Path
) -> None:
    _, first = tuned
    out = tmp_path / "again"
    train.run(arguments(dataset, first / "encoder.keras", out, "--crops", "12", "--seed", "11"))
    before, after = (
        json.loads((run / "run.json").read_text())["fine_tuning"]["subjects"] for run in (first, out)
    )
    assert set(before["trained"]) <= set(after["trained"])
    assert after["validated"] == before["validated"]


def test_an_encoder_that_tells_only_how_many_it_learnt_from_cannot_learn_from_their_data_set_again(
    tuned: tuple[int, Path], dataset: Path, tmp_path: Path
) -> None:
    _, first = tuned
    card = tmp_path / "card"
    card.mkdir()
    (card / "encoder.keras").write_bytes((first / "encoder.keras").read_bytes())
    told = records.to_training(records.read_record(first / "run.json"), rendered=False)
    (card / "run.json").write_text(json.dumps(told))
    with pytest.raises(DatasetError, match="fine-tuned on home before"):
        train.run(arguments(dataset, card / "encoder.keras", tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_tuned_encoder_can_be_tuned_again_and_its_card_names_nobody(tuned: tuple[int, Path]) -> None:
    _, out = tuned
    assert find_start(out / "encoder.keras").crop == CropSpec()
    record = records.read_record(out / "run.json")
    told = records.to_training(record, rendered=False)
    assert told["notice"] == "trained on rendered faces, fine-tuned on home, measured on real people"
    assert told["fine_tuning"]["trained"] == PEOPLE - 4
    assert not any(f"p{person:02d}" in json.dumps(told) for person in range(PEOPLE))
    assert records.trained_people(record, "home") == set(record["fine_tuning"]["subjects"]["trained"])
    assert not records.trained_people(record, "elsewhere")


@pytest.mark.parametrize("share", sorted({*runs.SHARES} - {"augmented"}))
def test_shares_that_fine_tuning_does_not_have_are_refused(
    dataset: Path, start: Path, tmp_path: Path, share: str
) -> None:
    with pytest.raises(TrainingError, match=f"--{share} is for training from scratch"):
        train.run(arguments(dataset, start, tmp_path / "run", f"--{share}", "0.5"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param(["--teachers", "e.keras"], "--teachers is for training from scratch", id="teachers"),
        pytest.param(["--variant", "seed"], "--variant is for training from scratch", id="variant"),
        pytest.param(["--validation", "1"], "between 0 and 1", id="validation"),
        pytest.param(["--patience", "0"], "--patience must be at least 1", id="patience"),
        pytest.param(["--rendered", "0.3"], r"--rendered 0\.3 needs --face-model", id="nothing-to-render"),
        pytest.param(["--resume"], "nothing to resume", id="nothing-to-resume"),
    ],
)
def test_what_cannot_work_is_refused_at_once(
    dataset: Path, start: Path, tmp_path: Path, more: list[str], words: str
) -> None:
    with pytest.raises(TrainingError, match=words):
        train.run(arguments(dataset, start, tmp_path / "run", *more))
    assert not (tmp_path / "run").exists()


def test_a_run_from_scratch_refuses_what_only_fine_tuning_has(face_model: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    with pytest.raises(TrainingError, match="--patience is for fine-tuning"):
        train.run(
            parser.parse_args(["--face-model", str(face_model), "--out", str(tmp_path), "--patience", "3"])
        )
    with pytest.raises(TrainingError, match="needs --face-model"):
        train.run(parser.parse_args(["--out", str(tmp_path / "run")]))


@pytest.mark.parametrize("command", ["fine-tune", "train", "compare-recipes"])
@pytest.mark.parametrize("place", ["shipped", "inside-it", "package", "own-bundle"])
def test_models_and_programs_are_never_written_into(
    command: str, place: str, dataset: Path, start: Path, tmp_path: Path
) -> None:
    shipped = resources.default_bundle_folder()
    places = {
        "shipped": shipped,
        "inside-it": shipped / "run",
        "package": Path(resources.__file__).parent / "run",
        "own-bundle": write_bundle(tmp_path / "bundle", make_bundle()),
    }
    out = places[place]
    given = arguments(dataset, start, out) if command == "fine-tune" else rendering(command, out)
    before = sorted(shipped.rglob("*"))
    with pytest.raises(OutputError, match=r"choose a (new folder|folder of your own)"):
        (recipe_trials if command == "compare-recipes" else train).run(given)
    assert sorted(shipped.rglob("*")) == before


def rendering(command: str, out: Path) -> argparse.Namespace:
    """Arguments of training on rendered people; the face model is never looked for where the place is refused."""
    parser = argparse.ArgumentParser()
    (recipe_trials if command == "compare-recipes" else train).add_arguments(parser)
    return parser.parse_args(["--face-model", "no-such.npz", "--out", str(out)])


@pytest.mark.parametrize(
    ("captures", "kept_out"),
    [
        pytest.param({f"p{n}": 2 for n in range(10)}, 4, id="ten"),
        pytest.param({f"p{n}": 2 for n in range(40)}, 12, id="a-share-of-many"),
        pytest.param({f"p{n}": 1 + (n < 4) for n in range(10)}, 4, id="four-with-two-captures"),
        pytest.param({f"p{n}": 2 for n in range(9)}, None, id="nine"),
        pytest.param({f"p{n}": 1 + (n < 3) for n in range(10)}, None, id="three-with-two-captures"),
        pytest.param({}, None, id="nobody"),
    ],
)
def test_too_few_people_show_nothing(captures: dict[str, int], kept_out: int | None) -> None:
    if kept_out is not None:
        assert require_people(Counter(captures), 0.3, "home") == kept_out
        return
    with pytest.raises(DatasetError, match=r"home: has \d+ live subjects .* needed are 6 to train on"):
        require_people(Counter(captures), 0.3, "home")


def faces(people: int, captures: int, frames: int) -> Faces:
    """Grey crops: the level tells the person, the depth the capture."""
    crops, subjects, names = [], [], []
    for person in range(people):
        for visit in range(captures if person else 1):
            for _ in range(frames):
                image = np.full((32, 32, 3), 10.0 * person, np.float32)
                crops.append(Crop(image, np.full((32, 32), 500.0 + visit, np.float32)))
                subjects.append(f"p{person:02d}")
                names.append(f"{visit}")
    return Faces(tuple(crops), np.array(subjects), np.array(names))


def test_who_has_one_capture_is_only_trained_on() -> None:
    for seed in range(5):
        trained, validated = split_people(faces(12, 2, 2), 0.3, seed, "home")
        assert "p00" in trained.people
        assert not set(trained.people) & set(validated.people)
        assert (len(trained.people), len(validated.people)) == (8, 4)


def test_who_was_learnt_from_before_is_only_trained_on() -> None:
    known = {f"p{number:02d}" for number in range(1, 8)}
    for seed in range(5):
        trained, validated = split_people(faces(12, 2, 2), 0.4, seed, "home", known)
        assert known <= set(trained.people)
        # Five are the share, but one of the others has only one capture.
        assert validated.people == ["p08", "p09", "p10", "p11"]
    words = (
        r"home: has 12 .* 3 of them new to the encoder .* not of the 8 whom the encoder learnt from before"
    )
    with pytest.raises(DatasetError, match=words):
        split_people(faces(12, 2, 2), 0.3, 1, "home", known | {"p08"})


def test_numbers_tell_captures_of_two_people_apart() -> None:
    subjects, captures = faces(3, 2, 2).numbers()
    assert subjects.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert captures.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_views_come_from_as_many_captures_as_there_are() -> None:
    rng = np.random.default_rng(1)
    tensors, labels = next(face_batches(faces(5, 3, 4), SPEC, people=4, views=3, augmented=0.0, rng=rng))
    assert tensors.shape == (12, 32, 32, 4)
    assert labels.tolist() == np.arange(4).repeat(3).tolist()
    levels = tensors[:, 16, 16, 0].reshape(4, 3)
    assert (levels == levels[:, :1]).all(), "one label is one person"
    assert len(set(levels[:, 0].tolist())) == 4


def test_augmentation_changes_a_share() -> None:
    batches = [
        next(face_batches(faces(6, 2, 1), SPEC, 6, 2, share, np.random.default_rng(2)))[0]
        for share in (0.0, 1.0)
    ]
    plain: npt.NDArray[Any] = batches[0][:, 16, 16, :3]
    assert (plain == plain[:, :1]).all()
    assert np.abs(batches[1] - batches[0]).max(axis=(1, 2, 3)).min() > 0


def test_frames_are_drawn_over_the_whole_capture() -> None:
    taken = np.zeros(20, int)
    for seed in range(300):
        stream = (make_frame(500, (4, 4), timestamp_ns=at) for at in range(20))
        stamps = [frame.timestamp_ns for frame in draw_frames(stream, 4, np.random.default_rng(seed))]
        assert stamps == sorted(stamps)
        taken[stamps] += 1
    assert 30 < taken.min() <= taken.max() < 95
    assert len(draw_frames(iter([make_frame()]), 4, np.random.default_rng(1))) == 1


def test_attacks_and_empty_frames_give_no_face() -> None:
    told: list[int] = []
    refs = [capture("anna", "1", (500, 500)), capture("anna", "photo", (500,), attack="flat-photo")]
    found, tally = read_faces(refs, SPEC, 2, 1, told.append)
    assert found.crops == ()
    assert told == [1, 1]
    assert (tally.with_face, sum(tally.without.values()), tally.dropped_out) == (0, 1, ("anna",))


def test_captures_that_give_no_face_are_told_by_reason_and_name() -> None:
    near = face_frame(Scene())
    refs = [
        CaptureRef("anna", "1", partial(iter, [near])),
        CaptureRef("anna", "2", partial(iter, [make_frame(500)])),
        CaptureRef("bert", "1", partial(iter, [])),
    ]
    found, tally = read_faces(refs, SPEC, 2, 1)
    assert found.people == ["anna"]
    reason = next(name for name in tally.without if name != "no-frames")
    assert tally.to_sentence() == (
        f"1 of 3 captures gave a face; 2 gave none ({', '.join(sorted([f'1 {reason}', '1 no-frames']))}); nothing is "
        "left of bert"
    )


def test_faces_are_learnt_from_as_far_away_as_training_renders_them() -> None:
    far = face_frame(Scene(z_mm=1000))
    found, tally = read_faces([CaptureRef("anna", "1", partial(iter, [far]))], SPEC, 1, 1)
    assert (found.people, tally.with_face) == (["anna"], 1)


def test_nothing_is_measured_on_whom_an_encoder_learnt_from() -> None:
    refs = [capture(f"p{number}", "1", (500,)) for number in range(5)]
    record = {"fine_tuning": {"dataset": "home", "subjects": {"trained": ["p1", "p3"], "validated": ["p2"]}}}
    kept = bundle_command.without_trained(Source("home", "home", refs), record)
    assert [ref.subject for ref in kept.refs] == ["p0", "p2", "p4"]
    assert kept.name == "home without the 2 people it was fine-tuned on"
    renamed = bundle_command.without_trained(Source("away", "away", refs), record)
    assert [ref.subject for ref in renamed.refs] == ["p0", "p2", "p4"]
    rendered = [replace(ref, rendered=True) for ref in refs]
    for source, about in (
        (Source("rendered", SYNTHETIC, rendered), record),
        (Source("home", "home", refs), {}),
    ):
        assert bundle_command.without_trained(source, about) is source
    # A folder of that name is none of the renderer's.
    assert len(bundle_command.without_trained(Source(SYNTHETIC, SYNTHETIC, refs), record).refs) == 3
    with pytest.raises(DatasetError, match=r"home: .* all of its 2 people"):
        bundle_command.without_trained(Source("home", "home", [refs[1], refs[3]]), record)


def test_a_card_names_the_float_encoder_beside_it(tmp_path: Path) -> None:
    (tmp_path / "encoder.keras").write_bytes(b"network")
    told = bundle_command.to_training({}, rendered=True, keras=tmp_path / "encoder.keras")
    assert told[SHA256_KEY] == hashlib.sha256(b"network").hexdigest()
    assert SHA256_KEY not in bundle_command.to_training({}, rendered=True, keras=None)


def report(eer: float, apart: float = 0.5, rendered: float | None = None) -> dict[str, float]:
    row = {"eer": eer, "d_prime": apart}
    return row if rendered is None else row | {"rendered_eer": rendered}


@pytest.mark.parametrize(
    ("reports", "best"),
    [
        pytest.param([report(0.1)], 0, id="only-the-start"),
        pytest.param([report(0.1), report(0.05), report(0.07)], 1, id="lowest"),
        pytest.param([report(0.1), report(0.12)], 0, id="nothing-better"),
        pytest.param([report(0.0, 0.5), report(0.0, 0.6), report(0.0, 0.4)], 1, id="ties-by-d-prime"),
        pytest.param([report(0.1, 2.0), report(0.1, 2.005)], 0, id="rounding-is-no-gain"),
        pytest.param([report(0.1, 0.5, 0.02), report(0.05, 0.5, 0.04)], 0, id="forgotten"),
        pytest.param([report(0.1, 0.5, 0.02), report(0.05, 0.5, 0.027)], 1, id="hardly-forgotten"),
    ],
)
def test_the_best_report_is_by_people_kept_out_unless_others_are_forgotten(
    reports: list[dict[str, float]], best: int
) -> None:
    assert best_report(reports) == best
    assert reports_since_best(reports) == len(reports) - 1 - best


def test_a_full_disk_ends_fine_tuning_in_one_sentence(dataset: Path, start: Path, tmp_path: Path) -> None:
    from facelatch_converter.finetune.command import TunedRecord
    from facelatch_converter.finetune.loop import _save

    class FullDisk:
        def save(self) -> None:
            import tensorflow as tf

            raise tf.errors.UnknownError(None, None, "File too large")

    record = TunedRecord({}, {}, reports=[{"eer": 0.2, "d_prime": 2.0}])
    with pytest.raises(OutputError, match=r"cannot be saved \(File too large\)"):
        _save(arguments(dataset, start, tmp_path), None, None, record, FullDisk())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def bundle_with(folder: Path, keras: bytes, named: str | None) -> Path:
    made = make_bundle()
    training = {} if named is None else {SHA256_KEY: named}
    write_bundle(folder, Bundle(replace(made.card, training=training), made.encoder))
    (folder / "encoder.keras").write_bytes(keras)
    return folder / "encoder.keras"


def test_a_bundles_encoder_is_the_one_its_card_names(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"network").hexdigest()
    good = find_start(bundle_with(tmp_path / "good", b"network", digest))
    assert (good.sha256, good.name, good.crop) == (digest, "made-up", CropSpec())
    with pytest.raises(ConversionError, match="its card names"):
        find_start(bundle_with(tmp_path / "swapped", b"another", digest))
    with pytest.raises(ConversionError, match="its card does not name it"):
        find_start(bundle_with(tmp_path / "unnamed", b"network", None))
    torn = bundle_with(tmp_path / "torn", b"network", digest)
    (torn.parent / "encoder.tflite").write_bytes(b"other")
    with pytest.raises(ModelError, match="is not the one"):
        find_start(torn)


def test_the_shipped_bundle_can_be_fine_tuned() -> None:
    shipped = find_start(None)
    assert shipped.path.parent == resources.default_bundle_folder()
    assert json.loads((shipped.path.parent / CARD_FILE).read_text())["training"][SHA256_KEY] == shipped.sha256


@pytest.mark.parametrize(
    ("record", "words"),
    [
        pytest.param(None, "neither a card.json nor a run.json", id="of-unknown-origin"),
        pytest.param(
            {"arguments": {}, "versions": {"preprocess": "0"}}, "preprocessing 0, this release", id="old"
        ),
        pytest.param({"arguments": {}}, "preprocessing None", id="no-version"),
    ],
)
def test_an_encoder_of_unknown_or_other_preprocessing_is_refused(
    tmp_path: Path, record: dict[str, Any] | None, words: str
) -> None:
    (tmp_path / "encoder.keras").write_bytes(b"network")
    if record is not None:
        (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(ConversionError, match=words):
        find_start(tmp_path / "encoder.keras")


def test_an_encoder_of_another_size_than_its_origin_says_is_refused(start: Path, tmp_path: Path) -> None:
    from facelatch_converter.finetune.loop import Tuner

    (tmp_path / "run.json").write_bytes((start.parent / "run.json").read_bytes())
    tiny_encoder(size_px=64).save(tmp_path / "encoder.keras")
    with pytest.raises(ConversionError, match="takes 64 pixels, its origin says 112"):
        Tuner(find_start(tmp_path / "encoder.keras"))
