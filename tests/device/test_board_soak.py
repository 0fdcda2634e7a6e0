"""A small soak, and that a soak can fail: `tests/board/soak.py` is run at length before a release."""

import json
import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from facelatch.frames import Frame
from facelatch.supervision.health import HealthRule, Trouble
from facelatch.supervision.supply import SupplyWatch
from tests.board import faults_page, flaky_sdk, soak
from tests.board.faults import FAULTS, SECOND, SERIAL, Device, SimulatedCamera
from tests.board.weak_supply import WeakSupply
from tests.requirements import need_module


def test_nothing_unlocks_on_a_camera_that_is_not_trusted_and_each_fault_is_recovered_from() -> None:
    found = soak.soak_simulated(frames=500, recoveries=12, seed=1)
    assert found.wrong == []
    # The first one is played before the memory is watched.
    assert found.recoveries == 13
    assert found.device.frames >= 500
    assert found.releases > 20
    assert len({row["fault"] for row in found.rows()}) == 13


def test_so_it_is_on_the_sdks_playback() -> None:
    need_module("pyrealsense2")
    found = soak.soak_sdk(recoveries=7, seed=1)
    assert found.wrong == []
    assert len(found.rows()) == len(found.device.kinds) == 7
    assert found.releases > 0


@pytest.mark.parametrize(
    ("health", "fault", "complaint"),
    [
        pytest.param({"frames_to_trust": 1}, "unplugged", "released after", id="trusts-too-soon"),
        pytest.param({"ahead_s": math.inf}, "time jumps ahead", "released after", id="trusts-any-clock"),
        pytest.param({"garbage_s": 20.0}, "truncated", "noticed after", id="bears-garbage"),
        pytest.param({"still_s": 40.0, "stall_s": 40.0}, "frozen", "took", id="bears-a-frozen-stream"),
        pytest.param({"garbage_s": 500.0}, "truncated", "not recovered", id="never-comes-back"),
        pytest.param({"still_s": 20.0}, "frozen", "frozen was never told", id="tells-another-trouble"),
    ],
)
def test_a_soak_can_fail(health: dict[str, float], fault: str, complaint: str) -> None:
    rule = replace(HealthRule(), **health)  # type: ignore[arg-type]
    kinds = tuple(kind for kind in FAULTS if kind.name.startswith(fault))
    assert kinds
    found = soak.soak_simulated(frames=1000, recoveries=5, seed=1, health=rule, kinds=kinds)
    assert found.wrong
    assert complaint in "; ".join(found.wrong)


class Disguised(SimulatedCamera):
    """A camera that always says that it is the right one."""

    def __init__(self, device: Device) -> None:
        super().__init__(device, device.open().serial)
        self.shown, self.serial = self.serial, SERIAL

    def _next(self) -> Frame:
        self.serial = self.shown
        try:
            return super()._next()
        finally:
            self.serial = SERIAL


def test_a_foreign_camera_would_open_the_door_if_nobody_looked_at_its_number() -> None:
    kinds = tuple(kind for kind in FAULTS if kind.trouble is Trouble.WRONG_SERIAL)
    found = soak.soak_simulated(frames=1, recoveries=5, seed=1, kinds=kinds, open_camera=Disguised)
    assert "trusted after 0 good frames" in found.wrong[0]


def test_a_camera_that_was_pulled_out_is_of_no_use_in_another_port() -> None:
    kept: list[SimulatedCamera] = []

    def open_once(device: Device) -> SimulatedCamera:
        if not kept:
            kept.append(device.open())
        device.now_ns += SECOND
        return kept[0]

    kinds = tuple(kind for kind in FAULTS if kind.name == "plugged into another port")
    found = soak.soak_simulated(frames=1, recoveries=1, seed=1, kinds=kinds, open_camera=open_once)
    assert "not recovered" in found.wrong[0]


