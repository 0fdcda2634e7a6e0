from pathlib import Path

import numpy as np
import pytest

from facelatch.preprocess import CropSpec, FacePoint
from facelatch_converter.benchmark_locate import FEWEST, _describe, _time_crop, measure
from facelatch_converter.errors import ConversionError
from tests.factories import make_frame


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


def test_a_crop_and_its_turn_take_time() -> None:
    cropped, turned = _time_crop(make_frame(), FacePoint(320, 240, 600), CropSpec())
    assert cropped > 0
    assert turned > 0


def test_too_few_faces_describe_nothing(face_model: Path) -> None:
    with pytest.raises(ConversionError, match=rf"found in \d of 2 frames, at least {FEWEST} are needed"):
        measure(face_model, 1, 2, 1)
