"""The upper half is fitted alone, to many people at once, and the network does what was fitted."""

import argparse
import errno
import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.preprocess import CropSpec
from facelatch_converter import quantise, records, train
from facelatch_converter.architecture import NETWORK, build_encoder
from facelatch_converter.crops import Batch
from facelatch_converter.ending import find_ending, outputs
from facelatch_converter.errors import ConversionError, OutputError, TrainingError
from facelatch_converter.face_model import FaceModel
from facelatch_converter.head import command, fit
from facelatch_converter.head import directions as directions_module
from facelatch_converter.head.cut import cut
from facelatch_converter.head.directions import Directions
from facelatch_converter.head.features import Features, gather, make_room
from facelatch_converter.head.fitter import Fitter
from facelatch_converter.held_out import held_out_crops
from facelatch_converter.metrics import pair_distances
from facelatch_converter.offset import WANTED_IMPOSTOR_DISTANCE, to_unit_rows
from facelatch_converter.start import find_start
from tests.converter.test_average import make_run

SHAPE = (7, 7, 160)
"""What the upper half reads of a face."""


def made_features(people: int = 20, views: int = 3) -> Features:
    """People of whom half of the channels say who they are."""
    rng = np.random.default_rng(1)
    own = rng.normal(size=(people, 1, *SHAPE)) * (np.arange(SHAPE[-1]) < SHAPE[-1] / 2)
    values = np.maximum(own + rng.normal(size=(people, views, *SHAPE)) + 0.3, 0).astype(np.float16)
    return Features(np.stack([values, values[..., ::-1, :]]))


def all_of(features: Features) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.int32]]:
    """All faces and their people."""
    people, views = features.values.shape[1:3]
    everybody = np.arange(people)
    return features.of(0, everybody, np.tile(np.arange(views), (people, 1))), np.repeat(
        everybody.astype(np.int32), views
    )


def moved_encoder() -> Any:
    """The default network, no normalisation of which is as it was made."""
    encoder = build_encoder()
    rng = np.random.default_rng(2)
    for weights in encoder.weights:
        if len(weights.shape) == 1:
            weights.assign(
                weights * rng.uniform(0.7, 1.4, weights.shape) + rng.uniform(0, 0.2, weights.shape)
            )
    return encoder


def embedded_by(encoder: Any, features: npt.NDArray[np.float16]) -> npt.NDArray[np.float32]:
    """What the encoder itself makes of features."""
    return to_unit_rows(np.asarray(cut(encoder).above(features.astype(np.float32), training=False)))


def test_both_halves_are_the_whole() -> None:
    encoder = moved_encoder()
    faces = np.random.default_rng(3).uniform(-1, 1, (3, 112, 112, 4)).astype(np.float32)
    below, above = cut(encoder)
    assert below.output.shape[1:] == SHAPE
    np.testing.assert_allclose(
        above(below(faces, training=False), training=False),
        encoder(faces, training=False),
        rtol=1e-3,
        atol=1e-3,
    )
    weights = sum(weight.shape.num_elements() for weight in above.trainable_weights)
    assert weights > 0.8 * sum(weight.shape.num_elements() for weight in encoder.trainable_weights)


def test_what_is_written_back_is_what_was_fitted() -> None:
    encoder, features = moved_encoder(), made_features()
    fitter = Fitter(encoder, 0.003, steps=12)
    faces, labels = all_of(features)
    before = embedded_by(encoder, faces)
    np.testing.assert_allclose(fitter.look(faces), before, atol=1e-3)

    loss, embeddings = fitter.take_step(faces, labels)
    np.testing.assert_allclose(embeddings, before, atol=1e-3)
    losses = [fitter.take_step(faces, labels)[0] for _ in range(11)]
    assert losses[-1] < 0.8 * loss
    np.testing.assert_array_equal(embedded_by(encoder, faces), before)
    fitter.write_back()
    after = embedded_by(encoder, faces)
    np.testing.assert_allclose(fitter.look(faces), after, atol=1e-3)
    assert np.abs(after - before).max() > 0.05


