import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from facelatch_converter.benchmark_render import per_second
from facelatch_converter.cli import main
from tests.converter.toy_model import write_toy_model


def ticks(step_s: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step_s


def test_the_first_batch_is_a_warm_up_and_not_counted() -> None:
    counts = iter([1000, 10, 10, 10, 10])
    clock = ticks(0.5)
    assert per_second(counts, 2.0, lambda: next(clock)) == 20
    assert list(counts) == []


def test_the_command_prints_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy = write_toy_model(tmp_path / "toy.npz")
    status = main(
        ["benchmark-render", "--face-model", str(toy), "--seconds", "0.1", "--people", "2", "--json"]
    )
    assert status == 0
    figures = json.loads(capsys.readouterr().out)["crops_per_core_second"]
    assert set(figures) == {"new", "mixed", "taught"}
    assert all(figure > 1 for figure in figures.values())
