"""Of several int8 files the one nearest to the float network is kept."""

from typing import Any

import numpy as np
import pytest

from facelatch_converter import fidelity, parity, quantise
from facelatch_converter.equalise import Extent


@pytest.fixture(name="tried")
def _tried(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Conversions that cost nothing: the file names its share, and the nearest lies at 0.5."""
    seen: list[float] = []

    def convert(_model: Any, _tensors: Any, _source: str, share: float) -> tuple[bytes, Extent]:
        seen.append(share)
        return str(share).encode(), Extent(3, 4)

    def embed(data: bytes, tensors: Any, *_: str) -> Any:
        angle = abs(float(data) - 0.5)
        return np.tile(np.array([np.cos(angle), np.sin(angle)], np.float32), (len(tensors), 1))

    monkeypatch.setattr(quantise, "to_int8_equalised", convert)
    monkeypatch.setattr(parity, "int8_embeddings", embed)
    monkeypatch.setattr(parity, "float_embeddings", lambda _, tensors: np.tile([1.0, 0.0], (len(tensors), 1)))
    return seen


def test_the_nearest_to_float_is_kept_whatever_its_place(tried: list[float]) -> None:
    calls: list[int] = []
    chosen, trials = fidelity.nearest(None, np.zeros((3, 1), np.float32), "x", "any", calls.append)
    assert (chosen.share, chosen.data) == (0.5, b"0.5")
    assert tried == list(fidelity.SHARES) == [trial.share for trial in trials]
    assert calls == [1] * len(tried)
    assert [trial.cosine for trial in trials] == pytest.approx(
        [1 - np.cos(share - 0.5) for share in fidelity.SHARES]
    )


def test_where_nothing_can_be_equalised_one_conversion_is_enough(
    tried: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantise, "to_int8_equalised", lambda *_: (b"0.9", Extent(0, 4)))
    chosen, trials = fidelity.nearest(None, np.zeros((3, 1), np.float32), "x", "any")
    assert trials == [chosen]
    numbers = fidelity.to_numbers(chosen, trials)
    assert (numbers["activations"], numbers["of"]) == (0, 4)
    assert "no channels were brought to like ranges, of 4" in parity.equalised_in_words(numbers)


def test_the_report_says_what_was_done_and_what_else_was_tried(tried: list[float]) -> None:
    chosen, trials = fidelity.nearest(None, np.zeros((3, 1), np.float32), "x", "any")
    words = parity.equalised_in_words(fidelity.to_numbers(chosen, trials))
    assert "channels of 3 of 4 normalised activations" in words
    assert "50% of their differences" in words
    for share in fidelity.SHARES:
        assert f"{share:g}: {1 - np.cos(share - 0.5):.4f}" in words