def test_nothing_below_and_no_statistics_change() -> None:
    encoder, features = moved_encoder(), made_features()
    before = {weight.path: weight.numpy() for weight in encoder.weights}
    fitter = Fitter(encoder, 0.01, steps=2)
    fitter.take_step(*all_of(features))
    fitter.write_back()
    changed = {
        weight.path for weight in encoder.weights if not np.array_equal(weight.numpy(), before[weight.path])
    }
    assert changed == {weight.path for weight in cut(encoder).above.trainable_weights}
    assert not any("moving" in path for path in changed)


def test_nobody_meets_their_own_mirror_image(
    face_model: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What tells the two apart says nothing of strangers, and nobody else looks as much alike."""
    made: list[Directions] = []
    done: list[tuple[str, int]] = []

    class Watched(Directions):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

        def draw(self, *given: Any) -> Any:
            done.append(("drawn", made.index(self)))
            return super().draw(*given)

        def learn(self, *given: Any) -> None:
            done.append(("learnt", made.index(self)))
            super().learn(*given)

    usual = Features.of

    def of(features: Features, side: int, people: Any, views: Any) -> Any:
        if len(made) == 2:
            done.append(("shown", side))
        return usual(features, side, people, views)

    monkeypatch.setattr(Features, "of", of)
    monkeypatch.setattr(fit, "Directions", Watched)
    monkeypatch.setattr(fit, "_gather", lambda *_: made_features(64, command.FACES.views))
    command.run(arguments(face_model, start, tmp_path / "out", "--steps", "3"))
    assert done == [(what, side) for side in (0, 1, 0) for what in ("drawn", "shown", "learnt")]


def test_people_lie_where_their_faces_do_and_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # So few at once that the number of people cannot be divided by it.
    monkeypatch.setattr(directions_module, "_AT_ONCE", 7)
    encoder, features = moved_encoder(), made_features()
    fitter = Fitter(encoder, 0.01, steps=1)
    told: list[int] = []
    directions = Directions(20, lambda people, views: fitter.look(features.of(0, people, views)), told.append)
    assert sum(told) == 20
    faces, _ = all_of(features)
    mean = embedded_by(encoder, faces).reshape(20, 3, 128).sum(1)
    np.testing.assert_allclose(directions.unit, to_unit_rows(mean), atol=1e-3)

    elsewhere = np.zeros((4, 128), np.float32)
    elsewhere[:, 7] = 1
    directions.learn(np.array([5, 2]), elsewhere)
    expected = 0.5 * to_unit_rows(mean)[[5, 2]]
    expected[:, 7] += 1
    np.testing.assert_allclose(directions.unit[[5, 2]], to_unit_rows(expected), atol=1e-3)
    np.testing.assert_allclose(directions.unit[6:], to_unit_rows(mean)[6:], atol=1e-3)


def test_a_batch_is_of_people_who_look_alike_and_of_some_others() -> None:
    rng = np.random.default_rng(3)
    families = np.repeat(rng.normal(size=(20, 128)), 8, axis=0) + rng.normal(0, 0.05, (160, 128))
    directions = Directions(
        160, lambda people, views: np.repeat(families[people], views.shape[1], 0), lambda _: None
    )
    chosen = directions.draw(60, np.random.default_rng(4))
    assert len(set(chosen.tolist())) == len(chosen) == 60
    sizes = np.bincount(chosen // 8, minlength=20)
    # Drawn one by one, of a family of eight there would be three.
    assert (sizes == 8).sum() >= 4
    np.testing.assert_array_equal(chosen, directions.draw(60, np.random.default_rng(4)))
    assert set(directions.draw(160, rng).tolist()) == set(range(160))


def made_batches() -> Iterator[Batch]:
    """Three people a batch, two crops each, whose first pixel says which; and whose last one does not."""
    for first in count(0, 3):
        labels = np.repeat(np.arange(3, dtype=np.int32), 2)
        tensors = np.full((6, 2, 2, 4), 99, np.int8)
        tensors[:, 0, 0, 0] = 10 * (labels + first) + np.tile([0, 1], 3)
        nothing = np.zeros((6, 4), np.float32)
        yield Batch(tensors, nothing, labels, labels.astype(np.int64), np.zeros(6, np.int8))


def test_features_are_gathered_person_by_person_and_mirrored(tmp_path: Path) -> None:
    told: list[int] = []
    with (tmp_path / "features").open("w+b") as file:
        values = make_room(file, (2, 5, 2, 2))
        found = gather(made_batches(), lambda tensors: 127 * tensors[:, 0, :, 0], values, told.append)
        # Of the second batch only as many as there is room for.
        assert told == [3, 2]
        own = np.array([[10 * n, 10 * n + 1] for n in range(5)])
        expected = np.stack([own, np.full((5, 2), 99)], 2)
        np.testing.assert_allclose(found.values[0], expected, rtol=1e-3)
        np.testing.assert_allclose(found.values[1], expected[..., ::-1], rtol=1e-3)
        for side in range(2):
            some = found.of(side, np.array([4, 1]), np.array([[1, 0], [0, 0]]))
            np.testing.assert_allclose(some[:, side], [41, 40, 10, 10], rtol=1e-3)
            np.testing.assert_allclose(some[:, 1 - side], 99, rtol=1e-3)


def test_activations_that_16_bits_cannot_hold_are_refused() -> None:
    values = np.zeros((2, 5, 2, 2), np.float16)
    with pytest.raises(TrainingError, match="beyond 16 bits"), np.errstate(over="ignore"):
        gather(made_batches(), lambda tensors: 1e6 * tensors[:, 0, :, 0], values, lambda _: None)


def test_a_disk_that_is_too_small_is_said_so_before_anything_is_rendered(
    face_model: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing to it later would end the process without a word."""

    def posix_fallocate(_file: int, _start: int, size: int) -> None:
        assert size == 2 * 64 * command.FACES.views * 7 * 7 * 160 * 2
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", posix_fallocate)
    monkeypatch.delattr(fit, "rendered_batches")
    with pytest.raises(OutputError, match=r"kept of 64 people \(No space left .*fewer --identities"):
        command.run(arguments(face_model, start, tmp_path / "out"))


def arguments(face_model: Path, start: Path, out: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    few = ["--identities", "64", "--people", "64", "--steps", "2", "--workers", "1", "--held-out", "4"]
    return parser.parse_args(
        ["--face-model", str(face_model), "--from", str(start), "--out", str(out), *few, *more]
    )


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder of a run, with random weights."""
    import keras

    folder = tmp_path_factory.mktemp("runs") / "first"
    path = make_run(folder, 1000, 0.5)
    keras.utils.set_random_seed(1)
    build_encoder().save(path)
    return path


def test_a_run_fits_settles_and_tells_what_it_did(face_model: Path, start: Path, tmp_path: Path) -> None:
    out = tmp_path / "fitted"
    assert command.run(arguments(face_model, start, out)) == 0
    record = records.read_record(out / "run.json")
    assert record["crops"] == 64 * command.FACES.views
    before, after = record["reports"]
    assert "loss" not in before
    assert after["loss"] > 0
    assert all(0 <= report["eer"] <= 1 for report in (before, after))
    assert record["begun_from"]["name"] == "first"
    assert record["versions"]["network"] == str(NETWORK)
    told = records.to_training(record, rendered=True)
    # What trained the whole is told first.
    assert told["loss"] == records.LOSSES["all-pairs"]
    assert "by themselves, the upper half to 768 crops" in told["fitted"]
    assert told["settled_offset"]["pole"]
    assert {name: record["arguments"][name] for name in ("siblings", "aged", "fitted")} == {
        "siblings": command.FACES.siblings,
        "aged": command.FACES.aged,
        "fitted": records.UPPER_HALF,
    }
    assert "1,768 crops in all" in told["data"]

    first, fitted = (
        [layer for layer in quantise.load_keras(path).layers if layer.weights]
        for path in (start, out / "encoder.keras")
    )
    above = [layer.name for layer in cut(build_encoder()).above.layers if layer.weights]
    changed = [
        not all(map(np.array_equal, one.get_weights(), other.get_weights()))
        for one, other in zip(first, fitted, strict=True)
    ]
    # Of the lower half nothing.
    assert changed == [False] * (len(changed) - len(above)) + [True] * len(above)
    # It may begin another run.
    assert find_start(out / "encoder.keras").training["arguments"]["loss"] == "head"
    with pytest.raises(TrainingError, match="holds a run already"):
        command.run(arguments(face_model, start, out))
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    with pytest.raises(
        TrainingError, match="is of fit-head, which keeps no checkpoint; begin with it by --from"
    ):
        train.run(parser.parse_args(["--face-model", str(face_model), "--out", str(out), "--resume"]))


def test_no_training_draws_the_people_of_a_fit(
    face_model: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was resumed a thousand times would."""
    asked: list[int] = []

    def rendered_batches(*given: Any) -> Any:
        asked.append(given[5])
        raise TrainingError("enough")

    monkeypatch.setattr(fit, "rendered_batches", rendered_batches)
    with pytest.raises(TrainingError, match="enough"):
        command.run(arguments(face_model, start, tmp_path / "out"))
    assert asked == [fit.STREAMS]
    assert fit.STREAMS >= 1000 * 1000


def test_an_encoder_of_an_earlier_network_is_given_a_pole_that_is_settled(
    face_model: Path, model: FaceModel, tmp_path: Path
) -> None:
    from keras import Model, layers

    from facelatch_converter.beginning import load_start, settle_start

    path = make_run(tmp_path / "earlier", 1000, 0.5)
    settling = held_out_crops(model, CropSpec(), 6, 2, (1, 2))
    encoder, normalisation = build_encoder(), layers.BatchNormalization(beta_initializer="ones")
    x = layers.Dense(128, use_bias=False)(encoder.get_layer("sides").input)
    earlier = Model(encoder.input, normalisation(x))
    # What tells these crops apart is small in a network that was not trained.
    found = Model(encoder.input, x)(settling[0]).numpy()
    normalisation.set_weights([*normalisation.get_weights()[:2], found.mean(0), found.var(0)])
    earlier.save(path)
    beginning = load_start(find_start(path), "default")
    assert beginning.is_new
    settled = settle_start(beginning, *settling)
    ending = find_ending(settled)
    _, impostor = pair_distances(ending.embed(outputs(ending.probe(settled), settling[0])), settling[1])
    assert impostor.mean() == pytest.approx(WANTED_IMPOSTOR_DISTANCE, abs=0.01)

    build_encoder().save(path)
    assert not load_start(find_start(path), "default").is_new


def test_what_cannot_be_fitted_is_said_before_anything_is_rendered(
    face_model: Path, start: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for more, match in (
        (("--identities", "5"), "--identities must be at least 64, found 5"),
        (("--people", "3"), "--people must be at least 64, found 3"),
        (
            ("--people", "2501", "--identities", "3000"),
            "--people 2501 by --views 4 are more than 4000 faces",
        ),
        (("--people", "65"), "--people 65 are more than --identities 64"),
        (("--views", "1"), "--views must be at least 2, found 1"),
        (("--views", "13"), "--views must be at most 12, found 13"),
        (("--steps", "0"), "--steps must be at least 1"),
        (("--learning-rate", "-1"), "--learning-rate must be positive"),
        (("--learning-rate", "nan"), "--learning-rate must be positive"),
        (("--held-out", "1001"), "--held-out must be at most 1000"),
    ):
        with pytest.raises(TrainingError, match=match):
            command.run(arguments(face_model, start, out, *more))
    with pytest.raises(ConversionError, match="no such file"):
        command.run(arguments(face_model, tmp_path / "none.keras", out))
    other = tmp_path / "seed" / "encoder.keras"
    other.parent.mkdir()
    build_encoder("seed", 64).save(other)
    record = json.loads((start.parent / "run.json").read_text())
    record["arguments"]["variant"] = "seed"
    (other.parent / "run.json").write_text(json.dumps(record))
    with pytest.raises(ConversionError, match="the default variant"):
        command.run(arguments(face_model, other, out))
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "card.json").write_text("{}")
    with pytest.raises(OutputError, match="is a model bundle"):
        command.run(arguments(face_model, start, bundle))
    assert not out.exists()
