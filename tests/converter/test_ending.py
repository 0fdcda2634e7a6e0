"""How encoders end: the doubled angle, and what settling takes out."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter import quantise
from facelatch_converter.architecture import EMBEDDING_SIZE, build_encoder
from facelatch_converter.ending import PlainEnding, PoleEnding, doubled, find_ending, outputs
from facelatch_converter.errors import ConversionError
from facelatch_converter.offset import WANTED_IMPOSTOR_DISTANCE

Real = npt.NDArray[np.float32]

LABELS = np.repeat(np.arange(20, dtype=np.int32), 4)


@pytest.fixture(scope="module")
def encoder() -> Any:
    """The default variant with random weights."""
    return build_encoder()


@pytest.fixture(scope="module")
def faces() -> Real:
    """Four tensors, (4, 112, 112, 4)."""
    return np.random.default_rng(0).uniform(-1, 1, (4, 112, 112, 4)).astype(np.float32)


def raw_outputs(height: float) -> Real:
    """Outputs before the angle is doubled, of twenty people with four faces each."""
    rng = np.random.default_rng(1)
    sides = rng.normal(size=(20, EMBEDDING_SIZE - 1))[LABELS] + rng.normal(0, 0.3, (80, EMBEDDING_SIZE - 1))
    found: Real = np.concatenate([np.full((80, 1), height), sides], 1).astype(np.float32)
    return found


def mean_distance(embeddings: Real) -> float:
    apart = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
    return float(apart[LABELS[:, None] != LABELS[None]].mean())


def test_the_angle_from_the_pole_is_doubled_and_the_direction_kept() -> None:
    height, length = 2.0, 1.0
    towards = np.zeros(EMBEDDING_SIZE - 1)
    towards[3] = 1
    found = doubled(np.array([[height, *(length * towards)]], np.float32))[0]
    unit = found / np.linalg.norm(found)
    angle = 2 * np.arctan2(length, height)
    np.testing.assert_allclose(unit, [np.cos(angle), *(np.sin(angle) * towards)], atol=1e-6)


def test_a_network_ends_as_its_ending_says(encoder: Any, faces: Real) -> None:
    ending = find_ending(encoder)
    assert isinstance(ending, PoleEnding)
    raw = outputs(ending.probe(encoder), faces, size=3)
    assert raw.shape == (4, EMBEDDING_SIZE)
    np.testing.assert_allclose(encoder(faces, training=False), doubled(raw), rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(ending.embed(raw), axis=1), 1, rtol=1e-6)


def test_a_network_that_was_loaded_first_can_be_probed(tmp_path: Path, faces: Real) -> None:
    """In a fresh process its layers have the very names that Keras gives next."""
    import keras

    keras.utils.clear_session()
    build_encoder().save(tmp_path / "encoder.keras")
    keras.utils.clear_session()
    loaded = quantise.load_keras(tmp_path / "encoder.keras")
    assert outputs(find_ending(loaded).probe(loaded), faces).shape == (4, EMBEDDING_SIZE)


def test_what_is_subtracted_is_gone_from_pole_and_sides(faces: Real) -> None:
    encoder = build_encoder()
    ending = find_ending(encoder)
    before = outputs(ending.probe(encoder), faces)
    offset = np.linspace(1.5, -0.5, EMBEDDING_SIZE, dtype=np.float32)
    ending.subtract(encoder, offset)
    np.testing.assert_allclose(outputs(ending.probe(encoder), faces), before - offset, atol=1e-5)


@pytest.mark.parametrize("height", [15.0, 60.0])
def test_people_are_brought_as_far_apart_as_wanted_from_nearer_and_from_farther(height: float) -> None:
    ending, raw = PoleEnding(), raw_outputs(height)
    assert abs(mean_distance(ending.embed(raw)) - WANTED_IMPOSTOR_DISTANCE) > 0.1
    offset = ending.excess(raw, LABELS)
    assert not offset[1:].any()
    assert mean_distance(ending.embed(raw - offset)) == pytest.approx(WANTED_IMPOSTOR_DISTANCE, abs=0.005)


def test_a_share_of_the_height_is_told_with_its_sign() -> None:
    ending, raw = PoleEnding(), raw_outputs(20.0)
    offset = np.zeros(EMBEDDING_SIZE, np.float32)
    for height, share in ((5.0, 0.25), (-10.0, -0.5)):
        offset[0] = height
        assert ending.share(offset, raw) == share


def test_people_who_can_be_no_farther_apart_are_as_far_as_they_can() -> None:
    """All have so much in common beside the pole that lowering it does not help."""
    raw = raw_outputs(20.0)
    raw[:, 1:] += 3
    lowered = raw - PoleEnding().excess(raw, LABELS)
    assert mean_distance(PoleEnding().embed(lowered)) < WANTED_IMPOSTOR_DISTANCE - 0.1
    assert lowered[:, 0].mean() == pytest.approx(np.linalg.norm(raw[:, 1:], axis=1).mean(), rel=1e-4)


def test_what_is_unsure_is_short_and_stays_near_the_pole() -> None:
    """The same direction at half the length: without a pole both would be one."""
    raw = raw_outputs(20.0)[:1]
    short = raw.copy()
    short[:, 1:] /= 2
    away = [float(1 - PoleEnding().embed(one)[0, 0]) for one in (short, raw)]
    assert away[0] < 0.35 * away[1]


def test_an_encoder_without_a_pole_is_cut_to_unit_length(faces: Real) -> None:
    from keras import Sequential, layers

    plain = Sequential([layers.Input((8, 8, 4)), layers.Flatten(), layers.Dense(EMBEDDING_SIZE)])
    ending = find_ending(plain)
    assert isinstance(ending, PlainEnding)
    small = faces[:, :8, :8]
    before = outputs(ending.probe(plain), small)
    ending.subtract(plain, np.full(EMBEDDING_SIZE, 0.25, np.float32))
    np.testing.assert_allclose(plain(small), before - 0.25, atol=1e-6)
    np.testing.assert_allclose(
        ending.embed(before), before / np.linalg.norm(before, axis=1)[:, None], rtol=1e-6
    )


def test_an_encoder_that_cannot_be_settled_is_refused() -> None:
    from keras import Sequential, layers

    with pytest.raises(ConversionError, match="ends with ReLU without a bias"):
        find_ending(Sequential([layers.Input((8, 8, 4)), layers.Flatten(), layers.ReLU()]))
