import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facelatch_converter import metrics
from facelatch_converter.errors import ClaimError

DISTANCES = arrays(np.float32, st.integers(1, 60), elements=st.floats(0, 2, width=32))


def test_rates_count_a_distance_at_the_threshold_as_a_match() -> None:
    measured = metrics.comparisons(np.array([0.5, 0.2, 0.9]), np.array([1.2, 0.5, 1.4, 1.6]))
    assert measured.fnmr_at(0.5) == metrics.Rate(1, 3)
    assert measured.fmr_at(0.5) == metrics.Rate(1, 4)
    assert measured.fmr_at(0.4999) == metrics.Rate(0, 4)


def test_single_precision_distances_are_compared_in_double_precision() -> None:
    stored = np.array([0.3], np.float32)  # 0.300000012
    assert metrics.comparisons(stored, stored).fmr_at(0.3).errors == 0


@pytest.mark.parametrize(
    ("genuine", "impostor", "rate"),
    [
        pytest.param([0.1, 0.2], [0.9, 1.0], 0.0, id="separated"),
        pytest.param([0.1, 0.2, 0.3, 0.8], [0.4, 0.9, 1.0, 1.1], 0.25, id="one-of-four-each"),
        pytest.param([1.0, 1.1], [0.1, 0.2], 1.0, id="the-wrong-way-round"),
        pytest.param([0.5] * 4, [0.5] * 4, 0.5, id="all-equal"),
        pytest.param([0.2, 0.6], [0.5, 0.7, 0.8, 0.9], 0.25, id="between-two-steps"),
    ],
)
def test_equal_error_rate(genuine: list[float], impostor: list[float], rate: float) -> None:
    measured = metrics.comparisons(np.array(genuine), np.array(impostor))
    assert metrics.eer(measured).rate == pytest.approx(rate)


def test_equal_error_rate_of_two_normal_distributions() -> None:
    rng = np.random.default_rng(7)
    measured = metrics.comparisons(rng.normal(0.5, 0.1, 40_000), rng.normal(0.9, 0.1, 400_000))
    found = metrics.eer(measured)
    assert found.rate == pytest.approx(0.02275, abs=0.002)  # both tails two deviations from the middle
    assert found.threshold == pytest.approx(0.7, abs=0.01)


@given(DISTANCES, DISTANCES)
def test_equal_error_rate_lies_between_the_two_rates_at_its_threshold(
    genuine: metrics.Distances, impostor: metrics.Distances
) -> None:
    measured = metrics.comparisons(genuine, impostor)
    found = metrics.eer(measured)
    at, below = found.threshold, float(np.nextafter(found.threshold, -np.inf))
    rounding = 1e-12
    assert measured.fnmr_at(at).value - rounding <= found.rate <= measured.fmr_at(at).value + rounding
    assert measured.fmr_at(below).value - rounding <= found.rate <= measured.fnmr_at(below).value + rounding


@given(DISTANCES, st.floats(0.02, 0.9))
def test_a_fitted_threshold_never_shows_more_false_matches_than_asked(
    impostor: metrics.Distances, target: float
) -> None:
    if int(impostor.size * target + 1e-9) == 0:
        with pytest.raises(ClaimError, match="cannot show an FMR"):
            metrics.threshold_at_fmr(impostor, target)
        return
    measured = metrics.comparisons(impostor, impostor)
    threshold = metrics.threshold_at_fmr(impostor, target)
    assert measured.fmr_at(threshold).value <= target + 1e-9
    looser = float(np.nextafter(threshold, np.inf))
    assert measured.fmr_at(looser).errors > int(impostor.size * target + 1e-9) or looser < impostor.min()


def test_a_fitted_threshold_refuses_to_claim_more_than_was_measured() -> None:
    impostor = np.linspace(0.5, 1.5, 999)
    with pytest.raises(ClaimError, match=r"999 impostor comparisons cannot show an FMR of 0\.001; .* 1000"):
        metrics.threshold_at_fmr(impostor, 1e-3)
    assert metrics.threshold_at_fmr(np.append(impostor, 1.6), 1e-3) == pytest.approx(impostor[1])


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, float("nan")])
def test_an_fmr_is_a_share(target: float) -> None:
    with pytest.raises(ClaimError, match="between 0 and 1"):
        metrics.threshold_at_fmr(np.ones(10), target)


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [
        pytest.param(0, 300, 0.0, 0.01, id="rule-of-three"),
        pytest.param(0, 2, 0.0, 1.0, id="almost-nothing-known"),
        pytest.param(300, 300, 0.99, 1.0, id="every-trial-failed"),
        pytest.param(10, 100, 0.0552, 0.1744, id="wilson"),  # as in Newcombe, Stat. Med. 17 (1998) 857
    ],
)
def test_bounds(errors: int, trials: int, low: float, high: float) -> None:
    assert metrics.Rate(errors, trials).bounds == pytest.approx((low, high), abs=2e-4)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_bounds_hold_the_measured_share(trials: int, share: float) -> None:
    rate = metrics.Rate(round(share * trials), trials)
    low, high = rate.bounds
    assert 0 <= low <= rate.value <= high <= 1


