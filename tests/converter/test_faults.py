"""Each fault does to a known image or surface what its name says, and nothing to the rest."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.faults import FAULTS, disturb, filter_depth
from facelatch_converter.render import Rendering
from facelatch_converter.sensors import ACTIVE_STEREO, measure


def _scene(size: int = 160) -> Rendering:
    """A step from 400 to 500 mm, with a bright square over it."""
    depth = np.full((size, size), 500, np.float32)
    depth[:, : size // 2] = 400
    colour = np.full((size, size, 3), 60, np.float32)
    colour[60:100, 60:100] = 220
    return Rendering(colour, colour[..., 0].copy(), depth, np.ones_like(depth), 610.0)


def _filtered(fault: str, seed: int, noise_mm: float = 2.0) -> npt.NDArray[np.float32]:
    scene = _scene()
    noisy = scene.depth_mm + np.random.default_rng(100).normal(0, noise_mm, scene.depth_mm.shape)
    return filter_depth(noisy.astype(np.float32), fault, scene, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(4))
def test_smoothing_takes_the_noise_and_keeps_the_step(seed: int) -> None:
    smooth = _filtered("over-smoothed", seed)
    left, right = smooth[20:-20, 20:70], smooth[20:-20, 90:-20]
    assert left.std() < 0.6
    assert right.mean() - left.mean() == pytest.approx(100, abs=1)
    assert (smooth[:, 85] - smooth[:, 75]).min() > 90


def test_smoothing_invents_readings_only_beside_readings() -> None:
    scene = _scene()
    holed = scene.depth_mm.copy()
    holed[40:60, 20:30] = 0
    holed[:, 120:] = 0
    results = [filter_depth(holed, "over-smoothed", scene, np.random.default_rng(seed)) for seed in range(12)]
    assert any((result[40:60, 20:30] > 0).all() for result in results)
    assert any((result[40:60, 20:30] == 0).all() for result in results)
    assert all((result[:, -8:] == 0).all() for result in results)


def test_decimation_leaves_one_reading_for_many_pixels() -> None:
    few = _filtered("decimated", 1)
    assert len(np.unique(few)) < few.size / 12


def test_low_coverage_loses_some_or_most_readings() -> None:
    shares = [(_filtered("low-coverage", seed) == 0).mean() for seed in range(30)]
    assert min(shares) > 0.05
    assert max(shares) < 0.85
    assert max(shares) - min(shares) > 0.2


def test_misregistration_moves_the_colour_by_a_few_pixels_and_no_depth() -> None:
    scene = _scene()
    for seed in range(8):
        moved = disturb(scene, "misregistered", np.random.default_rng(seed))
        before, after = (np.argwhere(image.colour[..., 0] > 140).mean(0) for image in (scene, moved))
        assert 0.5 < np.linalg.norm(after - before) < 5
        np.testing.assert_array_equal(moved.depth_mm, scene.depth_mm)
        np.testing.assert_array_equal(moved.infrared, scene.infrared)
    in_crop = disturb(replace(scene, sensor_px=4.0), "misregistered", np.random.default_rng(1))
    assert np.linalg.norm(np.argwhere(in_crop.colour[..., 0] > 140).mean(0) - 79.5) < 1.3


def _steepest(image: npt.NDArray[np.float32]) -> float:
    """Along rows and along columns, added: motion blurs across its direction and not along it."""
    return float(np.abs(np.diff(image, axis=0)).max() + np.abs(np.diff(image, axis=1)).max())


def test_motion_blurs_both_images() -> None:
    scene = _scene()
    blurred = disturb(scene, "motion", np.random.default_rng(3))
    for before, after in ((scene.colour[..., 0], blurred.colour[..., 0]), (scene.infrared, blurred.infrared)):
        assert _steepest(after) < 0.8 * _steepest(before)
        assert after.mean() == pytest.approx(before.mean(), rel=0.03)


def test_a_crop_moves_before_some_wall_and_not_before_black() -> None:
    scene = _scene()
    empty = scene.depth_mm.copy()
    empty[:, 80:] = 0
    cropped = replace(scene, depth_mm=empty, colour=np.where(empty[..., None] > 0, scene.colour, 0))
    levels = [
        disturb(cropped, "misregistered", np.random.default_rng(seed)).colour[5, -5, 0] for seed in range(9)
    ]
    assert min(levels) > 1
    assert max(levels) - min(levels) > 30


def test_noise_is_more_than_the_sensor_has_otherwise() -> None:
    scene = replace(_scene(), depth_mm=np.full((160, 160), 600, np.float32))
    usual, noisy = (measure(scene, ACTIVE_STEREO, np.random.default_rng(1), fault) for fault in ("", "noisy"))
    assert noisy[noisy > 0].std() > 1.8 * usual[usual > 0].std()


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_stays_nothing_and_a_seed_gives_the_same_again(fault: str) -> None:
    scene = _scene()
    blank = np.zeros_like(scene.depth_mm)
    assert (filter_depth(blank, fault, scene, np.random.default_rng(0)) == 0).all()
    one, two = (
        measure(
            disturb(scene, fault, np.random.default_rng(2)), ACTIVE_STEREO, np.random.default_rng(3), fault
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gremlin.*low-coverage"):
        disturb(_scene(), "gremlin", np.random.default_rng(0))
