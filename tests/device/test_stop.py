import os
import signal
import time

import pytest

from facelatch.stop import StopSignal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noticed_and_ends_every_wait(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopSignal() as stop:
        assert not stop.is_set
        assert not stop.wait(0)
        os.kill(os.getpid(), number)
        started = time.monotonic()
        assert stop.wait(60)
        assert stop.wait(60)
        assert stop.is_set
        assert time.monotonic() - started < 30
    assert signal.getsignal(number) is before


def test_a_signal_that_comes_while_waiting_ends_the_wait() -> None:
    with StopSignal() as stop:
        signal.signal(signal.SIGALRM, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            assert stop.wait(60)
        finally:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_nobody_asked() -> None:
    with StopSignal() as stop:
        assert not stop.wait(0.001)
        assert not stop.is_set
