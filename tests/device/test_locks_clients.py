"""Connections without a keeper behind them, on a clock that the test moves."""

import selectors
import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.wire import Done, Noticed, answer_line
from facelatch.locks.clients import STRANGER_NS, Clients

NOTICE = Noticed(5, Told(DoorNotice.FAULT, "x" * 300))


class Counter:
    """Where clients are served; `now_ns` is its clock, `ends` counts daemons that went."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.now_ns = self.ends = 0
        self.selector = selector
        self.clients = Clients(selector, lambda _: True, lambda: self.now_ns)
        self.clients.left = self._end
        self.clients.obey = lambda _: Done(0)

    def _end(self) -> None:
        self.ends += 1

    def meet(self, said: bytes) -> socket.socket:
        """Somebody who comes and says this."""
        ours, theirs = socket.socketpair()
        # Little, so that it is soon full.
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.clients.take(theirs)
        ours.sendall(said)
        self.serve()
        ours.setblocking(False)
        return ours

    def serve(self) -> None:
        while found := self.selector.select(0):
            for key, _ in found:
                key.data()
        self.clients.tidy()


@pytest.fixture
def counter() -> Iterator[Counter]:
    with closing(selectors.DefaultSelector()) as selector:
        yield Counter(selector)


def is_gone(client: socket.socket) -> bool:
    """Whether it was hung up on, whatever was said before."""
    with suppress(BlockingIOError):
        while client.recv(4096):
            pass
        return True
    return False


@pytest.mark.parametrize(
    ("said", "is_sent_away"),
    [
        pytest.param(b"", True, id="silent"),
        pytest.param(b"as", True, id="half-a-line"),
        pytest.param(b"ask\n", True, id="asked"),
        pytest.param(b"hello 1\n", False, id="daemon"),
    ],
)
def test_only_the_daemon_may_stay(said: bytes, is_sent_away: bool, counter: Counter) -> None:
    with counter.meet(said) as client:
        counter.now_ns = STRANGER_NS - 1
        counter.serve()
        assert not is_gone(client)
        counter.now_ns = STRANGER_NS
        counter.serve()
        assert is_gone(client) is is_sent_away
        assert counter.clients.is_empty is is_sent_away


def test_a_daemon_that_reads_nothing_is_given_up_before_it_costs_memory(counter: Counter) -> None:
    with counter.meet(b"hello 1\n") as daemon:
        told = 0
        while not counter.clients.is_empty:
            counter.clients.tell(NOTICE)
            told += 1
            assert told < 10_000
        assert counter.ends == 1
        counter.clients.tell(NOTICE)
        assert is_gone(daemon)


def test_what_could_not_be_sent_is_sent_later_and_whole(counter: Counter) -> None:
    with counter.meet(b"hello 1\n") as daemon:
        for _ in range(100):
            counter.clients.tell(NOTICE)
        heard = daemon.recv(1 << 20)
        assert 0 < len(heard) < 100 * len(answer_line(NOTICE)), "the kernel took it all"
        while heard.count(b"\n") < 101:
            counter.serve()
            heard += daemon.recv(1 << 20)
        assert heard == answer_line(Done(0)) + 100 * answer_line(NOTICE)
