"""The daemon's side of the keeper's socket, against a peer that says what the test wants."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from facelatch.errors import LockError
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.panel import Mood
from facelatch.keeping.wire import Noticed, Plain
from facelatch.locks.kept import KeptLock, ask, join

CLOSED = Noticed(5, Told(DoorNotice.CLOSED))


def meet(said: bytes, answer_s: float = 5.0) -> tuple[KeptLock, socket.socket]:
    """A lock and its keeper, who has said all this already, after a welcome."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b"ok 0\n" + said)
    return KeptLock(ours, answer_s=answer_s), theirs


def heard(keeper: socket.socket) -> bytes:
    keeper.setblocking(False)
    return keeper.recv(4096)


def test_what_it_says() -> None:
    lock, keeper = meet(b"")
    assert heard(keeper) == b"hello 1\n"
    keeper.sendall(b"ok 2500\n")
    lock.pulse(2.5)
    lock.show(Mood.LOOKING)
    keeper.sendall(b"ok 0\n")
    lock.secure()
    assert lock.attend() == []
    assert heard(keeper) == b"pulse 2500\nshow looking\nsecure\nbeat\n"


def test_notices_are_kept_whenever_they_come() -> None:
    lock, keeper = meet(b"notice 5 door-closed\n")
    keeper.sendall(b"notice 5 door-closed\nok 3000\n")
    lock.pulse(3)
    keeper.sendall(b"notice 5 door-closed\n")
    assert lock.attend() == [CLOSED, CLOSED, CLOSED]
    assert lock.attend() == []


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param(b"", "it does not answer", id="silent"),
        pytest.param(b"notice 5 door-closed\n", "it does not answer", id="notices-alone"),
        pytest.param(b"no another daemon is served\n", "another daemon is served", id="refused"),
        pytest.param(b"yes\n", "this is no answer", id="garbage"),
        pytest.param(b"\xff\n", "codec", id="bytes"),
        pytest.param(b"x" * 1000, "longer than", id="no-end"),
    ],
)
def test_a_keeper_that_does_not_answer_as_it_should_is_left(said: bytes, message: str) -> None:
    lock, keeper = meet(b"", answer_s=0.05)
    keeper.sendall(said)
    with pytest.raises(LockError, match=message):
        lock.pulse(3)
    assert heard(keeper) == b"hello 1\npulse 3000\n"
    assert heard(keeper) == b""


USES: list[Callable[[KeptLock], object]] = [
    lambda lock: lock.pulse(3),
    lambda lock: lock.secure(),
    lambda lock: lock.attend(),
    lambda lock: lock.close(),
]


@pytest.mark.parametrize("use", USES, ids=["pulse", "secure", "attend", "close"])
def test_a_keeper_that_died_is_noticed_whatever_is_asked(use: Callable[[KeptLock], object]) -> None:
    lock, keeper = meet(b"")
    keeper.close()
    with pytest.raises(LockError, match="the lock's keeper failed"):
        use(lock)
    with pytest.raises(LockError, match="not there any more"):
        lock.pulse(3)
    lock.close()


def test_an_answer_that_nobody_asked_for_is_no_good_sign() -> None:
    lock, keeper = meet(b"")
    keeper.sendall(b"ok 0\n")
    with pytest.raises(LockError, match="nobody asked"):
        lock.attend()
    with pytest.raises(LockError, match="nobody asked"):
        meet(b"ok 2500\n")


@pytest.mark.parametrize("seconds", [0.0, -1.0, 30.001, float("inf"), float("nan")])
def test_an_unbounded_pulse_is_not_even_asked_for(seconds: float) -> None:
    lock, keeper = meet(b"")
    with pytest.raises(ValueError, match="at most 30 s"):
        lock.pulse(seconds)
    assert heard(keeper) == b"hello 1\n"


def test_the_end_of_the_channel_is_told_once() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"ok 0\n")
    ends: list[int] = []
    lock = KeptLock(ours, ended=lambda: ends.append(1))
    theirs.sendall(b"ok 0\n")
    lock.close()
    lock.close()
    lock.secure()
    assert ends == [1]


def test_nobody_there(tmp_path: Path) -> None:
    place = tmp_path / "lock.sock"
    assert ask(place, Plain.SECURE) is None
    with pytest.raises(LockError, match=r"no lock's keeper listens there; start facelatch-lock\.service"):
        join(place)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
        assert ask(place, Plain.SECURE) is None


def test_a_keeper_that_listens_but_hangs_is_an_error_to_those_who_ask(tmp_path: Path) -> None:
    place = tmp_path / "lock.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen(1)
        with pytest.raises(LockError, match="does not answer"):
            ask(place, Plain.SECURE, answer_s=0.05)


def test_a_place_that_is_none_is_an_error(tmp_path: Path) -> None:
    place = tmp_path / "lock.sock"
    place.write_text("")
    assert ask(place, Plain.SECURE) is None
    with pytest.raises(LockError, match="cannot be reached"):
        ask(tmp_path / ("x" * 200), Plain.SECURE)
