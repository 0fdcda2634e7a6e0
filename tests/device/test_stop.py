import os
import signal
import time

import pytest

from facelatch.stop import StopSignal, stop_as_interrupt


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
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


def test_a_hang_up_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignal() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.wait(0)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asking_to_stop_may_interrupt_instead(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stop_as_interrupt():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_nobody_asked() -> None:
    with StopSignal() as stop:
        assert not stop.wait(0.001)
        assert not stop.is_set
