"""Depth noise, step, shadow and hole models, against the formulas they quote."""

from dataclasses import replace

import numpy as np
import pytest

from facelatch.frames import Intrinsics
from facelatch_converter.noise import correlated_noise
from facelatch_converter.render import Rendering
from facelatch_converter.sensors import (
    ACTIVE_STEREO,
    KINECT_V1,
    SENSORS,
    Sensor,
    expose,
    measure,
)

TRIANGULATING = [sensor for sensor in SENSORS.values() if isinstance(sensor, Sensor)]


def _wall(z: float, size: int = 200, facing: float = 1.0, scale: float = 1.0) -> Rendering:
    plane = np.full((size, size), z, np.float32)
    return Rendering(
        colour=np.full((size, size, 3), 120, np.float32),
        infrared=np.full((size, size), 80, np.float32),
        depth_mm=plane,
        facing=np.full((size, size), facing, np.float32),
        focal_px=610.0,
        sensor_px=scale,
    )


def _steady(sensor: Sensor, noise_px: float) -> Sensor:
    return replace(sensor, noise_px=(noise_px, noise_px))


@pytest.mark.parametrize("z", [300.0, 600.0, 1200.0])
def test_noise_grows_with_the_square_of_the_distance(z: float) -> None:
    sensor = replace(_steady(ACTIVE_STEREO, 0.08), step_px=1e-4)
    depth = measure(_wall(z), sensor, np.random.default_rng(1))
    expected = z**2 * 0.08 / (sensor.focal_px * sensor.baseline_mm)
    assert depth[depth > 0].std() == pytest.approx(expected, rel=0.15)


def test_neighbours_share_their_noise() -> None:
    noise = correlated_noise((400, 400), 3.0, 1.0, np.random.default_rng(0))
    assert noise.std() == pytest.approx(1, rel=0.1)
    assert np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1] > 0.8
    assert abs(np.corrcoef(noise[:, :-30].ravel(), noise[:, 30:].ravel())[0, 1]) < 0.1


def test_a_crop_pixel_averages_the_noise_under_it() -> None:
    at_sensor = correlated_noise((600, 600), 2.0, 1.0, np.random.default_rng(0))
    averaged = at_sensor[:600, :600].reshape(150, 4, 150, 4).mean((1, 3)).std()
    assert correlated_noise((300, 300), 2.0, 4.0, np.random.default_rng(1)).std() == pytest.approx(
        averaged, rel=0.2
    )


def test_kinect_depth_comes_in_eighths_of_a_disparity() -> None:
    slope = _wall(900)
    ramp = np.linspace(800, 1000, 200, dtype=np.float32)[None].repeat(200, 0)
    depth = measure(replace(slope, depth_mm=ramp), KINECT_V1, np.random.default_rng(2))
    disparity = KINECT_V1.focal_px * KINECT_V1.baseline_mm / depth[depth > 0]
    np.testing.assert_allclose(disparity * 8, np.rint(disparity * 8), atol=2e-3)


@pytest.mark.parametrize("sensor", TRIANGULATING, ids=[sensor.name for sensor in TRIANGULATING])
def test_a_near_object_throws_its_shadow_to_the_left(sensor: Sensor) -> None:
    depth = np.full((60, 300), 1500, np.float32)
    depth[:, 150:200] = 500
    scene = replace(_wall(1500), depth_mm=depth, facing=np.ones_like(depth))
    measured = measure(scene, replace(sensor, fatten_px=0, edge_px=0), np.random.default_rng(3))
    holes = (measured == 0).mean(0)
    pixels = sensor.focal_px * sensor.baseline_mm * (1 / 500 - 1 / 1500) * 610 / sensor.focal_px
    assert holes[150 - int(pixels * 0.8) : 149].min() > 0.9
    assert holes[202:].max() < 0.1
    assert holes[: 150 - int(pixels * 1.3)].max() < 0.1


def test_grazing_surfaces_lose_their_readings() -> None:
    steep = measure(_wall(500, facing=0.1), ACTIVE_STEREO, np.random.default_rng(4))
    facing = measure(_wall(500, facing=0.9), ACTIVE_STEREO, np.random.default_rng(4))
    assert (steep == 0).mean() > 0.5
    assert (facing == 0).mean() < 0.01


