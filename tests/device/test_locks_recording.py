import pytest

from facelatch.errors import LockError
from facelatch.locks.recording import RecordingLock


def test_transitions_are_kept_once_each() -> None:
    lock = RecordingLock()
    lock.secure()
    lock.release()
    lock.release()
    assert lock.is_released
    lock.secure()
    lock.secure()
    lock.close()
    assert lock.transitions == ("secured", "released", "secured")
    assert not lock.is_released


def test_closing_secures_and_may_be_repeated() -> None:
    lock = RecordingLock()
    lock.release()
    lock.close()
    lock.close()
    assert lock.transitions[-1] == "secured"
    with pytest.raises(LockError, match="closed"):
        lock.release()
    assert not lock.is_released
