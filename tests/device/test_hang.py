"""The guard ends a process, so each test has one of its own."""

import subprocess
import sys

import pytest

from tests.processes import ROOT

SCRIPT = """
import ctypes, sys, time
from facelatch.hang import HangGuard

guard = HangGuard(0.4)
guard.alive()
{body}
print("went on")
"""


def run(body: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(body=body)],
        env={"PYTHONPATH": str(ROOT / "device")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("ctypes.CDLL(None).pause()", id="in-a-library"),
        pytest.param("ctypes.PyDLL(None).pause()", id="in-a-library-that-holds-pythons-lock"),
        pytest.param("[None for _ in iter(int, 1)]", id="in-a-loop-of-python"),
    ],
)
def test_a_program_that_hangs_ends_and_says_where(call: str) -> None:
    done = run(call)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Timeout" in done.stderr
    assert 'File "<string>", line 7 in <module>' in done.stderr


def test_signs_of_life_keep_it_going() -> None:
    done = run("for _ in range(6): time.sleep(0.1); guard.alive()")
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


def test_a_guard_that_was_closed_ends_nothing() -> None:
    done = run("guard.close(); time.sleep(0.6)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")
