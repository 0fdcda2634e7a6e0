"""Losses against the formulas, computed by hand in numpy."""

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter import losses  # isort: skip


def _unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    unit: npt.NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def test_contrastive_is_the_seed_works_formula() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 6, 128)).astype(np.float32)
    second[:3] = first[:3] + rng.normal(0, 0.5, (3, 128)).astype(np.float32)
    same = np.array([1, 0, 1, 1, 0, 0])
    distance = np.linalg.norm(_unit(first) - _unit(second), axis=1)
    expected = np.where(same == 1, distance**2, np.maximum(1 - distance, 0) ** 2).mean() / 2
    assert float(losses.contrastive(first, second, same)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("shift", "same", "expected"),
    [
        pytest.param(0.0, 1, 0.0, id="one-person-same-place"),
        pytest.param(0.0, 0, 0.5, id="two-people-same-place"),
        pytest.param(2.0, 0, 0.0, id="two-people-beyond-the-margin"),
        pytest.param(2.0, 1, 2.0, id="one-person-opposite"),
    ],
)
def test_contrastive_at_its_corners(shift: float, same: int, expected: float) -> None:
    one = np.zeros((1, 128), np.float32)
    one[0, 0] = 1
    other = one if shift == 0 else -one
    assert float(losses.contrastive(one, other, np.array([same]))) == pytest.approx(expected, abs=1e-4)


def test_all_pairs_is_supervised_contrastive() -> None:
    outputs = np.random.default_rng(1).normal(size=(6, 128)).astype(np.float32)
    labels = np.array([0, 0, 1, 1, 2, 2])
    unit = _unit(outputs)
    total = 0.0
    for i in range(6):
        others = [j for j in range(6) if j != i]
        exponents = {j: unit[i] @ unit[j] * 16 for j in others}
        normaliser = np.log(sum(np.exp(value) for value in exponents.values()))
        partners = [j for j in others if labels[j] == labels[i]]
        total -= np.mean([exponents[j] - normaliser for j in partners])
    assert float(losses.all_pairs(outputs, labels)) == pytest.approx(total / 6, rel=1e-4)


def test_what_was_taught_is_the_similarity_of_every_two_faces() -> None:
    rng = np.random.default_rng(5)
    outputs, taught = rng.normal(size=(4, 128)).astype(np.float32), rng.normal(size=(4, 4)).astype(np.float32)
    unit = _unit(outputs)
    errors = [(unit[i] @ unit[j] - taught[i, j]) ** 2 for i in range(4) for j in range(4) if i != j]
    assert float(losses.taught_error(outputs, taught)) == pytest.approx(np.mean(errors), rel=1e-4)


def test_a_face_errs_by_half_the_squared_distance_from_its_prototype() -> None:
    known, outputs = np.random.default_rng(6).normal(size=(2, 4, 128)).astype(np.float32)
    known = _unit(known)
    half_squares = np.square(_unit(outputs) - known).sum(1) / 2
    assert float(losses.prototype_error(outputs, known)) == pytest.approx(half_squares.mean(), rel=1e-4)
    assert float(losses.prototype_error(known, known)) == pytest.approx(0, abs=1e-5)


def test_a_face_is_told_apart_from_whom_it_could_be_taken_for() -> None:
    rng = np.random.default_rng(7)
    outputs, known = (
        rng.normal(size=(3, 128)).astype(np.float32),
        _unit(rng.normal(size=(5, 128)).astype(np.float32)),
    )
    own, others = np.array([4, 0, 2]), np.array([[1, 0, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]])
    similarity = _unit(outputs) @ known.T * 16
    shares = [
        np.exp(row[place]) / np.exp(row[there == 1]).sum()
        for row, place, there in zip(similarity, own, others, strict=True)
    ]
    loss = losses.told_apart(outputs, known.astype(np.float32), own, others.astype(np.float32))
    assert float(loss) == pytest.approx(-np.log(shares).mean(), rel=1e-4)
    assert shares[2] == pytest.approx(1)  # Nobody else could it be.


def test_a_margin_makes_ones_own_people_less_similar() -> None:
    outputs = np.random.default_rng(4).normal(size=(4, 128)).astype(np.float32)
    labels = np.array([0, 0, 1, 1])
    unit = _unit(outputs)
    total = 0.0
    for i in range(4):
        others = [j for j in range(4) if j != i]
        exponents = {j: (unit[i] @ unit[j] - 0.3 * (labels[i] == labels[j])) * 16 for j in others}
        partner = next(j for j in others if labels[j] == labels[i])
        total -= exponents[partner] - np.log(sum(np.exp(value) for value in exponents.values()))
    assert float(losses.all_pairs(outputs, labels, margin=0.3)) == pytest.approx(total / 4, rel=1e-4)
    assert float(losses.all_pairs(outputs, labels, margin=0.3)) > float(losses.all_pairs(outputs, labels))


def test_all_pairs_prefers_separated_people() -> None:
    rng = np.random.default_rng(2)
    labels = np.repeat(np.arange(4), 3)
    apart = rng.normal(size=(4, 128))[labels] + rng.normal(0, 0.1, (12, 128))
    mixed = rng.normal(size=(12, 128))
    good, bad = (float(losses.all_pairs(rows.astype(np.float32), labels)) for rows in (apart, mixed))
    assert good < 1.0 < bad


def test_coefficients_count_by_their_importance() -> None:
    guess, known = np.zeros((2, 2), np.float32), np.array([[1, 2], [1, 2]], np.float32)
    importance = np.array([2, 0.5], np.float32)
    assert float(losses.coefficient_error(guess, known, importance)) == pytest.approx((2 * 1 + 0.5 * 4) / 2)


def test_pairs_are_told_from_strangers_and_do_not_compete_with_each_other() -> None:
    """Two people of two faces each, of the second one far from the other: by hand."""
    outputs = np.array([[1, 0], [1, 0], [0, 1], [-1, 0]], np.float32)
    labels = np.array([0, 0, 1, 1], np.int32)
    cosine = outputs @ outputs.T / 0.5
    strangers = np.log(np.exp(cosine)[:2, 2:].sum(1)), np.log(np.exp(cosine)[2:, :2].sum(1))
    expected = np.mean(
        [
            *np.log1p(np.exp(strangers[0] - cosine[0, 1])),
            *np.log1p(np.exp(strangers[1] - cosine[2, 3])),
        ]
    )
    assert float(losses.pairs_apart(outputs, labels, 0.5)) == pytest.approx(expected, rel=1e-5)
    # A third face beside the first two adds pairs that are near, and takes nothing from the others.
    more = np.concatenate([outputs, outputs[:1]]), np.array([0, 0, 1, 1, 0], np.int32)
    assert float(losses.pairs_apart(*more, 0.5)) < expected
