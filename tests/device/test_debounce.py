from hypothesis import given
from hypothesis import strategies as st

from facelatch.keeping.debounce import Debounced

QUIET = 30


def test_a_level_counts_once_it_has_rested() -> None:
    pressed = Debounced(False, False).moved(True, 100)
    assert not pressed.settled(129, QUIET).is_on
    assert pressed.settled(130, QUIET).is_on
    assert pressed.due_ns(QUIET) == 130
    assert pressed.settled(130, QUIET).due_ns(QUIET) is None


def test_a_bounce_begins_the_wait_anew_even_where_it_reads_the_same() -> None:
    bounced = Debounced(False, False).moved(True, 100).moved(True, 120)
    assert not bounced.settled(130, QUIET).is_on
    assert bounced.settled(150, QUIET).is_on


def test_a_glitch_is_nothing() -> None:
    glitch = Debounced(False, False).moved(True, 100).moved(False, 110)
    assert not glitch.settled(1000, QUIET).is_on
    assert glitch.due_ns(QUIET) is None


@given(st.lists(st.tuples(st.integers(0, QUIET - 1), st.booleans()), max_size=50))
def test_a_switch_that_never_rests_never_changes(edges: list[tuple[int, bool]]) -> None:
    state, now = Debounced(False, False, -QUIET), 0
    for later, level in edges:
        now += later
        state = state.settled(now, QUIET).moved(level, now)
        assert not state.is_on
