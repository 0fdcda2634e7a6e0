"""Bounds of people: comparisons that share somebody count for less than as many that do not."""

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.protocols.people_comparisons import (
    FARTHEST,
    by_people,
    design_effect,
    is_own,
)
from tests.converter.scripted import scripted_comparisons

CALLERS, ATTEMPTS, PEOPLE = 30, 7, 120


def test_the_rates_are_those_of_the_pooled_comparisons() -> None:
    measured = scripted_comparisons(np.random.default_rng(1), CALLERS, ATTEMPTS, PEOPLE, apart=0.8)
    seen = float(measured.impostor[100])
    for threshold in (0.3, 0.45, seen, float(np.nextafter(seen, 0)), 0.7):
        for (errors, trials), found, pooled in (
            (
                measured.false_matches(threshold),
                measured.fmr_by_people(threshold),
                measured.fmr_at(threshold),
            ),
            (
                measured.false_non_matches(threshold),
                measured.fnmr_by_people(threshold),
                measured.fnmr_at(threshold),
            ),
        ):
            assert (errors.sum(), trials.sum()) == (pooled.errors, pooled.trials)
            assert (found.errors, found.trials) == (pooled.errors, pooled.trials)
            assert found.bounds[0] <= found.value <= found.bounds[1]
    assert (
        measured.false_matches(seen)[0].sum()
        == measured.false_matches(float(np.nextafter(seen, 0)))[0].sum() + 1
    )


def estimated(errors: npt.NDArray[np.float64], trials: npt.NDArray[np.float64]) -> float:
    """The design effect where there is one."""
    found = design_effect(errors, trials)
    assert found is not None
    return found


def test_of_a_single_caller_and_without_errors_nothing_is_known() -> None:
    rng = np.random.default_rng(8)
    trials = np.full((2, 2), 7.0)
    assert design_effect(np.zeros((2, 2)), trials) is None
    assert design_effect(trials, trials) is None
    assert design_effect(np.array([[3.0]]), np.array([[7.0]])) is None
    assert design_effect(rng.binomial(7, 0.3, (1, 40)).astype(float), np.full((1, 40), 7.0)) is None
    for callers in (10, 30, 60):
        assert design_effect(np.diag(np.full(callers, 7.0)), np.diag(np.full(callers, 25.0))) is None


def test_errors_of_which_nothing_is_known_are_worth_a_trial_for_each_caller() -> None:
    one = by_people(np.array([0.1, 0.9, 0.9], np.float32).reshape(1, 3, 1, 1)).fnmr_by_people(0.5)
    assert (one.errors, one.trials, one.worth) == (2, 3, 1)
    low, high = one.bounds
    assert low < 0.2
    assert high > 0.9


def test_independent_errors_are_worth_about_what_they_count() -> None:
    rng = np.random.default_rng(2)
    trials = np.full((200, 300), 7.0)
    effect = estimated(rng.binomial(7, 0.02, trials.shape).astype(float), trials)
    assert 1 <= effect < 1.3


@pytest.mark.parametrize("axis", [0, 1])
def test_errors_that_one_person_makes_each_time_count_once(axis: int) -> None:
    """Ten of a hundred people fail always: as a hundred trials show it, not as the hundred thousand counted."""
    failing = np.arange(100) < 10
    errors = np.broadcast_to(failing[:, None] if axis == 0 else failing, (100, 100)) * 10.0
    trials = np.full(errors.shape, 10.0)
    assert trials.sum() / estimated(errors, trials) == pytest.approx(100, rel=0.03)


def test_a_caller_who_is_enrolled_too_counts_as_one() -> None:
    """Some look like everybody, at the door as in a template: the rate scatters as much as its worth says."""
    rng = np.random.default_rng(6)
    strangers = ~np.eye(40, dtype=bool)
    trials = 7.0 * strangers
    shares, claimed = [], []
    for _ in range(1000):
        common = rng.beta(2, 18, 40)  # One in ten matches.
        errors = rng.binomial(7, (common[:, None] + common) / 2) * strangers.astype(float)
        shares.append(errors.sum() / trials.sum())
        claimed.append(0.1 * 0.9 * estimated(errors, trials) / trials.sum())
    assert np.mean(claimed) == pytest.approx(np.var(shares), rel=0.2)


def test_the_bounds_hold_where_people_differ() -> None:
    """Callers with a rate of their own, drawn anew a hundred times: the true share is outside only now and then."""
    rng = np.random.default_rng(3)
    missed = {"people": 0, "pooled": 0}
    for _ in range(100):
        scores = np.ones((CALLERS, ATTEMPTS, PEOPLE, 1), np.float32)
        share = rng.beta(0.5, 4.5, CALLERS)  # Of their own attempts, one in ten fails.
        scores[is_own(scores)] = np.where(rng.random((CALLERS, ATTEMPTS)) < share[:, None], 0.9, 0.1).reshape(
            -1, 1
        )
        measured = by_people(scores)
        for name, rate in (("people", measured.fnmr_by_people(0.5)), ("pooled", measured.fnmr_at(0.5))):
            low, high = rate.bounds
            missed[name] += not low <= 0.1 <= high
    assert missed["people"] <= 12
    assert missed["pooled"] > 12


def test_strangers_are_bounded_by_callers_and_by_whom_they_meet() -> None:
    """All false matches are of one enrolled person, whom half of the callers resemble."""
    scores = np.ones((CALLERS, ATTEMPTS, PEOPLE, 1), np.float32)
    scores[is_own(scores)] = 0.1
    scores[::2, :, PEOPLE - 1] = 0.2
    measured = by_people(scores)
    found, pooled = measured.fmr_by_people(0.5), measured.fmr_at(0.5)
    assert found.errors == pooled.errors == CALLERS // 2 * ATTEMPTS
    assert found.worth is not None
    assert found.worth < pooled.trials / 50
    assert found.bounds[0] < pooled.bounds[0] < pooled.bounds[1] < found.bounds[1]


def test_twins_are_each_of_one_person() -> None:
    rng = np.random.default_rng(4)
    owners, twins = (np.full((CALLERS, ATTEMPTS, PEOPLE, 2), far, np.float32) for far in (1.0, 0.3))
    owners[is_own(owners)] = 0.1
    twins[rng.random(CALLERS) < 0.5] = 0.9
    measured = by_people(owners, twins)
    found = measured.fmr_by_people(0.5)
    assert found.errors == measured.fmr_at(0.5).errors
    assert found.worth == pytest.approx(CALLERS, rel=0.1)


def test_without_an_error_all_comparisons_count() -> None:
    measured = scripted_comparisons(np.random.default_rng(5), CALLERS, ATTEMPTS, PEOPLE)
    none = measured.fnmr_by_people(float(FARTHEST))
    assert none.bounds == (0.0, 3 / (CALLERS * ATTEMPTS))
