import argparse
import json
import os
from pathlib import Path

import pytest

from facelatch_converter.benchmark_train import Finding, measure, to_finding, to_line
from facelatch_converter.cli import main
from facelatch_converter.large_pages import SETTINGS, TUNABLES, are_offered
from tests.converter.toy_model import write_toy_model


def test_the_ratio_is_of_the_two_processes_of_a_round() -> None:
    found = to_finding([(100.0, 150.0), (50.0, 100.0), (200.0, 500.0)])
    assert found == Finding(100.0, 150.0, 2.0, 1.5, 2.5, 3)
    assert to_line(found) == (
        "100 crops per second, 150 with large pages: 2.00 times as fast (1.50 to 2.50 in 3 rounds)"
    )


def by_pages(_: argparse.Namespace) -> float:
    """A steps' speed that tells how the process was begun."""
    return 2.0 if os.environ[TUNABLES] == SETTINGS else 1.0


@pytest.mark.parametrize("number", [0, 1])
def test_whichever_process_begins_each_is_told_by_its_pages(number: int) -> None:
    steps: list[int] = []
    found = measure(argparse.Namespace(people=3, views=2), number, by_pages, steps.append)
    assert (found, steps) == ((6.0, 12.0), [1, 1])


@pytest.mark.skipif(not are_offered(), reason="large pages are asked of glibc 2.35 or later")
def test_the_command_takes_steps_in_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy = write_toy_model(tmp_path / "toy.npz")
    few = ["--people", "2", "--views", "2", "--steps", "1", "--rounds", "1"]
    assert main(["benchmark-train", "--face-model", str(toy), *few, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert min(figures["plain"], figures["large"]) > 0
    assert figures["rounds"] == 1


@pytest.mark.parametrize("option", ["--people", "--views", "--steps", "--rounds"])
def test_too_little_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    toy = write_toy_model(tmp_path / "toy.npz")
    assert main(["benchmark-train", "--face-model", str(toy), option, "0"]) == 3
    assert f"{option} must be at least" in capsys.readouterr().err
