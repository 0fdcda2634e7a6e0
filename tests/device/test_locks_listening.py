import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from facelatch.errors import LockError
from facelatch.locks.listening import listening


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "lock.sock"


def bind(place: Path) -> socket.socket:
    other = socket.socket(socket.AF_UNIX)
    other.bind(str(place))
    return other


def test_the_socket_that_a_killed_keeper_left_is_replaced(place: Path) -> None:
    bind(place).close()
    with listening(place), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place))
    assert not place.exists()


def test_a_file_that_is_no_socket_is_left_alone(place: Path) -> None:
    place.write_text("precious")
    with pytest.raises(LockError, match="nobody can be listened to there"), listening(place):
        pass
    assert place.read_text() == "precious"


def test_a_keeper_that_is_too_busy_to_answer_keeps_its_place(place: Path) -> None:
    with ExitStack() as stack:
        busy = stack.enter_context(bind(place))
        busy.listen(0)
        waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
        waiting.connect(str(place))
        with pytest.raises(LockError, match="nobody can be listened to there"), listening(place):
            pass
        waiting.sendall(b"x")
        assert busy.accept()[0].recv(1) == b"x"
        assert place.is_socket()


def test_a_folder_that_is_not_there_is_said(place: Path) -> None:
    with pytest.raises(LockError, match="No such file or directory"), listening(place / "lock.sock"):
        pass
