"""Strangers from earlier batches."""

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter import losses
from facelatch_converter.recall import Recall


def unit(seed: int, count: int) -> npt.NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, 128))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def people(*numbers: int) -> npt.NDArray[np.int64]:
    return np.array(numbers, np.int64)


def test_nothing_is_recalled_at_first() -> None:
    assert (Recall(64).strangers(unit(1, 3), people(1, 2, 3)).numpy() == -1).all()


def test_all_strangers_are_recalled_and_nobody_meets_himself() -> None:
    recall, earlier = Recall(200), unit(1, 100)
    recall.remember(3 * earlier, people(*range(100)))
    found = recall.strangers(5 * earlier[:2], people(0, 1000)).numpy()
    cosine = earlier[:2] @ earlier.T
    cosine[0, 0] = -1
    np.testing.assert_allclose(found[:, :100], cosine, atol=1e-5)
    assert found[1, 1] == pytest.approx(1, abs=1e-5)
    assert (found[:, 100:] == -1).all()


def test_the_oldest_are_forgotten() -> None:
    recall, batches = Recall(64), [unit(seed, 48) for seed in range(3)]
    for number, batch in enumerate(batches):
        recall.remember(batch, people(*range(100 * number, 100 * number + 48)))
    probes = people(*[9999] * 48)
    assert recall.strangers(batches[2], probes).numpy().max(1) == pytest.approx(1, abs=1e-5)
    known = recall.strangers(batches[1], probes).numpy().max(1) > 0.99
    assert known.tolist() == [False] * 32 + [True] * 16
    assert (recall.strangers(batches[0], probes).numpy().max(1) < 0.9).all()


def test_the_loss_is_larger_by_strangers_that_are_near() -> None:
    outputs, labels = unit(1, 4), np.array([0, 0, 1, 1], np.int32)
    alone = float(losses.all_pairs(outputs, labels))
    cosine = outputs @ outputs.T * 16
    np.fill_diagonal(cosine, -np.inf)
    strangers = np.full((4, 2), 0.9, np.float32)
    share = cosine - np.log(np.exp(cosine).sum(1) + 2 * np.exp(0.9 * 16))[:, None]
    expected = -np.mean([share[0, 1], share[1, 0], share[2, 3], share[3, 2]])
    assert float(losses.all_pairs(outputs, labels, strangers=strangers)) == pytest.approx(expected, rel=1e-4)
    assert expected > alone + 1
    far = np.full((4, 2), -1, np.float32)
    assert float(losses.all_pairs(outputs, labels, strangers=far)) == pytest.approx(alone, abs=1e-4)
