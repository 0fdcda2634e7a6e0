"""Crops to calibrate on show all that training shows."""

from typing import Any

import numpy as np
import pytest

from facelatch.preprocess import CropSpec
from facelatch_converter import crops
from facelatch_converter.exposures import Circumstance, Light, expose
from facelatch_converter.face_model import FaceModel
from facelatch_converter.varied import varied_crops


def test_they_come_in_every_light_before_several_cameras_each_of_another_person(
    model: FaceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Circumstance] = []

    def recorded(rendering: Any, centre_mm: float, circumstance: Circumstance, *rest: Any) -> Any:
        taken.append(circumstance)
        return expose(rendering, centre_mm, circumstance, *rest)

    monkeypatch.setattr(crops, "expose", recorded)
    found = varied_crops(model, CropSpec(), 40, seed=10_000)
    assert found.shape == (40, 112, 112, 4)
    assert found.dtype == np.float32
    assert np.abs(found).max() <= 1
    assert len({tensor.tobytes() for tensor in found}) == 40
    assert {one.light for one in taken} == set(Light)
    assert len({one.sensor.name for one in taken}) > 2
    assert any(one.style for one in taken)
    np.testing.assert_array_equal(
        varied_crops(model, CropSpec(), 3, seed=1), varied_crops(model, CropSpec(), 3, seed=1)
    )