def test_what_was_not_measured_has_failed() -> None:
    found = soak.Soak(Device(Random(1)), 1, soak.SHORTEST_WATCH)
    found.releases = 1
    found.recoveries = len(FAULTS)
    found.device.foreign_resets = 2
    found.finish()
    memory, unseen, resets = found.wrong
    assert "grew by inf MB" in memory
    assert all(fault.name in unseen for fault in FAULTS)
    assert "reset 2 times" in resets


@pytest.mark.parametrize(
    ("every_s", "complaint"),
    [
        pytest.param(29.0, "", id="as-the-daemon-reads"),
        pytest.param(77.0, "weak supply was told", id="too-rarely"),
    ],
)
def test_a_weak_supply_is_told_in_time(tmp_path: Path, every_s: float, complaint: str) -> None:
    weak = WeakSupply(tmp_path)
    watch = SupplyWatch(weak.read, weak.told, every_s)
    for second in range(1, 10_000):
        weak.pass_time(second * SECOND)
        watch(second * SECOND)
    assert complaint in "; ".join(weak.finish())
    assert bool(weak.finish()) == bool(complaint)
    (row,) = weak.rows()
    assert row["times"] == 8
    assert row["noticed_s"] == pytest.approx(every_s, abs=12)


def test_a_daemon_that_ends_too_soon_did_not_hang() -> None:
    assert soak.judge_hang({"fault": "hang", "took_s": 17.9, "bound_s": 20.0}) == []
    assert "took 0.2 s" in soak.judge_hang({"fault": "hang", "took_s": 0.2, "bound_s": 20.0})[0]
    assert "took 20.3 s" in soak.judge_hang({"fault": "hang", "took_s": 20.3, "bound_s": 20.0})[0]


def test_no_sdk_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main(["--sdk-recoveries", "1"], has_sdk=False) == 2
    assert "needs pyrealsense2" in capsys.readouterr().err


def test_each_trouble_that_the_code_knows_is_played_and_documented() -> None:
    assert {fault.trouble for fault in FAULTS} == set(Trouble)
    page = faults_page.PAGE.read_text().partition("## How to look")[0]
    assert [trouble for trouble in Trouble if f"`{trouble}`" not in page] == []


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
        "3",
        "--log",
        str(path),
    ]
    # How long a hang lasts in real time is for `make soak` on a machine of its own; `test_commands_run` hangs a daemon.
    assert soak.main(words, measure=lambda _, watchdog_s: 0.9 * watchdog_s) == 0
    assert "3 recoveries" in capsys.readouterr().out
    log = json.loads(path.read_text())
    page = faults_page.replace_tables(faults_page.PAGE.read_text(), [log])
    assert all(f"| {row['fault']} |" in page for row in log["rows"])
    assert [row["took_s"] for row in log["rows"] if "real time" in row["fault"]] == [2.7]


def test_other_logs_are_merged() -> None:
    row = {"board": "arm64", "fault": "killed | hung", "noticed": "a", "happens": "b", "took_s": 0.5}
    tables = faults_page.replace_tables(faults_page.PAGE.read_text(), [{"rows": [row]}, [row]])
    assert tables.count("| arm64 | killed \\| hung | a | b | 0.5 s |") == 2


def test_the_page_in_the_documentation_is_of_its_log() -> None:
    assert faults_page.main(["--check"]) == 0


def test_the_log_in_the_documentation_is_of_the_faults_that_are_played_today() -> None:
    """Run `make soak` where this fails."""
    log = json.loads((faults_page.DOCS / "faults.json").read_text())
    logged = {row["fault"]: (row["noticed"], row["happens"], row["bound_s"]) for row in log["rows"]}
    played = {
        fault.name: (fault.noticed, fault.happens, round(soak.bound_s(fault), 1))
        for fault in (*FAULTS, *flaky_sdk.FAULTS)
    }
    assert {name: facts for name, facts in logged.items() if name in played} == played
    assert log["parts"]["simulated"]["frames"] >= 200_000
    assert log["parts"]["simulated"]["recoveries"] >= 2_000
    assert "the supply is weak, the board throttles" in logged
    assert all(part["wrong"] == 0 and part["grew_mb"] < soak.LEAKS_MB for part in log["parts"].values())
