import stat
from pathlib import Path

import pytest

from facelatch.event_log import EventLog
from facelatch.events import Event, Notice, parse
from facelatch.session import Outcome
from tests.factories import MOMENT

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


@pytest.mark.parametrize("path", [Path("/dev/full"), Path("/nowhere/events")], ids=["disk-full", "no-folder"])
def test_what_cannot_be_written_is_said_and_does_not_stop_the_door(path: Path) -> None:
    warnings: list[str] = []
    EventLog(path, warnings.append)(GRANTED)
    assert len(warnings) == 1
    assert str(path) in warnings[0]
    assert '"granted"' in warnings[0]
