"""A small soak, and that a soak can fail: `tests/board/soak.py` is run at length before a release."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from facelatch.health import HealthRule
from tests.board import faults_page, soak
from tests.board.faults import FAULTS
from tests.requirements import need_module


def test_nothing_unlocks_on_a_camera_that_is_not_trusted_and_each_fault_is_recovered_from() -> None:
    found = soak.soak_simulated(frames=500, recoveries=12, seed=1)
    assert found.wrong == []
    assert (found.recoveries, found.device.frames >= 500) == (12, True)
    assert found.releases > 20
    assert all(row["times"] for row in found.rows())


def test_so_it_is_on_the_sdks_playback() -> None:
    need_module("pyrealsense2")
    found = soak.soak_sdk(recoveries=3, seed=1)
    assert found.wrong == []
    assert found.recoveries == 3
    assert found.releases > 0


@pytest.mark.parametrize(
    ("health", "fault", "complaint"),
    [
        pytest.param({"frames_to_trust": 1}, "unplugged", "released after", id="trusts-too-soon"),
        pytest.param({"ahead_s": math.inf}, "time jumps ahead", "released after", id="trusts-any-clock"),
        pytest.param({"garbage_s": 90.0}, "truncated", "noticed after", id="bears-garbage"),
        pytest.param({"still_s": 300.0}, "frozen", "took", id="bears-a-frozen-stream"),
    ],
)
def test_a_soak_can_fail(health: dict[str, float], fault: str, complaint: str) -> None:
    rule = replace(HealthRule(), **health)  # type: ignore[arg-type]
    kinds = tuple(kind for kind in FAULTS if kind.name.startswith(fault))
    assert kinds
    found = soak.soak_simulated(frames=1000, recoveries=5, seed=1, health=rule, kinds=kinds)
    assert found.wrong
    assert complaint in "; ".join(found.wrong)


def test_its_log_becomes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.json"
    words = [
        "--frames",
        "100",
        "--recoveries",
        "3",
        "--sdk-recoveries",
        "0",
        "--watchdog",
        "1",
        "--log",
        str(path),
    ]
    assert soak.main(words) == 0
    assert "3 recoveries" in capsys.readouterr().out
    log = json.loads(path.read_text())
    page = faults_page.replace_tables(faults_page.PAGE.read_text(), [log])
    assert all(f"| {row['fault']} |" in page for row in log["rows"])


def test_other_logs_are_merged() -> None:
    row = {"board": "arm64", "fault": "killed | hung", "noticed": "a", "happens": "b", "took_s": 0.5}
    tables = faults_page.replace_tables(faults_page.PAGE.read_text(), [{"rows": [row]}, [row]])
    assert tables.count("| arm64 | killed \\| hung | a | b | 0.5 s |") == 2


def test_the_page_in_the_documentation_is_of_its_log() -> None:
    assert faults_page.main(["--check"]) == 0
