from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from facelatch.frames import Intrinsics
from tests.factories import make_frame

GOOD = make_frame(size=(8, 6), infrared=9, timestamp_ns=7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"colour": GOOD.colour.astype(np.int16)}, "colour must be uint8", id="wide-colour"),
        pytest.param({"colour": GOOD.colour[..., :2]}, r"3 channels \(RGB\), found 2", id="two-channels"),
        pytest.param({"colour": GOOD.colour[..., 0]}, "with 3 dimensions", id="grey"),
        pytest.param({"depth_mm": GOOD.depth_mm.astype(np.float32)}, "depth_mm must be uint16", id="metres"),
        pytest.param({"depth_mm": GOOD.depth_mm[:3]}, "is not registered to colour", id="other-view"),
        pytest.param(
            {"infrared": GOOD.infrared[:3] if GOOD.infrared is not None else None}, "to depth", id="ir"
        ),
        pytest.param({"depth_mm": GOOD.depth_mm[:0], "colour": GOOD.colour[:0]}, "is empty", id="empty"),
        pytest.param({"timestamp_ns": float("nan")}, "whole number, found nan", id="no-time"),
        pytest.param({"timestamp_ns": 0.5}, "whole number, found 0.5", id="seconds"),
        pytest.param({"timestamp_ns": None}, "whole number, found None", id="nothing"),
    ],
)
def test_what_cannot_be_a_frame_is_refused(change: dict[str, Any], message: str) -> None:
    """NaN is later and earlier than nothing: a stream with such times could be as old as it liked."""
    with pytest.raises(ValueError, match=message):
        replace(GOOD, **change)


@pytest.mark.parametrize(
    "numbers", [(0, 5, 4, 3), (5, -5, 4, 3), (float("nan"), 5, 4, 3), (5, 5, float("inf"), 3)]
)
def test_what_cannot_be_a_camera_is_refused(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"focal lengths|finite"):
        Intrinsics(*numbers)
