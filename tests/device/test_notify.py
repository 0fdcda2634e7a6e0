import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from facelatch.notify import Notifier, watchdog_interval_s


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """The service manager's end, as systemd opens it."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as end:
        end.bind("\0" + address[1:] if address.startswith("@") else address)
        end.settimeout(1)
        yield end


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@facelatch-test-{os.getpid()}"


def test_messages_arrive_one_by_one_in_sd_notifys_words(address: str) -> None:
    notifier = Notifier(address)
    with manager(address) as end:
        notifier.ready()
        notifier.status("looking for a face")
        notifier.watchdog()
        notifier.stopping()
        received = [end.recv(256).decode() for _ in range(4)]
    assert received == ["READY=1", "STATUS=looking for a face", "WATCHDOG=1", "STOPPING=1"]


def test_a_status_cannot_carry_another_message(address: str) -> None:
    with manager(address) as end:
        Notifier(address).status("two\nMAINPID=1\x00 lines — é")
        assert end.recv(256).decode() == "STATUS=two MAINPID=1\x00 lines — é"


def test_a_name_that_is_no_text_is_told_all_the_same(address: str) -> None:
    with manager(address) as end:
        Notifier(address).status("camera \udcff")
        assert end.recv(256).decode() == "STATUS=camera \\udcff"


@pytest.mark.parametrize("none", [None, ""])
def test_nothing_happens_without_a_manager(none: str | None) -> None:
    Notifier(none).ready()


def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    Notifier(str(tmp_path / "gone")).watchdog()


def test_a_manager_that_does_not_read_stops_nothing(tmp_path: Path) -> None:
    address = str(tmp_path / "deaf")
    with manager(address) as end:
        notifier = Notifier(address)
        for _ in range(2000):
            notifier.watchdog()
        assert end.recv(256) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [
        pytest.param("20000000", None, 10.0, id="half-of-it"),
        pytest.param("20000000", "77", 10.0, id="for-this-process"),
        pytest.param("20000000", "78", None, id="for-another-process"),
        pytest.param(None, "77", None, id="not-set"),
        pytest.param("", None, None, id="empty"),
        pytest.param("0", None, None, id="zero"),
        pytest.param("-5", None, None, id="negative"),
        pytest.param("soon", None, None, id="no-number"),
    ],
)
def test_watchdog_interval(usec: str | None, pid: str | None, expected: float | None) -> None:
    assert watchdog_interval_s(usec, pid, own_pid=77) == expected
