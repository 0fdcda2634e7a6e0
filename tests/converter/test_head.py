"""A head is fitted alone, to many people at once, and the network does what was fitted."""

import argparse
import json
from collections.abc import Callable
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
from facelatch_converter.head.features import Features, gather
from facelatch_converter.head.fit import draw_people
from facelatch_converter.head.fitter import Fitter
from facelatch_converter.held_out import held_out_crops
from facelatch_converter.metrics import pair_distances
from facelatch_converter.offset import WANTED_IMPOSTOR_DISTANCE
from facelatch_converter.start import find_start
from tests.converter.test_average import make_run

SIZE = 972


def made_features(people: int = 40, views: int = 3) -> Features:
    """People of whom half of the features say who they are."""
    rng = np.random.default_rng(1)
    own = rng.normal(size=(people, 1, SIZE))
    values = own * (np.arange(SIZE) < SIZE / 2) + rng.normal(size=(people, views, SIZE))
    return Features((values + 0.3).astype(np.float16))


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


def head_of(encoder: Any) -> Callable[[Any], npt.NDArray[np.float32]]:
    """What the network makes of features."""
    from keras import Model, layers

    units = encoder.get_layer("hidden_units")
    pooled, places = (
        units._inbound_nodes[0].input_tensors[0]._keras_history.operation._inbound_nodes[0].input_tensors
    )
    model = Model([pooled, places], layers.Activation("linear")(encoder.output))
    size = int(pooled.shape[1])
    return lambda values: np.asarray(model([values[:, :size], values[:, size:]], training=False))


def test_what_is_written_back_is_what_was_fitted() -> None:
    encoder, features = moved_encoder(), made_features()
    fitter = Fitter(encoder, features, 0.01, steps=8)
    faces, labels = features.of(np.arange(40))
    before = head_of(encoder)(faces.astype(np.float32))
    np.testing.assert_allclose(fitter._outputs(faces), before, rtol=1e-3, atol=0.05)

    losses = [fitter.take_step(faces, labels) for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0]
    np.testing.assert_array_equal(head_of(encoder)(faces.astype(np.float32)), before)
    fitter.write_back()
    after = head_of(encoder)(faces.astype(np.float32))
    np.testing.assert_allclose(fitter._outputs(faces), after, rtol=1e-3, atol=0.05)
    assert np.abs(after - before).max() > 1


def test_nothing_but_the_head_changes() -> None:
    encoder, features = moved_encoder(), made_features()
    before = {weight.path: weight.numpy() for layer in encoder.layers for weight in layer.weights}
    fitter = Fitter(encoder, features, 0.01, steps=2)
    fitter.take_step(*features.of(np.arange(40)))
    fitter.write_back()
    after = {weight.path: weight.numpy() for layer in encoder.layers for weight in layer.weights}
    changed = {path for path, value in before.items() if not np.array_equal(value, after[path])}
    parts = ("hidden_units", "pole", "sides")
    assert changed == {f"{name}/kernel" for name in parts} | {f"{name}_normalisation/beta" for name in parts}


def test_people_lie_where_their_faces_do_on_average() -> None:
    encoder, features = moved_encoder(), made_features()
    fitter = Fitter(encoder, features, 0.01, steps=1)
    found = fitter.directions(features, size=7)
    assert found.shape == (40, 128)
    raw = head_of(encoder)(features.values[5].astype(np.float32))
    expected = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).sum(0)
    np.testing.assert_allclose(found[5], expected / np.linalg.norm(expected), atol=1e-3)


def test_a_batch_is_of_people_who_look_alike_and_of_some_others() -> None:
    rng = np.random.default_rng(3)
    families = np.repeat(rng.normal(size=(20, 128)), 8, axis=0) + rng.normal(0, 0.05, (160, 128))
    directions = (families / np.linalg.norm(families, axis=1, keepdims=True)).astype(np.float32)
    chosen = draw_people(directions, 60, np.random.default_rng(4))
    assert len(set(chosen.tolist())) == len(chosen) == 60
    sizes = np.bincount(chosen // 8, minlength=20)
    # Drawn one by one, of a family of eight there would be three.
    assert (sizes == 8).sum() >= 4
    np.testing.assert_array_equal(chosen, draw_people(directions, 60, np.random.default_rng(4)))
    assert set(draw_people(directions, 160, rng).tolist()) == set(range(160))


def test_features_are_gathered_person_by_person() -> None:
    def batch(first: int) -> Batch:
        labels = np.repeat(np.arange(3, dtype=np.int32), 2)
        tensors = np.zeros((6, 2, 2, 4), np.int8)
        tensors[:, 0, 0, 0] = 10 * (labels + first) + np.tile([0, 1], 3)
        nothing = np.zeros((6, 4), np.float32)
        return Batch(tensors, nothing, labels, labels.astype(np.int64), np.zeros(6, np.int8))

    told: list[int] = []
    found = gather(
        (batch(first) for first in (0, 3, 6, 9)), lambda tensors: 127 * tensors[:, 0, 0, :1], 5, told.append
    )
    np.testing.assert_allclose(found.values[..., 0], [[10 * n, 10 * n + 1] for n in range(6)], rtol=1e-3)
    assert told == [3, 3]
    features, labels = found.of(np.array([4, 1]))
    np.testing.assert_allclose(features[:, 0], [40, 41, 10, 11], rtol=1e-3)
    np.testing.assert_array_equal(labels, [0, 0, 1, 1])


def test_a_channel_that_its_normalisation_silenced_speaks_as_fitted() -> None:
    encoder, features = moved_encoder(), made_features()
    gamma = encoder.get_layer("sides_normalisation").gamma
    gamma.assign(gamma * (np.arange(127) != 5))
    fitter = Fitter(encoder, features, 0.05, steps=3)
    faces, labels = features.of(np.arange(40))
    for _ in range(3):
        fitter.take_step(faces, labels)
    fitter.write_back()
    after = head_of(encoder)(faces.astype(np.float32))
    np.testing.assert_allclose(fitter._outputs(faces), after, rtol=1e-3, atol=0.05)
    assert np.std(after[:, 6]) > 0.1


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
    folder = tmp_path_factory.mktemp("runs") / "first"
    path = make_run(folder, 1000, 0.5)
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
    # What trained the trunk is told first.
    assert told["loss"] == records.LOSSES["all-pairs"]
    assert told["fitted"].startswith("at last the last layers alone were fitted to 384 crops")
    assert told["settled_offset"]["pole"]
    assert record["arguments"]["siblings"] == command.FACES.siblings
    assert "1,384 crops in all" in told["data"]

    first, fitted = (
        [layer for layer in quantise.load_keras(path).layers if layer.weights]
        for path in (start, out / "encoder.keras")
    )
    named = ("hidden_units", "pole", "sides")
    for one, other in zip(first, fitted, strict=True):
        same = np.array_equal(one.get_weights()[0], other.get_weights()[0])
        assert same == (other.name not in named), other.name
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
        (("--people", "2001", "--identities", "3000"), "--people must be at most 2000, found 2001"),
        (("--people", "65"), "--people 65 are more than --identities 64"),
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
