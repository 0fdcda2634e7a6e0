"""Writes the tables of `docs/faults.md` from logs of runs, so that no number in it is from memory.

    python -m tests.board.faults_page [--check] [LOG ...]

Without logs: `docs/faults.json`, the soak's, and `docs/board-tests.json`, that of the board tests, where it is there.
The text around the tables stays as it is. `--check` writes nothing and ends with 1 where the page is out of date.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "faults.md"
LOGS = (DOCS / "faults.json", DOCS / "board-tests.json")
_BEGIN, _END = "<!-- tables: python -m tests.board.faults_page -->", "<!-- end of tables -->"


def main(words: Sequence[str] | None = None) -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("logs", nargs="*", type=Path, metavar="LOG")
    arguments = parser.parse_args(words)
    logs = arguments.logs or [path for path in LOGS if path.exists()]
    page = PAGE.read_text()
    fresh = replace_tables(page, [json.loads(path.read_text()) for path in logs])
    if arguments.check:
        if fresh != page:
            print(f"{PAGE} is older than its logs; run python -m tests.board.faults_page", file=sys.stderr)
        return 0 if fresh == page else 1
    PAGE.write_text(fresh)
    return 0


def replace_tables(page: str, logs: Sequence[Any]) -> str:
    """The page with the tables of these logs."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise SystemExit(f"{PAGE}: has no line {_BEGIN} or none {_END} after it")
    tables = "\n\n".join(to_table(log) for log in logs)
    return f"{before}{_BEGIN}\n\n{tables}\n\n{_END}{after}"


def to_table(log: Any) -> str:
    """One log's rows; a log is an object with `rows`, or the rows themselves."""
    rows: Sequence[Mapping[str, Any]] = log["rows"] if isinstance(log, dict) else log
    head: tuple[str, ...] = ("fault", "how it is noticed", "what happens")
    body: list[tuple[str, ...]]
    if any("bound_s" in row for row in rows):
        head = (*head, "noticed within", "back after", "bound")
        body = [(*_told(row), f"{row['noticed_s']} s", _back(row), f"{row['bound_s']:g} s") for row in rows]
    else:
        head = ("board", *head, "took")
        body = [(row.get("board", ""), *_told(row), f"{row['took_s']:g} s") for row in rows]
    lines = [head, tuple("---" for _ in head), *body]
    table = "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)
    return "\n\n".join(part for part in (_run(log), table) if part)


def _told(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["fault"], row["noticed"], row["happens"]


def _back(row: Mapping[str, Any]) -> str:
    return f"{row['median_s']} s, at most {row['took_s']} s ({row['times']} times)"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _run(log: Any) -> str:
    """What the log says of the run as a whole."""
    if not isinstance(log, dict) or "parts" not in log:
        return ""
    names = {"simulated": "Simulated device", "sdk": "RealSense SDK, playing a recording"}
    return "\n".join(
        f"- {names.get(name, name)}: {part['frames']:,} frames, {part['recoveries']:,} faults and as many recoveries "
        f"in {part['simulated_h']:g} simulated hours; {part['releases']:,} releases of the lock, "
        f"{part['wrong']} of them or anything else wrong; resident memory grew by {part['grew_mb']:g} MB."
        for name, part in log["parts"].items()
    )


if __name__ == "__main__":
    sys.exit(main())
