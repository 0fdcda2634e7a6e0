"""The board tests' own judgement: what is missing is named, and no figure is smaller than the truth."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.board import needs, packages, report, wheels
from tests.board.machine import Machine
from tests.board.needs import CheckError, NeedError
from tests.board.timing import seconds_until


class Console(Machine):
    """A machine that says what it is told to say."""

    def __init__(self, *said: str, unread: int = 0) -> None:
        self.said = said
        self.unread = unread
        self.heard = ""
        self.spoken = 0

    def start(self, script: str) -> None:
        self.heard = script

    def lines(self, within_s: float) -> Iterator[str]:
        for line in self.said:
            self.spoken += 1
            yield line

    def pending(self) -> int:
        return self.unread


def test_missing_programs_and_the_script_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        NeedError, match=r"need no-such-program, .*keyring: run tests/board/install-debian-packages\.sh"
    ):
        needs.check(["sh", "no-such-program"], tmp_path / "keyring")


def test_nothing_missing_is_no_refusal(tmp_path: Path) -> None:
    needs.check(["sh"], tmp_path)


def test_the_script_installs_what_brings_the_programs() -> None:
    assert (wheels.ROOT / needs.SCRIPT).stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("unread", "taken_s"), [pytest.param(0, 0.4, id="awake"), pytest.param(2, 0.6, id="two-lines-behind")]
)
def test_a_moment_after_the_look_counts(unread: int, taken_s: float) -> None:
    console = Console(*(f"tick 5.00 5.{tenth}0" for tenth in range(1, 9)), "board-done 0", unread=unread)
    # Seen to be low after the second line. The third may have been on its way by then.
    taken = seconds_until(console, "kill 1", lambda: console.spoken >= 2, 1, "low")
    assert taken == pytest.approx(taken_s)
    assert console.heard == "board-ticks 1 kill 1"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(("tick 5.00 5.01", "board-done 0"), id="never"),
        pytest.param(
            ("tick 5.00 5.99", "tick 5.00 6.10", "tick 5.00 6.12", "tick 5.00 6.14", "board-done 0"),
            id="too-late",
        ),
        pytest.param(("tick 5.00 5.01", "tick 5.00 5.02"), id="seen-but-nothing-bounds-it"),
        pytest.param(("board-done 1",), id="no-tick"),
        pytest.param((), id="silence"),
    ],
)
def test_what_was_not_seen_in_time_has_failed(said: tuple[str, ...]) -> None:
    console = Console(*said)
    with pytest.raises(CheckError, match="the door: not within 1 s"):
        seconds_until(console, "kill 1", lambda: console.spoken >= 2, 1, "the door")


def test_a_log_holds_rows_and_versions(tmp_path: Path) -> None:
    said: list[str] = []
    findings = report.Findings("board", said.append, [])
    findings.add("fault", "eye", "secured", 0.123)
    report.write(tmp_path / "docs" / "log.json", findings.rows, {"qemu": "7"}, {"board": 61.4})
    log = json.loads((tmp_path / "docs" / "log.json").read_text())
    assert log["rows"] == [
        {"board": "board", "fault": "fault", "noticed": "eye", "happens": "secured", "took_s": 0.12}
    ]
    assert log["versions"] == {"qemu": "7"}
    assert log["wall_s"] == {"board": 61}
    assert "secured" in said[0]


@pytest.mark.parametrize("architecture", ["arm64", "amd64"])
def test_a_board_gets_what_its_own_python_needs(architecture: str) -> None:
    wanted = wheels.requirements(architecture)
    names = {text.split("<")[0].split(">")[0].split("=")[0] for text in wanted}
    assert {"numpy", "opencv-python-headless", "ai-edge-litert", "cryptography", "gpiod"} <= names
    # It has no wheels for the boards' Python.
    assert "tflite-runtime" not in names


def test_the_kernel_comes_from_the_same_release() -> None:
    assert packages.KERNEL_SUITE.startswith(packages.SUITE)
