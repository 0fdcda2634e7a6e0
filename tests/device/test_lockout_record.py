import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.errors import StoreError
from facelatch.lockout import Lockout, LockoutRule
from facelatch.lockout_record import distrusted, restored, to_text
from facelatch.session import Outcome

RULE = LockoutRule(refusals=3, first_s=30.0, longest_s=600.0)
SECOND = 1_000_000_000
NOW = 1000 * SECOND


def refused(times: int, now_ns: int = NOW) -> Lockout:
    """After so many refusals, each right after the pause of the one before; the last one is now."""
    lockout = Lockout(RULE)
    for place in range(times):
        lockout = lockout.after(Outcome.NO_MATCH, now_ns - (times - 1 - place) * 700 * SECOND)
    return lockout


def left_s(lockout: Lockout, now_ns: int) -> float:
    return max((lockout.locked_until_ns or 0) - now_ns, 0) / 1e9


@pytest.mark.parametrize(
    ("boot", "later_s", "expected_s"),
    [
        pytest.param("a", 0.0, 60.0, id="restarted-at-once"),
        pytest.param("a", 20.0, 40.0, id="restarted-later"),
        pytest.param("a", 60.0, 0.0, id="restarted-when-over"),
        pytest.param("b", -999.0, 60.0, id="booted-again-begins-in-full"),
        pytest.param("b", 5000.0, 60.0, id="another-boot-that-has-run-for-longer"),
        pytest.param("", 20.0, 60.0, id="a-boot-without-a-name"),
        pytest.param("a", -500.0, 60.0, id="a-clock-that-went-back-locks-no-longer"),
    ],
)
def test_a_pause_goes_on(boot: str, later_s: float, expected_s: float) -> None:
    now_ns = NOW + round(later_s * 1e9)
    found = restored(to_text(refused(4), "a", NOW), "file", RULE, boot, now_ns)
    assert found.refusals == 4
    assert left_s(found, now_ns) == pytest.approx(expected_s)


def test_no_name_of_the_boot_is_never_the_same_boot() -> None:
    found = restored(to_text(refused(4), "", NOW), "file", RULE, "", NOW + 20 * SECOND)
    assert left_s(found, NOW + 20 * SECOND) == 60.0


def test_the_count_goes_on_where_nothing_is_locked() -> None:
    found = restored(to_text(refused(2), "a", NOW), "file", RULE, "b", 5)
    assert (found.refusals, found.locked_until_ns) == (2, None)
    assert found.after(Outcome.NO_MATCH, 5).is_locked(6)


def test_a_pause_that_is_over_is_none_after_a_boot() -> None:
    text = to_text(refused(4), "a", NOW + 61 * SECOND)
    assert restored(text, "file", RULE, "b", 5).locked_until_ns is None


def test_another_rule_keeps_a_pause_and_its_own_bound() -> None:
    text = to_text(refused(4), "a", NOW)
    laxer = LockoutRule(refusals=20, first_s=10.0, longest_s=20.0)
    assert left_s(restored(text, "file", laxer, "a", NOW), NOW) == 10.0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="cut-short"),
        pytest.param("[]", id="a-list"),
        pytest.param(json.dumps({"format": 1, "boot": "a", "refusals": 1}), id="incomplete"),
        pytest.param(to_text(refused(3), "a", NOW).replace("3", "-3", 1), id="negative"),
        pytest.param(to_text(refused(3), "a", NOW).replace('"format": 1', '"format": 2'), id="newer"),
        pytest.param(to_text(refused(3), "a", NOW)[:-1] + ', "more": 1}', id="more"),
        pytest.param(to_text(refused(3), "a", NOW).replace('"a"', "null"), id="no-boot"),
    ],
)
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="file: "):
        restored(text, "file", RULE, "a", NOW)


def test_what_cannot_be_read_counts_as_the_worst() -> None:
    worst = distrusted(RULE, NOW)
    assert left_s(worst, NOW) == 600.0
    assert left_s(restored(to_text(worst, "a", NOW), "file", RULE, "b", NOW), NOW) == 600.0
    assert worst.after(Outcome.GRANTED, NOW + 601 * SECOND) == Lockout(RULE)


@given(
    st.lists(st.sampled_from(list(Outcome)), max_size=12),
    st.integers(0, 10**12),
    st.sampled_from(["a", "b", ""]),
    st.integers(0, 10**13),
)
def test_a_restart_never_helps(outcomes: list[Outcome], passed_ns: int, boot: str, later_ns: int) -> None:
    """Whoever restarts daemon or board is locked out at least as long as before, and has guessed as often."""
    lockout, now_ns = Lockout(RULE), NOW
    for outcome in outcomes:
        lockout = lockout.after(outcome, now_ns)
        now_ns += passed_ns // 12
    after_ns = now_ns + later_ns
    found = restored(to_text(lockout, "a", now_ns), "file", RULE, boot, after_ns)
    assert found.refusals == lockout.refusals
    if boot == "a":
        assert left_s(found, after_ns) == pytest.approx(left_s(lockout, after_ns))
    else:
        assert left_s(found, after_ns) >= left_s(lockout, now_ns) - 1e-9