def test_near_edges_are_fattened() -> None:
    depth = np.full((60, 300), 1500, np.float32)
    depth[:, 150:200] = 500
    scene = replace(_wall(1500), depth_mm=depth, facing=np.ones_like(depth))
    sensor = replace(_steady(ACTIVE_STEREO, 0.0), fatten_px=2, edge_px=0)
    measured = measure(scene, sensor, np.random.default_rng(5))
    near = (np.abs(measured - 500) < 50).mean(0) > 0.9
    assert near.sum() == 54


def test_nothing_stays_nothing() -> None:
    empty = replace(
        _wall(500), depth_mm=np.zeros((50, 50), np.float32), facing=np.zeros((50, 50), np.float32)
    )
    assert (measure(empty, ACTIVE_STEREO, np.random.default_rng(6)) == 0).all()


def test_a_seed_gives_the_same_frame_again() -> None:
    camera = Intrinsics(610, 610, 100, 100)
    one, two = (expose(_wall(500), ACTIVE_STEREO, camera, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one.depth_mm, two.depth_mm)
    np.testing.assert_array_equal(one.colour, two.colour)
    other = expose(_wall(500), ACTIVE_STEREO, camera, np.random.default_rng(8))
    assert (one.depth_mm != other.depth_mm).mean() > 0.3


def _step(sensor: Sensor, scale: float = 1.0) -> tuple[Rendering, Sensor]:
    depth = np.full((60, 300), 1500, np.float32)
    depth[:, 150:200] = 500
    scene = replace(_wall(1500, scale=scale), depth_mm=depth, facing=np.ones_like(depth))
    return scene, replace(sensor, noise_px=(0.0, 0.0))


def test_readings_are_lost_on_both_sides_of_a_step() -> None:
    scene, sensor = _step(ACTIVE_STEREO)
    # No baseline, no shadow: what is lost is the edges'.
    sensor = replace(sensor, baseline_mm=1e-3, fatten_px=0, step_px=1e-9, edge_px=3.0, largest_px=1e9)
    sensor = replace(sensor, focal_px=610 * 1e6)
    lost = np.mean(
        [measure(scene, sensor, np.random.default_rng(seed)) == 0 for seed in range(20)], axis=(0, 1)
    )
    assert lost[149] > 0.3
    assert lost[150] > 0.3
    assert lost[199] > 0.3
    assert lost[200] > 0.3
    assert lost[170:180].max() == 0


def test_a_crop_fattens_edges_by_a_share_of_its_pixels() -> None:
    scene, sensor = _step(replace(ACTIVE_STEREO, fatten_px=1, edge_px=0), scale=4.0)
    near = np.mean(
        [np.abs(measure(scene, sensor, np.random.default_rng(seed)) - 500) < 20 for seed in range(20)],
        axis=(0, 1),
    )
    assert near[150:200].min() > 0.9
    assert near[200] == pytest.approx(0.25, abs=0.08)
    assert near[201] < 0.05


def test_nothing_is_read_nearer_than_the_search_reaches() -> None:
    for sensor in TRIANGULATING:
        nearest = sensor.focal_px * sensor.baseline_mm / sensor.largest_px
        assert nearest < 320
        if nearest > 0:
            assert (measure(_wall(0.9 * nearest), sensor, np.random.default_rng(0)) == 0).mean() > 0.95
            assert (measure(_wall(1.2 * nearest), sensor, np.random.default_rng(0)) > 0).mean() > 0.95


def test_where_the_scene_loses_readings_they_are_gone_or_wrong() -> None:
    loss = np.zeros((200, 200), np.float32)
    loss[50:150, 50:150] = 0.8
    scene = replace(_wall(500), loss=loss)
    gone, wrong = [], []
    for seed in range(12):
        depth = measure(scene, ACTIVE_STEREO, np.random.default_rng(seed))
        inside = depth[50:150, 50:150]
        gone.append((inside == 0).mean())
        wrong.append((np.abs(inside[inside > 0] - 500) > 4).mean())
        outside = depth[loss == 0]
        assert (outside == 0).mean() < 0.01
        assert np.abs(outside[outside > 0] - 500).max() < 9
        assert np.abs(inside[inside > 0] - 500).max() < 50
    assert 0.25 < np.mean(gone) < 0.8
    assert max(wrong) > 0.2
