"""The script of tests/board that measures whole processes; what it finds is the machine's affair."""

import json
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT


def test_it_measures_the_daemon_and_verify(bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "tests/board/measure.py", "--json", "--runs", "1", "--bundle", str(bundle)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    daemon, verify = record["daemon"], record["verify"]
    assert daemon["events"] == ["started", "granted", "stopped"]
    assert 10 < daemon["resident_mib"] <= daemon["highest_mib"]
    assert (verify["runs"], verify["outcomes"]) == (1, ["granted"])
    assert 0 < verify["min_s"] == verify["median_s"] == verify["max_s"]
