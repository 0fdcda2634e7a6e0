"""Scripts in a process of their own, for what a test must not do to itself: limits, kills, fresh imports."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_python(script: str, *arguments: str, timeout_s: float = 60) -> str:
    """What the script prints; it imports what tests import, and must end with status 0."""
    paths = os.pathsep.join(str(ROOT / part) for part in ("device", "converter", "."))
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
