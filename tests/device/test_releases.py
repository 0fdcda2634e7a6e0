from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.keeping.releases import LONGEST_NS, LONGEST_S, Again, Releases
from tests.device.released_rows import check_rows

S = 1_000_000_000


def settle(state: Releases, now_s: float) -> Releases:
    return state.settled(round(now_s * S))[0]


def grant(state: Releases, now_s: float, length_s: float = 3.0, again: Again = Again.IGNORE) -> Releases:
    now_ns = round(now_s * S)
    return state.granted(round(length_s * S), now_ns, again).settled(now_ns)[0]


def test_a_door_is_secured_until_something_is_granted() -> None:
    assert not settle(Releases(), 5).is_released
    assert Releases().due_ns() is None


def test_a_pulse_ends_in_time() -> None:
    state = grant(Releases(), 10)
    assert state.is_released
    assert state.due_ns() == 13 * S
    assert settle(state, 12.999).is_released
    ended = settle(state, 13)
    assert (ended.is_released, ended.due_ns(), ended.secured_ns) == (False, None, 13 * S)


@pytest.mark.parametrize(
    ("again", "until_s"),
    [pytest.param(Again.IGNORE, 3, id="ignore"), pytest.param(Again.EXTEND, 5, id="extend")],
)
def test_a_second_pulse_while_one_runs(again: Again, until_s: float) -> None:
    assert grant(grant(Releases(), 0), 2, again=again).due_ns() == until_s * S


def test_a_shorter_second_pulse_takes_nothing_away() -> None:
    assert grant(grant(Releases(), 0), 1, length_s=0.5, again=Again.EXTEND).due_ns() == 3 * S


@pytest.mark.parametrize("gap_s", [0.0, 0.5, 0.999], ids=["none", "half", "nearly"])
def test_a_short_gap_does_not_begin_a_new_row(gap_s: float) -> None:
    state = grant(Releases(), 0, length_s=20)
    state = settle(state, 20)
    again = grant(state, 20 + gap_s, length_s=20)
    assert again.is_released
    assert again.due_ns() == LONGEST_NS


def test_a_rest_begins_a_new_row() -> None:
    state = settle(grant(Releases(), 0, length_s=20), 20)
    assert grant(state, 21, length_s=20).due_ns() == 41 * S


def test_the_bound_is_said_to_have_cut_only_what_wanted_more() -> None:
    exact = grant(Releases(), 0, length_s=LONGEST_S)
    assert exact.settled(LONGEST_NS) == (replace(Releases(), secured_ns=LONGEST_NS), False)
    more = grant(exact, 29, again=Again.EXTEND)
    cut, is_bounded = more.settled(LONGEST_NS)
    assert (cut.is_released, is_bounded) == (False, True)


def test_after_the_bound_nothing_releases_before_the_rest_is_over() -> None:
    cut = settle(grant(grant(Releases(), 0, LONGEST_S), 29, again=Again.EXTEND), 30)
    refused, is_bounded = cut.granted(3 * S, round(30.9 * S), Again.IGNORE).settled(round(30.9 * S))
    assert (refused.is_released, is_bounded, refused.granted_until_ns) == (False, True, None)
    assert grant(refused, 31).is_released


def test_button_and_grant_do_not_end_each_other() -> None:
    state = grant(Releases(), 0).pressed(5 * S)
    assert settle(state.revoked(), 1).due_ns() == 5 * S
    assert settle(state.pressed(0), 1).due_ns() == 3 * S
    assert not settle(state.dropped(), 1).is_released


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "press", "revoke", "drop", "tick"]),
        st.integers(0, 12 * S),
        st.integers(1, LONGEST_NS),
    ),
    max_size=80,
)


@given(STEPS, st.sampled_from(Again))
def test_a_row_of_releases_is_never_longer_than_the_bound(
    steps: list[tuple[str, int, int]], again: Again
) -> None:
    """The line, sampled at every step and whenever the state asks to be woken."""
    state, now, trace = Releases(), 0, [(0, False)]
    for word, later, length in steps:
        due = state.due_ns()
        if due is not None and due < now + later:
            state, _ = state.settled(due)
            trace.append((due, state.is_released))
        now += later
        asked = {
            "grant": state.granted(length, now, again),
            "press": state.pressed(now + length),
            "revoke": state.revoked(),
            "drop": state.dropped(),
            "tick": state,
        }[word]
        state, _ = asked.settled(now)
        trace.append((now, state.is_released))
        due = state.due_ns()
        assert state.is_released == (due is not None)
        assert due is None or now < due <= now + LONGEST_NS
    check_rows(trace)
