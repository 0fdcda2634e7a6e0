"""The board tests: `make board-test`, or `python -m tests.board [BOARD...]` for some of them."""

import argparse
import fcntl
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tests.board import gpio_sim, image, needs, pl061, raspberry, report
from tests.board.boards import powered
from tests.board.image import Image
from tests.board.needs import CheckError, NeedError
from tests.board.packages import SUITE
from tests.board.wheels import PYTHON

ROOT = Path(__file__).resolve().parents[2]
LOG = ROOT / "docs" / "board-tests.json"
BOARDS: dict[str, ModuleType] = {"gpio-sim": gpio_sim, "pl061": pl061, "raspberry": raspberry}
NICE = 8


def main(words: Sequence[str] | None = None) -> int:
    """Run them: 0 where all held, 1 where one did not, 2 where they cannot run here."""
    parser = argparse.ArgumentParser(prog="python -m tests.board", description=__doc__)
    parser.add_argument(
        "boards", nargs="*", metavar="BOARD", help=f"some of {', '.join(BOARDS)} (default: all)"
    )
    parser.add_argument(
        "--log", type=Path, help="where to keep what was found (default: docs/board-tests.json)"
    )
    arguments = parser.parse_args(words)
    unknown = [name for name in arguments.boards if name not in BOARDS]
    if unknown:
        parser.error(f"there is no board {unknown[0]!r}; known are {', '.join(BOARDS)}")
    # Ended by a signal, it ends its machine too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    os.nice(max(NICE - os.nice(0), 0))
    # A run of some boards must not pass for one of all.
    log = arguments.log or (None if arguments.boards else LOG)
    try:
        needs.check()
        with _alone(needs.cache_folder()) as cache:
            return _run_all(arguments.boards or list(BOARDS), cache, log)
    except NeedError as error:
        print(error, file=sys.stderr)
        return 2


def _run_all(names: Sequence[str], cache: Path, log: Path | None) -> int:
    started_s = time.monotonic()
    rows: list[report.Row] = []
    failed: list[str] = []
    wall_s: dict[str, float] = {}
    kernels: dict[str, str] = {}
    images: dict[str, Image] = {}
    for name in names:
        begun_s = time.monotonic()
        board = BOARDS[name].BOARD
        print(f"{name}: {board.name}", flush=True)
        try:
            if board.architecture not in images:
                images[board.architecture] = image.build(board.architecture, cache)
            kernels[board.architecture] = images[board.architecture].release
            rows += _run(name, images[board.architecture], cache)
        except CheckError as error:
            failed.append(name)
            print(f"  FAILED: {error}", flush=True)
        wall_s[name] = time.monotonic() - begun_s
        print(f"  {name} took {wall_s[name]:.0f} s to watch", flush=True)
    if failed:
        print(f"board tests failed: {', '.join(failed)}")
        return 1
    if log is not None:
        report.write(log, rows, _versions(kernels), wall_s)
        print(f"{len(rows)} faults written to {log}")
    print(f"all boards held, {time.monotonic() - started_s:.0f} s")
    return 0


def _run(name: str, files: Image, cache: Path) -> list[report.Row]:
    scenario = BOARDS[name]
    findings = report.Findings(scenario.BOARD.name, lambda text: print(text, flush=True), [])
    with powered(scenario.BOARD, files, cache / "runs" / name) as machine:
        findings.say(f"  started, {machine.must('systemctl --version').splitlines()[0]}")
        scenario.run(machine, findings)
    if not findings.rows:
        raise CheckError("nothing was proved")
    return findings.rows


@contextmanager
def _alone(cache: Path) -> Iterator[Path]:
    """One run at a time: images are built anew and two machines would slow each other down."""
    with (cache / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NeedError(f"another run of the board tests uses {cache}; wait for its end") from None
        yield cache


def _versions(kernels: dict[str, str]) -> dict[str, str]:
    qemu = subprocess.run(
        ["qemu-system-aarch64", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return {
        "facelatch": report.revision(),
        "qemu": qemu.split("version ")[1].split()[0],
        "python": PYTHON,
        "debian": SUITE,
        "host": platform.machine(),
    } | {f"linux {architecture}": release for architecture, release in kernels.items()}


if __name__ == "__main__":
    sys.exit(main())
