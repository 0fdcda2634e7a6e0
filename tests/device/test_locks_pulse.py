import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.locks.pulse import LONGEST_S, pulse
from facelatch.locks.recording import RecordingLock


def test_the_door_is_released_exactly_while_waiting() -> None:
    lock, waits = RecordingLock(), list[tuple[float, bool]]()
    pulse(lock, 3.0, lambda seconds: waits.append((seconds, lock.is_released)))
    assert waits == [(3.0, True)]
    assert lock.transitions == ("secured", "released", "secured")


def test_an_interrupted_wait_secures_the_door() -> None:
    lock = RecordingLock()

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pulse(lock, 3.0, interrupted)
    assert not lock.is_released


@pytest.mark.parametrize("seconds", [0.0, -1.0, 30.001, math.inf, -math.inf, math.nan])
def test_an_unbounded_pulse_is_refused_with_the_lock_untouched(seconds: float) -> None:
    lock = RecordingLock()
    with pytest.raises(ValueError, match="at most 30 s"):
        pulse(lock, seconds, lambda _: None)
    assert lock.transitions == ("secured",)


@given(st.floats())
def test_no_wait_is_ever_longer_than_the_bound(seconds: float) -> None:
    lock, waits = RecordingLock(), list[float]()
    try:
        pulse(lock, seconds, waits.append)
    except ValueError:
        assert not waits
    assert all(0 < wait <= LONGEST_S for wait in waits)
    assert not lock.is_released
