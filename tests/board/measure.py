"""Measures what `facelatch bench` cannot: whole processes. It judges nothing; a board's numbers are read by people.

    python tests/board/measure.py [--json] [--runs N] [--bundle FOLDER] [--runtime NAME]

- memory: the daemon's, while it watches the demonstration's recording of the owner: resident after its last event,
  and the highest that the kernel saw (VmRSS and VmHWM of /proc/PID/status, in MiB of 2^20 bytes). A camera's SDK
  is not in it, as the frames come from a folder.
- time: from the start of a `facelatch verify` process to its answer on standard output, on the same recording. The
  first run is not counted: it brings the program, the model and the recording into the page cache.

Runs wherever the tests' environment is set up, beside a running service as well: settings, templates and the lock
of this machine are not touched.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "tests" / "data" / "demo"
TURNS, VISIT = DEMO / "owner" / "enrol", DEMO / "owner" / "poses"
PULSE_S = 1.0
"""The daemon waits for so long once it has granted: time enough to ask for its memory."""


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
    parser.add_argument("--runs", type=int, default=7, help="counted runs of verify (default: 7)")
    parser.add_argument("--bundle", default="default", help="the model (default: the shipped one)")
    parser.add_argument("--runtime", default="ai-edge-litert", help="default: ai-edge-litert")
    arguments = parser.parse_args(words)
    if arguments.runs < 1:
        parser.error(f"--runs must be at least 1, found {arguments.runs}")
    with tempfile.TemporaryDirectory(prefix="facelatch-measure-") as name:
        board = Setting(Path(name), arguments.bundle, arguments.runtime)
        board.answer("enrol", "owner", "--capture", str(TURNS))
        record = {
            "model": arguments.bundle,
            "runtime": arguments.runtime,
            "daemon": measure_memory(board),
            "verify": measure_verify(board, arguments.runs),
        }
    print(json.dumps(record, indent=2) if arguments.json else to_text(record))
    return 0


class Setting:
    """Commands of this checkout with settings and templates in a folder of their own."""

    def __init__(self, folder: Path, bundle: str, runtime: str) -> None:
        self._config = folder / "facelatch.toml"
        bundle = bundle if bundle == "default" else str(Path(bundle).absolute())
        self._config.write_text(
            f"[model]\nbundle = {json.dumps(bundle)}\nruntime = {json.dumps(runtime)}\n"
            f"[store]\nfolder = {json.dumps(str(folder / 'templates'))}\n"
            f"[lock]\npulse_s = {PULSE_S}\n"
        )

    def start(self, command: str, *words: str) -> "subprocess.Popen[str]":
        """The command as a process, its standard output to be read."""
        return subprocess.Popen(
            [sys.executable, "-m", "facelatch.cli", command, *words, "--config", str(self._config)],
            env=os.environ | {"PYTHONPATH": str(ROOT / "device")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def answer(self, command: str, *words: str) -> tuple[str, float]:
        """What the command prints and the seconds until its first line; ends the program where it fails.

        A refusal is an answer too: which one it is is the tests' affair.
        """
        started_ns = time.monotonic_ns()
        with self.start(command, *words) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            seconds = (time.monotonic_ns() - started_ns) / 1e9
            _, said = process.communicate()
        if not line:
            sys.exit(f"facelatch {command} gave no answer (status {process.returncode}): {said.strip()}")
        return line.strip(), seconds


def measure_memory(board: Setting) -> Mapping[str, object]:
    """The daemon's memory in MiB, and the events behind it."""
    events: list[str] = []
    memory: tuple[float, float] | None = None
    with board.start("run", "--capture", str(VISIT)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            events.append(json.loads(line)["event"])
            # After its last event the process may be gone; what was read before stands.
            memory = read_memory_mib(process.pid) or memory
        said = process.communicate()[1]
    if memory is None or len(events) < 3:
        sys.exit(f"facelatch run decided nothing (status {process.returncode}): {said.strip()}")
    return {"resident_mib": round(memory[0], 1), "highest_mib": round(memory[1], 1), "events": events}


def read_memory_mib(process: int) -> tuple[float, float] | None:
    """Resident now and at its highest; None once the process has ended."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", text, re.MULTILINE))
    return (int(found["VmRSS"]) / 1024, int(found["VmHWM"]) / 1024) if len(found) == 2 else None


def measure_verify(board: Setting, runs: int) -> Mapping[str, object]:
    """Seconds from a process's start to its answer, over so many runs after one that is not counted."""
    words = ("verify", "owner", "--capture", str(VISIT), "--json")
    answers = [board.answer(*words) for _ in range(runs + 1)][1:]
    seconds = sorted(taken for _, taken in answers)
    return {
        "runs": runs,
        "median_s": round(median(seconds), 3),
        "min_s": round(seconds[0], 3),
        "max_s": round(seconds[-1], 3),
        "outcomes": sorted({json.loads(line)["outcome"] for line, _ in answers}),
    }


def to_text(record: Mapping[str, object]) -> str:
    """The record for people."""
    daemon, verify = record["daemon"], record["verify"]
    assert isinstance(daemon, Mapping)
    assert isinstance(verify, Mapping)
    return (
        f"model {record['model']}, {record['runtime']}\n"
        f"daemon: {daemon['resident_mib']} MiB resident, {daemon['highest_mib']} MiB at its highest "
        f"({', '.join(daemon['events'])})\n"
        f"verify: {verify['median_s']} s from the process's start to its answer, median of {verify['runs']} runs "
        f"({verify['min_s']} to {verify['max_s']} s; {', '.join(verify['outcomes'])})"
    )


if __name__ == "__main__":
    sys.exit(main())
