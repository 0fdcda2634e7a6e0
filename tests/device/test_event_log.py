import stat
from pathlib import Path

import pytest

from facelatch.errors import ConfigError
from facelatch.event_log import EventLog, check_path
from facelatch.events import Event, Notice, parse
from facelatch.session import Outcome
from tests.factories import MOMENT
from tests.processes import run_python

GRANTED = Event(Outcome.GRANTED, MOMENT, "7", user="ada", distance=0.4, threshold=0.6)
STOPPED = Event(Notice.STOPPED, MOMENT, "7")


def refuse(text: str) -> None:
    raise AssertionError(text)


def test_lines_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    log = EventLog(None, refuse)
    log(GRANTED)
    log(STOPPED)
    assert [parse(line) for line in capsys.readouterr().out.splitlines()] == [GRANTED, STOPPED]


def test_a_file_is_appended_to_and_private(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    EventLog(path, refuse)(GRANTED)
    path.rename(tmp_path / "rotated")
    log = EventLog(path, refuse)
    log(GRANTED)
    log(STOPPED)
    assert [parse(line) for line in path.read_text().splitlines()] == [GRANTED, STOPPED]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


FULL_DISK = """
import resource, sys
from pathlib import Path
from facelatch.event_log import EventLog
from tests.device.test_event_log import GRANTED
path = Path(sys.argv[1])
log = EventLog(path, print)
log(GRANTED)
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, size + 20))
log(GRANTED)
"""


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "events"
    assert "could not be written (File too large)" in run_python(FULL_DISK, str(path))
    EventLog(path, refuse)(STOPPED)
    assert [parse(line) for line in path.read_text().splitlines()] == [GRANTED, STOPPED]


@pytest.mark.parametrize("name", ["new", "old", "/dev/null"])
def test_a_path_that_can_be_appended_to(tmp_path: Path, name: str) -> None:
    (tmp_path / "old").touch()
    check_path(tmp_path / name)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("name", "words"), [("gone/events", "cannot be written"), ("", "is a folder"),
                                             ("file/events", "cannot be")])  # fmt: skip
def test_a_path_that_cannot_is_refused_with_a_remedy(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").touch(mode=0o600)
    with pytest.raises(ConfigError, match=f"{words}.*name a file in a folder"):
        check_path(tmp_path / name)


@pytest.mark.parametrize("path", [Path("/dev/full"), Path("/nowhere/events")], ids=["disk-full", "no-folder"])
def test_what_cannot_be_written_is_said_and_does_not_stop_the_door(path: Path) -> None:
    warnings: list[str] = []
    EventLog(path, warnings.append)(GRANTED)
    assert len(warnings) == 1
    assert str(path) in warnings[0]
    assert '"granted"' in warnings[0]
