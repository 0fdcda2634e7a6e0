"""A camera driver whose library hangs, as a package that can be put on a path; and how long a daemon bears it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.processes import ROOT

DRIVER = """
import ctypes, sys, time

class Camera:
    driver, serial = "hanging", "7"

    def __init__(self, settings):
        pass

    def frames(self):
        print(time.monotonic(), file=sys.stderr, flush=True)
        # A library's call that never returns and keeps Python's lock.
        yield ctypes.PyDLL(None).pause()

    def close(self):
        pass
"""


def install(folder: Path) -> None:
    """Put the package there; its driver is `hanging`."""
    facts = folder / "hanging-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: hanging\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[facelatch.cameras]\nhanging = hanging:Camera\n")
    (folder / "hanging.py").write_text(DRIVER)


def start(folder: Path, watchdog_s: float, *words: object) -> "subprocess.Popen[str]":
    """A daemon with that driver, its status and templates in the folder, watched as by the service manager."""
    config = folder / "facelatch.toml"
    places = {"status": str(folder / "status.json"), "folder": str(folder / "templates")}
    config.write_text(
        f'[camera]\ndriver = "hanging"\n[daemon]\nstatus = {json.dumps(places["status"])}\n'
        f"[store]\nfolder = {json.dumps(places['folder'])}\n"
    )
    paths = os.pathsep.join((str(ROOT / "device"), str(folder)))
    return subprocess.Popen(
        [sys.executable, "-m", "facelatch.cli", "run", "--config", str(config), *map(str, words)],
        env=os.environ
        | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "WATCHDOG_USEC": str(round(watchdog_s * 1e6))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def measure_hang_s(folder: Path, watchdog_s: float) -> float:
    """For how long a daemon hangs until it ends itself."""
    install(folder)
    with start(folder, watchdog_s) as process:
        assert process.stderr is not None
        hung_s = float(process.stderr.readline())
        process.communicate(timeout=2 * watchdog_s + 60)
    return time.monotonic() - hung_s
