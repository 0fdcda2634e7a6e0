"""Rates of protocols: none that the comparisons cannot show."""

import json

import numpy as np
import pytest

from facelatch_converter.errors import ClaimError
from facelatch_converter.protocols.numbers import EXPECTED_ERRORS, granted, rates, threshold_shown
from facelatch_converter.protocols.people_comparisons import by_people, is_own
from tests.converter.scripted import scripted_comparisons

MEASURED = scripted_comparisons(np.random.default_rng(4), callers=20, attempts=10, people=501)


def test_a_rate_is_claimed_only_where_ten_errors_would_be_expected() -> None:
    assert EXPECTED_ERRORS == 10
    threshold = threshold_shown(MEASURED, 1e-4)
    assert MEASURED.fmr_at(threshold).errors <= 10
    with pytest.raises(
        ClaimError, match=r"100,000 impostor comparisons cannot show a rate of 1e-06; .* 10,000,000"
    ):
        threshold_shown(MEASURED, 1e-6)


def test_rates_carry_their_names_counts_and_bounds() -> None:
    numbers = rates(MEASURED, 0.8, ("far", "frr"))
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    assert (numbers["genuine"], numbers["impostor"]) == (200, 100_000)
    assert numbers["far"]["trials"] == 100_000
    # What nobody failed in is worth nobody knows how much.
    assert numbers["frr"] == {"value": 0.0, "errors": 0, "trials": 200, "low": 0.0, "high": 3 / 200}
    at = {point["at"]: point for point in numbers["frr_at_far"]}
    assert list(at) == [1e-3, 1e-4, 1e-6]
    assert at[1e-3]["threshold"] >= at[1e-4]["threshold"]
    assert "frr" not in at[1e-6]
    assert "cannot show" in at[1e-6]["not_shown"]


def test_other_thresholds_have_the_same_errors_as_if_they_were_the_cards() -> None:
    numbers = rates(MEASURED, 0.8, ("far", "frr"), (0.5, 0.9))
    assert [point["threshold"] for point in numbers["also_at"]] == [0.5, 0.9]
    for point in numbers["also_at"]:
        alone = rates(MEASURED, point["threshold"], ("far", "frr"))
        assert (point["far"], point["frr"]) == (alone["far"], alone["frr"])
    strict, loose = numbers["also_at"]
    assert strict["far"]["errors"] < numbers["far"]["errors"] < loose["far"]["errors"]
    assert strict["frr"]["errors"] > numbers["frr"]["errors"]


def test_a_rate_is_worth_as_many_trials_as_its_people_show() -> None:
    """Two callers look like everybody, the others like nobody: two of twenty, not a tenth of 100,000."""
    scores = np.ones((20, 10, 501, 1), np.float32)
    scores[is_own(scores)] = 0.1
    scores[:2] = 0.2
    numbers = rates(by_people(scores), 0.5, ("far", "frr"))
    assert numbers["far"]["trials"] == 100_000
    assert 10 < numbers["far"]["worth"] < 25
    assert "worth" not in numbers["frr"]


def test_without_a_threshold_nothing_is_said_of_one() -> None:
    numbers = rates(MEASURED, None, ("fmr", "fnmr"))
    assert not {"threshold", "fmr", "fnmr"} & numbers.keys()
    assert "eer" in numbers


def test_what_was_not_refused_was_granted() -> None:
    refused = {"value": 0.75, "errors": 3, "trials": 4, "low": 0.3, "high": 0.95}
    found = granted({"frr": refused})
    assert (found["errors"], found["trials"], found["value"]) == (1, 4, 0.25)
