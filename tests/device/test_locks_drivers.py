import pytest

from facelatch.errors import ConfigError, LockError
from facelatch.locks.drivers import open_lock
from facelatch.locks.recording import RecordingLock


def test_recording_is_secured() -> None:
    lock = open_lock("recording")
    assert isinstance(lock, RecordingLock)
    assert not lock.is_released


def test_gpio_reaches_the_real_library() -> None:
    with pytest.raises(LockError, match="/dev/gpiochip-none is not a GPIO chip"):
        open_lock("gpio", chip="/dev/gpiochip-none", line="GPIO17")


@pytest.mark.parametrize(
    ("driver", "chip", "line", "message"),
    [
        pytest.param("relay", "c", "l", "'relay' is unknown; use one of recording, gpio", id="unknown"),
        pytest.param("gpio", "", "GPIO17", "needs lock.chip and lock.line", id="no-chip"),
        pytest.param("gpio", "pinctrl-rp1", "", "needs lock.chip and lock.line", id="no-line"),
    ],
)
def test_a_lock_that_is_not_named_is_no_fallback(driver: str, chip: str, line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_lock(driver, chip=chip, line=line)
