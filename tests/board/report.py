"""What a run of the board tests proved, for people and for docs/board-tests.json."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Row:
    """One fault and what became of it; `took_s` is by the board's own clock."""

    board: str
    fault: str
    noticed: str
    happens: str
    took_s: float


@dataclass(slots=True)
class Findings:
    """The rows of one board as they are found; `say` tells each at once."""

    board: str
    say: Callable[[str], object]
    rows: list[Row]

    def add(self, fault: str, noticed: str, happens: str, took_s: float) -> None:
        """Keep a row."""
        self.rows.append(Row(self.board, fault, noticed, happens, round(took_s, 2)))
        self.say(f"  proved: {fault} -> {happens} ({took_s:.2f} s; noticed by {noticed})")


def revision() -> str:
    """The commit that ran; "-dirty" where the files differed from it."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def write(path: Path, rows: list[Row], versions: Mapping[str, str], wall_s: Mapping[str, float]) -> None:
    """Keep a run's log: rows, what it ran on, and how long each board took to watch."""
    log = {
        "clock": "took_s is by the board's own clock, one nanosecond for each instruction",
        "versions": dict(versions),
        "wall_s": {name: round(seconds) for name, seconds in wall_s.items()},
        "rows": [asdict(row) for row in rows],
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(log, indent=1, ensure_ascii=False) + "\n")