@pytest.mark.parametrize(("errors", "trials"), [(0, 0), (2, 1), (-1, 5)])
def test_a_share_of_nothing_is_refused(errors: int, trials: int) -> None:
    with pytest.raises(ClaimError):
        metrics.Rate(errors, trials)


def test_distances_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ClaimError, match="1 of 2 genuine distances"):
        metrics.comparisons(np.array([0.1, np.nan]), np.array([1.0]))


def test_an_equal_error_rate_needs_both_kinds() -> None:
    with pytest.raises(ClaimError, match="found 1 and 0"):
        metrics.eer(metrics.comparisons(np.array([0.1]), np.array([])))


def test_attack_rates() -> None:
    assert metrics.apcer([True, False, False, False]) == metrics.Rate(1, 4)
    assert metrics.bpcer([True, False, False, False]) == metrics.Rate(3, 4)
    with pytest.raises(ClaimError):
        metrics.apcer([])


@given(DISTANCES, DISTANCES)
def test_det_curve_falls_and_agrees_with_the_rates(
    genuine: metrics.Distances, impostor: metrics.Distances
) -> None:
    measured = metrics.comparisons(genuine, impostor)
    curve = metrics.det_curve(measured)
    assert (np.diff(curve.fmr) >= 0).all()
    assert (np.diff(curve.fnmr) <= 0).all()
    middle = len(curve.thresholds) // 2
    assert curve.fmr[middle] == measured.fmr_at(float(curve.thresholds[middle])).value
    assert curve.fnmr[middle] == pytest.approx(measured.fnmr_at(float(curve.thresholds[middle])).value)


def test_det_curve_of_many_comparisons_stays_small_and_keeps_its_ends() -> None:
    rng = np.random.default_rng(3)
    measured = metrics.comparisons(rng.normal(0.5, 0.1, 10_000), rng.normal(1.1, 0.1, 300_000))
    curve = metrics.det_curve(measured)
    assert len(curve.thresholds) < 4_000
    assert (curve.fmr == 1 / 300_000).any()
    assert np.isclose(curve.fnmr, 1 / 10_000).any()


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 12))
def test_every_pair_is_compared_once_and_as_on_the_board(count: int, rows: int) -> None:
    embeddings = np.random.default_rng(count).normal(size=(count, 8)).astype(np.float32)
    blocks = list(metrics.pair_blocks(embeddings, rows))
    pairs = [(int(a), int(b)) for block in blocks for a, b in zip(block.first, block.second, strict=True)]
    assert sorted(pairs) == [(a, b) for a in range(count) for b in range(a + 1, count)]
    for block in blocks:
        direct = np.linalg.norm(embeddings[block.first] - embeddings[block.second], axis=1)
        assert block.distance == pytest.approx(direct, abs=1e-5)


def test_pairs_are_told_apart_by_person() -> None:
    embeddings = np.eye(4, dtype=np.float32)
    embeddings[1] = embeddings[0]
    genuine, impostor = metrics.pair_distances(embeddings, np.array([7, 7, 7, 3]))
    assert sorted(genuine) == pytest.approx([0, 2**0.5, 2**0.5])
    assert impostor == pytest.approx([2**0.5] * 3)


def test_millions_of_comparisons_are_counted_quickly() -> None:
    rng = np.random.default_rng(5)
    impostor = rng.normal(1.1, 0.1, 5_000_000).astype(np.float32)
    measured = metrics.comparisons(np.array([0.3, 0.4], np.float32), impostor)
    threshold = metrics.threshold_at_fmr(measured.impostor, 1e-6)
    assert measured.fmr_at(threshold).errors <= 5
    assert metrics.eer(measured).rate == 0
