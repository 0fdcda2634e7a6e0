import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.errors import StatusError
from facelatch.status import CameraState, DaemonStatus, LastEvent, parse, to_json
from facelatch.supervision.health import Trouble

MOMENT = "2026-03-01T07:30:00.250Z"
FULL = DaemonStatus(
    pid=77,
    version="0.1.0",
    started_ns=5,
    written_ns=9,
    camera=CameraState("7", False, Trouble.STALLED, "no frame within 5 s", "restart the stream, in 0.5 s", 3),
    camera_since_ns=6,
    last=LastEvent("granted", MOMENT, "ada", None),
    refusals=2,
    locked_until_ns=10**12,
    enrolled=4,
    supply=("under-voltage now",),
)
PLAIN = DaemonStatus(1, "0", 0, 0)


@pytest.mark.parametrize("status", [FULL, PLAIN], ids=["full", "plain"])
def test_it_comes_back_as_it_was(status: DaemonStatus) -> None:
    text = to_json(status)
    assert text.isascii()
    assert "\n" not in text
    assert parse(text, "file") == status


def test_it_tells_no_distance() -> None:
    assert "distance" not in to_json(FULL)


def test_a_drivers_words_do_no_harm() -> None:
    camera = CameraState("\x1b[2J", sentence="x\n" * 1000, trouble=Trouble.DRIVER_FAILED)
    found = parse(to_json(DaemonStatus(1, "0", 0, 0, camera)), "file").camera
    assert found.serial == r"\x1b[2J"
    assert len(found.sentence) == 400
    assert found.sentence.isprintable()


def spoilt(path: str, value: Any) -> str:
    """FULL with one value replaced, or removed for `...`."""
    record = json.loads(to_json(FULL))
    *folders, name = path.split(".")
    place = record
    for folder in folders:
        place = place[folder]
    place[name] = value
    if value is ...:
        del place[name]
    return json.dumps(record)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("format", 2, id="newer"),
        pytest.param("pid", 0, id="no-process"),
        pytest.param("pid", "1", id="text-for-a-number"),
        pytest.param("camera.trusted", 1, id="number-for-a-flag"),
        pytest.param("camera.trouble", "gone", id="unknown-trouble"),
        pytest.param("camera.more", 1, id="unknown-key"),
        pytest.param("camera", None, id="no-camera"),
        pytest.param("written_ns", -1, id="negative"),
        pytest.param("last.at", "yesterday", id="no-moment"),
        pytest.param("lockout.refusals", ..., id="missing"),
        pytest.param("supply", [1], id="no-words"),
    ],
)
def test_anything_else_is_refused_by_name(path: str, value: Any) -> None:
    with pytest.raises(StatusError, match=path.rpartition(".")[2]) as caught:
        parse(spoilt(path, value), "/run/x.json")
    assert str(caught.value).startswith("/run/x.json: ")


@given(st.text(max_size=200))
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(StatusError):
        parse(text, "file")
