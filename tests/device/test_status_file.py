import os
import subprocess
import sys
from pathlib import Path

import pytest

from facelatch.errors import StatusError
from facelatch.status import CameraState, DaemonStatus
from facelatch.status_file import StatusFile, describe_last, is_alive, is_taken, read_status

SECOND = 1_000_000_000
FIRST = DaemonStatus(os.getpid(), "0", 0, 0)


def ended_process() -> int:
    """The number of a process that was."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_it_is_written_at_a_change_and_every_few_seconds(tmp_path: Path) -> None:
    path, warnings = tmp_path / "status.json", list[str]()
    file = StatusFile(path, FIRST, warnings.append)
    written = []
    for half_second in range(40):
        if half_second == 13:
            file.change(refusals=1)
        file(half_second * SECOND // 2)
        written.append(read_status(path).written_ns / SECOND)
    assert sorted(set(written)) == [0.0, 5.0, 6.5, 11.5, 16.5]
    assert read_status(path).refusals == 1
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]
    assert warnings == []


def test_the_end_takes_it_away(tmp_path: Path) -> None:
    file = StatusFile(tmp_path / "status.json", FIRST, print)
    file(0)
    file.close()
    file(10 * SECOND)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [None, Path("/nonexistent/facelatch/status.json")])
def test_a_trial_without_the_services_folder_writes_nothing(path: Path | None) -> None:
    warnings: list[str] = []
    file = StatusFile(path, FIRST, warnings.append)
    file(0)
    file.close()
    assert warnings == []


def test_what_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    path, warnings = tmp_path / "status.json", list[str]()
    path.mkdir()
    file = StatusFile(path, FIRST, warnings.append)
    for second in range(20):
        file(second * SECOND)
    assert len(warnings) == 1
    assert "cannot be written" in warnings[0]
    path.rmdir()
    file(25 * SECOND)
    assert read_status(path).written_ns == 25 * SECOND


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "is not there", id="missing"),
        pytest.param(b"\xff", "cannot be read", id="no-text"),
        pytest.param(b'{"format": 1', "is not JSON", id="cut-short"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StatusError, match=words):
        read_status(path)
    assert describe_last(path) is None
    assert not is_taken(path, 0)


def write(path: Path, status: DaemonStatus, now_ns: int) -> None:
    StatusFile(path, status, print)(now_ns)


def test_a_running_daemons_file_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write(path, DaemonStatus(os.getppid(), "0", 0, 0), 5 * SECOND)
    assert is_taken(path, 9 * SECOND)
    assert not is_taken(path, 26 * SECOND)
    assert not is_taken(path, 4 * SECOND), "it is of the boot before"
    write(path, DaemonStatus(os.getpid(), "0", 0, 0), 5 * SECOND)
    assert not is_taken(path, 9 * SECOND)
    write(path, DaemonStatus(ended_process(), "0", 0, 0), 5 * SECOND)
    assert not is_taken(path, 9 * SECOND)


def test_a_daemon_that_died_is_described(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write(path, DaemonStatus(4242, "0", 0, 0, CameraState(trying="open the camera")), 0)
    assert describe_last(path) == (
        "the daemon before (process 4242) ended without a word while it tried to open the camera"
    )
    write(path, DaemonStatus(4242, "0", 0, 0, CameraState(trying="")), 0)
    assert describe_last(path) == "the daemon before (process 4242) ended without a word"


def test_only_other_processes_that_are_there_are_alive() -> None:
    assert is_alive(os.getppid())
    assert is_alive(1)
    assert not is_alive(ended_process())
    assert not is_alive(os.getpid())
