import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.lockout import Lockout, LockoutRule
from facelatch.session import Outcome

RULE = LockoutRule(refusals=3, first_s=30.0, longest_s=100.0)
S = 10**9

REFUSED = [Outcome.NO_MATCH, Outcome.NOT_LIVE]


def fold(*outcomes: Outcome, at_ns: int = 0) -> Lockout:
    state = Lockout(RULE)
    for outcome in outcomes:
        state = state.after(outcome, at_ns)
    return state


def test_locks_after_the_last_refusal_of_the_row() -> None:
    before = fold(*REFUSED)
    assert not before.is_locked(0)
    locked = before.after(Outcome.NO_MATCH, 5 * S)
    assert locked.locked_until_ns == 35 * S
    assert locked.is_locked(35 * S - 1)
    assert not locked.is_locked(35 * S)


def test_each_further_refusal_locks_twice_as_long_up_to_the_longest() -> None:
    state, now, pauses = fold(Outcome.NO_MATCH, Outcome.NO_MATCH), 0, []
    for _ in range(5):
        state = state.after(Outcome.NOT_LIVE, now)
        assert state.locked_until_ns is not None
        pauses.append((state.locked_until_ns - now) // S)
        now = state.locked_until_ns
    assert pauses == [30, 60, 100, 100, 100]


def test_a_grant_forgets_everything() -> None:
    state = fold(Outcome.NO_MATCH, Outcome.NO_MATCH, Outcome.NO_MATCH)
    assert state.after(Outcome.GRANTED, 31 * S) == Lockout(RULE)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_while_locked_nothing_counts_not_even_a_grant(outcome: Outcome) -> None:
    state = fold(Outcome.NO_MATCH, Outcome.NO_MATCH, Outcome.NO_MATCH)
    assert state.after(outcome, 29 * S) is state


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.LOCKED_OUT])
def test_what_is_nobodys_guess_changes_nothing(outcome: Outcome) -> None:
    state = fold(Outcome.NO_MATCH, Outcome.NO_MATCH)
    assert state.after(outcome, S) is state


@given(st.lists(st.tuples(st.sampled_from(list(Outcome)), st.integers(0, 200 * S)), max_size=60))
def test_without_a_grant_a_lock_only_grows(steps: list[tuple[Outcome, int]]) -> None:
    state, now = Lockout(RULE), 0
    for outcome, later in steps:
        now += later
        following = state.after(outcome, now)
        if outcome is not Outcome.GRANTED:
            assert following.refusals >= state.refusals
            assert (following.locked_until_ns or 0) >= (state.locked_until_ns or 0)
        if following.is_locked(now):
            assert following.locked_until_ns is not None
            assert following.locked_until_ns - now <= 100 * S
        state = following


@given(st.lists(st.sampled_from([*REFUSED, Outcome.RETRY]), max_size=2000))
def test_guesses_in_a_time_are_few(outcomes: list[Outcome]) -> None:
    """Whatever is tried, once every second for half an hour, only a few tries are looked at."""
    state, looked = Lockout(RULE), 0
    for second, outcome in enumerate(outcomes):
        if not state.is_locked(second * S):
            looked += outcome in REFUSED
        state = state.after(outcome, second * S)
    assert looked <= RULE.refusals + 2 + len(outcomes) // 100


def test_a_long_row_stays_finite() -> None:
    state = Lockout(RULE, refusals=10**6)
    assert state.after(Outcome.NO_MATCH, 0).locked_until_ns == 100 * S


@pytest.mark.parametrize(
    ("refusals", "first_s", "longest_s"),
    [(0, 1, 2), (1, 0, 2), (1, 3, 2), (1, float("nan"), 2), (1, 1, float("nan")), (1, 1, float("inf"))],
)
def test_a_rule_that_never_locks_is_refused(refusals: int, first_s: float, longest_s: float) -> None:
    with pytest.raises(ValueError, match="a lockout needs"):
        LockoutRule(refusals, first_s, longest_s)
