from dataclasses import replace

import pytest

from facelatch.diagnosis.checks import Finding, Status, worst
from facelatch.status import CameraState, DaemonStatus, LastEvent
from facelatch.status_report import judge, judge_lock, to_duration, to_object
from facelatch.supervision.health import Trouble

SECOND = 1_000_000_000
NOW = 10_000 * SECOND
WELL = DaemonStatus(
    pid=77,
    version="0.1.0",
    started_ns=NOW - 7200 * SECOND,
    written_ns=NOW - 2 * SECOND,
    camera=CameraState("7", is_trusted=True, trying="", recoveries=3),
    camera_since_ns=NOW - 600 * SECOND,
    last=LastEvent("granted", "2026-03-01T07:30:00.250Z", "ada", None),
    enrolled=2,
    supply=(),
)
LOST = CameraState(
    "7", trouble=Trouble.STALLED, sentence="no frame within 5 s", trying="reset the device, in 4 s"
)


def find(status: DaemonStatus, name: str, is_alive: bool = True) -> Finding:
    (found,) = [finding for finding in judge(status, NOW, is_alive) if finding.name == name]
    return found


def test_all_is_well() -> None:
    findings = judge(WELL, NOW, True)
    assert worst(findings) is Status.OK
    assert [finding.found for finding in findings] == [
        "0.1.0, running for 2 h (process 77)",
        "camera 7 trusted for 10 min, recovered 3 times",
        "2 enrolled; last: granted (ada) at 2026-03-01T07:30:00.250Z",
        "0 refusals in a row",
        "good",
    ]


@pytest.mark.parametrize(
    ("status", "name", "level", "words"),
    [
        pytest.param(
            replace(WELL, camera=LOST), "camera", Status.FAIL, "stalled, for 10 min: no frame", id="lost"
        ),
        pytest.param(
            replace(WELL, camera=CameraState()), "camera", Status.FAIL, "not trusted yet", id="opening"
        ),
        pytest.param(
            replace(WELL, supply=("under-voltage now",)), "supply", Status.FAIL, "under-voltage now", id="low"
        ),
        pytest.param(
            replace(WELL, supply=("throttled since boot",)), "supply", Status.WARN, "since boot", id="was-low"
        ),
        pytest.param(replace(WELL, supply=None), "supply", Status.OK, "not told", id="another-board"),
        pytest.param(
            replace(WELL, refusals=5, locked_until_ns=NOW + 25 * SECOND),
            "guessing",
            Status.WARN,
            "locked out for another 25 s after 5",
            id="locked-out",
        ),
        pytest.param(
            replace(WELL, refusals=5, locked_until_ns=NOW - 1), "guessing", Status.OK, "5 ref", id="over"
        ),
        pytest.param(replace(WELL, enrolled=0), "door", Status.WARN, "nobody is enrolled", id="nobody"),
        pytest.param(replace(WELL, last=None), "door", Status.OK, "nobody came yet", id="new"),
        pytest.param(
            replace(WELL, written_ns=NOW - 21 * SECOND), "daemon", Status.FAIL, "hangs", id="silent"
        ),
        pytest.param(
            replace(WELL, written_ns=NOW + SECOND), "daemon", Status.FAIL, "hangs", id="from-another-boot"
        ),
    ],
)
def test_what_is_told(status: DaemonStatus, name: str, level: Status, words: str) -> None:
    found = find(status, name)
    assert found.status is level
    assert words in found.found
    assert found.hint or level is Status.OK


@pytest.mark.parametrize(
    ("left_ms", "level", "words"),
    [
        (0, Status.OK, "secured"),
        (2500, Status.OK, "released for 2.5 s yet"),
        (None, Status.WARN, "nobody answers at /run/x, so its state is not known"),
    ],
)
def test_what_the_keeper_says_of_the_lock(left_ms: int | None, level: Status, words: str) -> None:
    found = judge_lock(left_ms, "/run/x")
    assert (found.status, found.found) == (level, words)


def test_what_is_being_tried_is_told() -> None:
    assert find(replace(WELL, camera=LOST), "camera").hint == "trying to reset the device, in 4 s"


def test_a_daemon_that_is_gone_tells_nothing_of_the_rest() -> None:
    (only,) = judge(WELL, NOW, False)
    assert (only.status, only.found) == (Status.FAIL, "process 77 is gone; it was last heard of 2 s ago")


def test_programs_get_the_facts() -> None:
    record = to_object(WELL, judge(WELL, NOW, True), NOW)
    assert (record["healthy"], record["status"]) == (True, "ok")
    daemon = record["daemon"]
    assert isinstance(daemon, dict)
    assert (daemon["age_s"], daemon["camera"]["trusted"], daemon["locked_out_s"]) == (2.0, True, 0.0)
    assert to_object(None, [Finding("daemon", Status.FAIL, "gone")], NOW)["daemon"] is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 days")],
)
def test_durations_are_told_as_people_do(seconds: float, text: str) -> None:
    assert to_duration(seconds) == text
