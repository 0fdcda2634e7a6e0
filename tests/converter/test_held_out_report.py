"""What a run's record says of people held out."""

import numpy as np
import pytest

from facelatch_converter.ending import PoleEnding
from facelatch_converter.held_out_report import to_row


def test_errors_and_distances_are_those_after_settling() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(6, dtype=np.int32), 3)
    sides = rng.normal(size=(6, 127))[labels] + rng.normal(0, 0.1, (18, 127))
    raw = np.concatenate([np.full((18, 1), 30.0), sides], 1).astype(np.float32)
    offset = np.zeros(128, np.float32)
    offset[0] = 15
    before, after = (to_row(PoleEnding(), raw, labels, part) for part in (0 * offset, offset))
    assert after["eer"] == after["eer_before_settling"] == before["eer"] == 0
    assert after["impostor"] > 1.4 * before["impostor"]
    apart = np.linalg.norm(np.diff(PoleEnding().embed(raw - offset)[[0, 3]], axis=0))
    assert after["impostor"] == pytest.approx(float(apart), rel=0.2)
    assert after["genuine"] < 0.3 * after["impostor"]
