"""The board tests' own judgement: what is missing is named, and no figure is smaller than the truth."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.board import gpio_sim, image, needs, packages, pulses, raspberry, report, wheels
from tests.board.machine import Answer, Machine
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


class Board(Machine):
    """A machine with a door whose lock's line and registers are as they are told to be."""

    def __init__(self, *, lock: str = "0", words: dict[int, int] | None = None) -> None:
        self.lock = lock
        self.words = words or {}
        self.ran: list[str] = []

    def run(self, script: str, within_s: float = 300) -> Answer:
        self.ran.append(script)
        if script.startswith("cat /proc/uptime"):
            return Answer((f"{10.0 * len(self.ran)} 0",), 0)
        return Answer((self.lock,), 0)

    def read_word(self, address: int) -> int:
        return self.words.get(address, 0)


def test_a_press_of_the_button_shows_nothing_where_the_lock_was_released_before() -> None:
    with pytest.raises(CheckError, match="before the button was pressed"):
        gpio_sim.Chip(Board(lock="1"), "/chip").press()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param({raspberry.LEVELS.address: 1 << 17}, "let go of it", id="an-input"),
        pytest.param({raspberry.FUNCTIONS.address: 1 << 21}, "does not show", id="low"),
    ],
)
def test_a_board_that_would_not_show_an_unlocked_door_proves_nothing(
    words: dict[int, int], complaint: str
) -> None:
    with pytest.raises(CheckError, match=complaint):
        pulses.prove(Board(words=words), raspberry.LINE, (), report.Findings("board", print, []))


def test_a_service_that_does_not_come_back_after_the_last_fault_has_failed() -> None:
    with pytest.raises(CheckError, match="no pulse for the owner: not within 60 s"):
        pulses._wait_for_pulse(Board(), raspberry.LINE, report.Findings("board", print, []))


@pytest.mark.parametrize(
    ("said", "wanted", "status"),
    [
        pytest.param("1\n", "1", 0, id="as-wanted"),
        pytest.param("0\n", "1", 1, id="other"),
        pytest.param(None, "1", 1, id="cannot-be-read"),
        pytest.param("", "", 1, id="says-nothing"),
    ],
)
def test_a_line_that_cannot_be_read_has_no_level(
    tmp_path: Path, said: str | None, wanted: str, status: int
) -> None:
    line = tmp_path / "value"
    if said is not None:
        line.write_text(said)
    script = image.GUEST / "until.sh"
    # The time is over before it begins.
    done = subprocess.run(["sh", script, "-1", line, wanted, "true"], capture_output=True, check=False)
    assert done.returncode == status


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
