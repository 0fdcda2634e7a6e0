import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.calibration.distances import (
    LEAST,
    MARGIN,
    Advice,
    Reason,
    Series,
    advise,
    compare,
    compare_templates,
    pairs,
    shift,
    upper_bound,
)
from facelatch.card import OperatingPoint
from facelatch.matching import distance, fuse, template_distance
from facelatch.session import SessionRule
from tests.factories import make_embedding, make_near, make_template

POINTS = (OperatingPoint(0.01, 0.9, 0.02, 5000), OperatingPoint(0.001, 0.8, 0.05, 5000))


def series(attempts: list[float], singles: list[float] | None = None, who: str = "bob") -> Series:
    return Series(who, "ada", np.array(attempts if singles is None else singles), np.array(attempts))


def test_attempts_are_fused_as_a_session_fuses_them_and_singles_are_not() -> None:
    template = make_template("ada", count=3, seed=1)
    samples = [make_near(make_embedding(1), 0.3, place) for place in range(7)]
    found = compare("ada", samples, [0.9] * 7, template, SessionRule(3))
    assert found.is_genuine
    expected = [template_distance(fuse(samples[start : start + 3]), template) for start in (0, 3)]
    np.testing.assert_allclose(found.attempts, expected)
    assert found.singles.size == 7 * 3
    nearest = min(distance(samples[0], stored) for stored in template.embeddings)
    np.testing.assert_allclose(found.singles[:3].min(), nearest, atol=1e-6)


def test_too_few_samples_make_no_attempt() -> None:
    found = compare("bob", [make_embedding(2)], [0.9], make_template("ada"), SessionRule(3))
    assert (found.attempts.size, found.singles.size, found.is_genuine) == (0, 3, False)
    assert compare("bob", [], [], make_template("ada"), SessionRule(3)).singles.size == 0


def test_samples_that_cancel_out_are_nobodys_distance() -> None:
    one = make_embedding(2)
    assert compare("bob", [one, -one], [0.9, 0.9], make_template("ada"), SessionRule(2)).attempts.size == 0


@pytest.mark.parametrize("fault", ["astray", "badly-seen"])
def test_what_a_session_sets_aside_does_not_count_here_either(fault: str) -> None:
    """An impostor whom a session would grant must not look farther away than he was to it."""
    near, away = make_near(make_embedding(1), 0.4, 1), make_near(make_embedding(1), 0.6, 7)
    template = make_template("ada", count=1, seed=1)
    found = compare(
        "bob", [near, away, near], [0.9, 0.9 if fault == "astray" else 0.2, 0.9], template, SessionRule(3)
    )
    assert found.attempts == pytest.approx([template_distance(near, template)], abs=1e-6)


def test_the_encoders_own_reach_says_what_is_set_aside() -> None:
    near, away = make_near(make_embedding(1), 0.4, 1), make_near(make_embedding(1), 0.6, 7)
    template = make_template("ada", count=1, seed=1)
    found = [
        compare("bob", [near, away, near], [0.9] * 3, template, SessionRule(3, 30, reach))
        for reach in (0.8, 1.5)
    ]
    assert found[0].attempts[0] != pytest.approx(found[1].attempts[0], abs=1e-3)


def test_two_templates_are_two_people() -> None:
    found = compare_templates(make_template("ada", count=3, seed=1), make_template("bob", count=4, seed=2))
    assert (found.who, found.user, found.attempts.size, found.singles.size) == ("ada", "bob", 3, 12)
    assert found.attempts.min() > 1


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        pytest.param([[1.1, 1.2], [0.9]], Advice(0.8, Reason.ENOUGH), id="far-enough"),
        pytest.param([[1.1], [0.8 + MARGIN + 0.001]], Advice(0.8, Reason.ENOUGH), id="just-far-enough"),
        pytest.param([[1.1], [0.8]], Advice(0.75, Reason.NEAR_IMPOSTOR), id="within-the-margin"),
        pytest.param([[1.1], [0.6789]], Advice(0.628, Reason.NEAR_IMPOSTOR), id="granted-rounded-down"),
        pytest.param([[LEAST + MARGIN - 0.01]], Advice(None, Reason.INSEPARABLE), id="as-near-as-oneself"),
        pytest.param([[], []], Advice(None, Reason.NO_IMPOSTOR), id="no-attempt"),
        pytest.param([], Advice(None, Reason.NO_IMPOSTOR), id="nobody"),
    ],
)
def test_the_nearest_impostor_stays_out(attempts: list[list[float]], expected: Advice) -> None:
    assert advise([series(one) for one in attempts], POINTS, in_use=0.8) == expected


@given(
    st.lists(st.lists(st.floats(0, 2), max_size=5), max_size=12),
    st.floats(LEAST, 1.5),
)
def test_advice_is_never_looser_and_never_lets_in_who_was_seen(
    attempts: list[list[float]], in_use: float
) -> None:
    impostor = [series(one, who=f"p{place}") for place, one in enumerate(attempts)]
    advice = advise(impostor, POINTS, in_use)
    if advice.threshold is None:
        assert advice.reason in (Reason.NO_IMPOSTOR, Reason.INSEPARABLE)
    else:
        assert advice.threshold <= in_use
        assert all(found > advice.threshold for one in attempts for found in one)


def many(people: int, offset: float, each: int = 100) -> list[Series]:
    """Impostors spread evenly from `0.9 + offset` upwards, so that 1 % lie below `0.906 + offset`."""
    singles = (0.9 + offset + np.linspace(0, 0.6, people * each)).reshape(people, each)
    return [series([1.2], list(row), who=f"p{place}") for place, row in enumerate(singles)]


@pytest.mark.parametrize(
    ("impostor", "expected"),
    [
        pytest.param(many(12, 0.0), 0.0, id="as-on-the-card"),
        pytest.param(many(12, 0.2), 0.0, id="farther-than-on-the-card"),
        pytest.param(many(12, -0.106), 0.1, id="all-nearer"),
        pytest.param(many(9, -0.3), 0.0, id="too-few-people"),
        pytest.param(many(12, -0.3, each=50), 0.0, id="too-few-comparisons"),
    ],
)
def test_a_shift_is_the_tails_and_needs_enough_people(impostor: list[Series], expected: float) -> None:
    assert shift(impostor, POINTS) == pytest.approx(expected, abs=1e-3)


def test_a_shifted_tail_makes_stricter_before_anybody_gets_in() -> None:
    assert advise(many(12, -0.1062), POINTS, in_use=0.8) == Advice(0.699, Reason.SHIFTED)


def test_the_strictest_point_that_can_be_shown_is_taken() -> None:
    # 12,000 comparisons show 0.1 %: there the card says 0.8 and these are at 0.9006 - 0.106.
    assert shift(many(12, -0.106, each=1000), POINTS) == pytest.approx(0.0054, abs=1e-4)


def test_a_pair_of_people_counts_once() -> None:
    one = series([1.0])
    assert pairs([one, one, Series("ada", "bob", one.singles, one.attempts), series([], who="eve")]) == 1


@pytest.mark.parametrize(
    ("errors", "trials", "expected"),
    [
        pytest.param(0, 0, 1.0, id="nothing-shows-nothing"),
        pytest.param(0, 2, 1.0, id="rule-of-three-capped"),
        pytest.param(0, 300, 0.01, id="rule-of-three"),
        pytest.param(5, 5, 1.0, id="always"),
        pytest.param(1, 10, 0.4042, id="wilson"),
    ],
)
def test_bounds_of_a_rate(errors: int, trials: int, expected: float) -> None:
    assert upper_bound(errors, trials) == pytest.approx(expected, abs=1e-4)
