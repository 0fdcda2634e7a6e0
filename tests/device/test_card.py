import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch import preprocess
from facelatch.card import CARD_FILE, ENCODER_FILE, OperatingPoint, load_bundle, parse, to_json
from facelatch.errors import ModelError
from tests.factories import make_card

ENCODER = b"an encoder"


def write_bundle(folder: Path, encoder: bytes = ENCODER) -> Path:
    folder.mkdir(parents=True)
    (folder / ENCODER_FILE).write_bytes(encoder)
    (folder / CARD_FILE).write_text(to_json(make_card(hashlib.sha256(encoder).hexdigest())))
    return folder


def test_a_bundle_comes_back(tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path / "b"))
    assert bundle.encoder == ENCODER
    assert bundle.card == make_card(hashlib.sha256(ENCODER).hexdigest())


@given(
    threshold=st.floats(0.01, 0.8),
    fnmr=st.floats(0, 1),
    training=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text(), max_size=3),
    licence=st.text("abc éü", max_size=20),
)
def test_round_trip(threshold: float, fnmr: float, training: dict[str, object], licence: str) -> None:
    card = replace(
        make_card(threshold=threshold),
        operating_points=(OperatingPoint(1e-3, 0.8, fnmr, 1000),),
        training=training,
        licence=licence,
    )
    assert parse(to_json(card), "card.json") == card


def test_a_card_cannot_hold_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json(replace(make_card(), accuracy={"eer": float("nan")}))


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda c: c.pop("licence"), "key licence is missing", id="missing"),
        pytest.param(lambda c: c.update(extra=1), "unknown key extra", id="unknown"),
        pytest.param(lambda c: c["crop"].update(extra=1), r"unknown key crop\.extra", id="unknown-inside"),
        pytest.param(lambda c: c.update(format=2), "card format 2, this release reads 1", id="newer"),
        pytest.param(lambda c: c.update(format=0), "card format 0, this release reads 1", id="older"),
        pytest.param(lambda c: c.update(threshold="0.5"), "threshold must be a number", id="text"),
        pytest.param(lambda c: c.update(threshold=0), "looser than", id="zero-threshold"),
        pytest.param(lambda c: c.update(threshold=0.95), "looser than every measured", id="loose"),
        pytest.param(
            lambda c: c.update(channels=["red"]), "this release runs encoders of red, green", id="channels"
        ),
        pytest.param(lambda c: c.update(embedding_size=64), "with 128 numbers", id="embedding"),
        pytest.param(lambda c: c.update(encoder_sha256="x"), "64 lower-case hexadecimal", id="sha256"),
        pytest.param(lambda c: c.update(name="../evil"), "name must be", id="name"),
        pytest.param(lambda c: c.update(operating_points=[]), "at least one", id="no-points"),
        pytest.param(lambda c: c["operating_points"][0].update(threshold=0.1), "lower FMR", id="order"),
        pytest.param(
            lambda c: c["operating_points"][1].update(comparisons=10), "cannot show an FMR", id="claim"
        ),
        pytest.param(lambda c: c["operating_points"][1].update(fmr=0), "needs rates", id="zero-fmr"),
        pytest.param(lambda c: c["crop"].update(size_px=8), "size_px must be 16 to 512", id="crop"),
        pytest.param(lambda c: c.update(training=[]), "training must be an object", id="training"),
    ],
)
def test_refuses_cards(change: Change, message: str) -> None:
    document = json.loads(to_json(make_card()))
    change(document)
    with pytest.raises(ModelError, match=message) as caught:
        parse(json.dumps(document), "b/card.json")
    assert str(caught.value).startswith("b/card.json: ")


@given(st.data())
def test_a_cut_or_changed_card_is_read_or_refused(data: st.DataObject) -> None:
    text = to_json(make_card())
    cut = data.draw(st.integers(0, len(text) - 2))
    replacement = data.draw(st.sampled_from(["", "0", "null", "NaN", '"', "-1", "1e9"]))
    end = data.draw(st.integers(cut, len(text)))
    with suppress(ModelError):
        parse(text[:cut] + replacement + text[end:], "card.json")


def test_refuses_another_encoder(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    (folder / ENCODER_FILE).write_bytes(ENCODER[:-1])
    with pytest.raises(ModelError, match=r"encoder\.tflite is not the one card\.json names"):
        load_bundle(folder)


def test_refuses_other_preprocessing(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    card = replace(make_card(hashlib.sha256(ENCODER).hexdigest()), preprocess_version=preprocess.VERSION + 1)
    (folder / CARD_FILE).write_text(to_json(card))
    with pytest.raises(
        ModelError, match=r"needs preprocessing 2, this release has 1; convert the model again"
    ):
        load_bundle(folder)


@pytest.mark.parametrize("missing", [CARD_FILE, ENCODER_FILE])
def test_refuses_an_incomplete_bundle(tmp_path: Path, missing: str) -> None:
    folder = write_bundle(tmp_path / "b")
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=rf"{missing}: cannot be read \(No such file or directory\)"):
        load_bundle(folder)


def test_refuses_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("")
    with pytest.raises(ModelError, match=r"cannot be read \(Not a directory\); a model bundle is a folder"):
        load_bundle(tmp_path / "b")


def test_refuses_a_card_that_is_not_text(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    (folder / CARD_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="is not text"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("points", "limit"),
    [
        pytest.param(((0.01, 0.9), (0.001, 0.8)), 0.9, id="one-in-a-hundred"),
        pytest.param(((0.3, 1.3), (0.01, 0.9), (0.001, 0.8)), 0.9, id="looser-ones-do-not-count"),
        pytest.param(((0.3, 1.3), (0.1, 1.1)), 1.1, id="looser-ones-alone"),
        pytest.param(((1e-4, 0.7),), 0.7, id="stricter-ones-alone"),
    ],
)
def test_the_enrolment_limit_is_what_one_stranger_in_a_hundred_is_within(
    points: tuple[tuple[float, float], ...], limit: float
) -> None:
    measured = tuple(OperatingPoint(fmr, threshold, 0.05, 50_000) for fmr, threshold in points)
    assert replace(make_card(threshold=0.7), operating_points=measured).enrolment_limit == limit


@pytest.mark.parametrize(("threshold", "fmr"), [(0.7, 0.001), (0.8, 0.001), (0.85, 0.01)])
def test_a_card_claims_the_strictest_point_that_its_threshold_keeps_to(threshold: float, fmr: float) -> None:
    points = tuple(OperatingPoint(rate, at, 0.05, 50_000) for rate, at in ((0.01, 0.9), (0.001, 0.8)))
    assert replace(make_card(threshold=0.7), operating_points=points, threshold=threshold).claim.fmr == fmr
