"""The time-of-flight model against what its sources say of such cameras."""

from dataclasses import replace

import numpy as np
import pytest

from facelatch_converter.render import Rendering
from facelatch_converter.sensors import measure
from facelatch_converter.time_of_flight import TIME_OF_FLIGHT

STEADY = replace(TIME_OF_FLIGHT, noise_mm=(2.0, 2.0), intensity_mm=0.0, bounce=0.0)


def _wall(level: float, scale: float = 1.0, size: int = 200) -> Rendering:
    plane = np.full((size, size), 600, np.float32)
    grey = np.full((size, size), level, np.float32)
    return Rendering(np.repeat(grey[..., None], 3, 2), grey, plane, np.ones_like(plane), 365.0, scale)


def _spread(level: float) -> float:
    depth = measure(_wall(level), STEADY, np.random.default_rng(1))
    return float(depth[depth > 0].std())


def test_noise_is_as_stated_on_half_bright_and_grows_in_the_dark() -> None:
    assert _spread(127.5) == pytest.approx(2.0, rel=0.2)
    assert _spread(32) / _spread(127.5) == pytest.approx(2, rel=0.2)


def test_a_crop_averages_the_noise() -> None:
    depth = measure(_wall(127.5, scale=3.0), STEADY, np.random.default_rng(1))
    assert depth.std() < 0.75 * _spread(127.5)


def test_dark_and_bright_surfaces_err_differently_at_the_same_distance() -> None:
    scene = _wall(230)
    scene.infrared[:, :100] = 20
    apart = []
    for seed in range(12):
        depth = measure(scene, replace(STEADY, intensity_mm=5.0), np.random.default_rng(seed))
        apart.append(depth[:, 110:].mean() - depth[:, :90].mean())
    assert 1 < np.max(np.abs(apart)) < 11


def test_pixels_on_an_edge_fly_or_are_lost_and_nothing_throws_a_shadow() -> None:
    scene = _wall(127.5)
    scene.depth_mm[:, 100:] = 1000
    depth = measure(scene, STEADY, np.random.default_rng(2))
    edge = depth[:, 98:102]
    assert (edge == 0).mean() > 0.1
    assert ((edge > 615) & (edge < 985)).any()
    assert (depth[:, 110:] == 0).mean() < 0.01
    assert (depth[:, :90] == 0).mean() < 0.01


def test_nothing_stays_nothing() -> None:
    empty = replace(
        _wall(0),
        depth_mm=np.zeros((50, 50), np.float32),
        infrared=np.zeros((50, 50), np.float32),
        facing=np.zeros((50, 50), np.float32),
    )
    assert (measure(empty, TIME_OF_FLIGHT, np.random.default_rng(0)) == 0).all()
