import numpy as np
import pytest

from facelatch_converter.benchmark_locate import _describe


def test_mean_spread_and_slopes_are_found_and_false_finds_left_out() -> None:
    rng = np.random.default_rng(1)
    angles = rng.uniform(-30, 30, (400, 2))
    offsets = np.column_stack(
        [
            0.1 * angles[:, 0] + rng.normal(0, 1.5, 400),
            -14 - 0.1 * angles[:, 1] + rng.normal(0, 3, 400),
            12 + 0.4 * angles[:, 1] + rng.normal(0, 2, 400),
        ]
    )
    offsets[:4] += 300
    rows = _describe(offsets, angles)
    assert rows["x"]["per_degree_of_yaw"] == pytest.approx(0.1, abs=0.02)
    assert rows["y"]["mean"] == pytest.approx(-14, abs=0.6)
    assert rows["y"]["deviation"] == pytest.approx(3, abs=0.4)
    assert rows["z"]["per_degree_of_pitch"] == pytest.approx(0.4, abs=0.02)
    assert rows["x"]["deviation"] < 2
