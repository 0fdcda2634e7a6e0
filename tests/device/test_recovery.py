from hypothesis import given
from hypothesis import strategies as st

from facelatch.supervision.recovery import LONGEST_S, WELL_S, Plan, Recovery, Step

SECOND = 1_000_000_000


def plans(count: int) -> list[Plan]:
    """What is tried while nothing helps."""
    recovery, tried = Recovery(), []
    for place in range(count):
        recovery = recovery.after_failure(place * SECOND)
        tried.append(recovery.plan)
    return tried


def test_the_ladder_ends_in_a_back_off_up_to_a_bound() -> None:
    assert [(plan.step, plan.wait_s) for plan in plans(9)] == [
        (Step.RESTART, 0.5),
        (Step.RESET, 4.0),
        (Step.RE_ENUMERATE, 1.0),
        (Step.BACK_OFF, 2.0),
        (Step.BACK_OFF, 4.0),
        (Step.BACK_OFF, 8.0),
        (Step.BACK_OFF, 16.0),
        (Step.BACK_OFF, LONGEST_S),
        (Step.BACK_OFF, LONGEST_S),
    ]
    assert [plan.resets for plan in plans(4)] == [False, True, False, True]


def test_it_never_gives_up() -> None:
    assert Recovery(10**9).after_failure(0).plan == Plan(Step.BACK_OFF, LONGEST_S)


def test_a_camera_that_was_well_for_a_while_starts_at_the_first_rung() -> None:
    bad = Recovery(6).after_failure(0)
    soon = bad.after_trust(0).after_failure(round((WELL_S - 1) * SECOND))
    late = bad.after_trust(0).after_failure(round(WELL_S * SECOND))
    assert (soon.failures, late.failures) == (8, 1)
    assert late.plan.step is Step.RESTART


def test_trust_counts_from_its_beginning() -> None:
    recovery = Recovery().after_trust(5)
    assert recovery.after_trust(99) is recovery
    assert recovery.after_failure(100).trusted_ns is None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200)), max_size=60))
def test_it_never_works_itself_to_death(steps: list[tuple[bool, int]]) -> None:
    """Each failure is followed by a wait of at least half a second and at most the bound."""
    recovery, now_ns = Recovery(), 0
    for fails, passed_s in steps:
        now_ns += passed_s * SECOND
        recovery = recovery.after_failure(now_ns) if fails else recovery.after_trust(now_ns)
        assert 0.5 <= recovery.plan.wait_s <= LONGEST_S
