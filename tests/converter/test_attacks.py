"""Pictures of faces: their surfaces are what their names say."""

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.frames import Intrinsics
from facelatch_converter.attacks import SPECIES, Sheet, draw_sheet, present
from facelatch_converter.render import Backdrop, Light, Rendering, render_frame

CAMERA = Intrinsics(610, 610, 320, 240)


def _show(sheet: Sheet) -> Rendering:
    picture = np.zeros((280, 210, 3), np.uint8)
    picture[:, :105] = (200, 100, 50)
    picture[:, 105:] = (50, 100, 200)
    return render_frame([present(sheet, picture)], Backdrop(distance_mm=2000), Light(), CAMERA, (640, 480))


def _points(rendering: Rendering) -> npt.NDArray[np.float32]:
    rows, columns = np.nonzero(rendering.depth_mm < 1000)
    z = rendering.depth_mm[rows, columns]
    return np.stack([(columns + 0.5 - 320) / 610 * z, (rows + 0.5 - 240) / 610 * z, z], axis=1)


@pytest.mark.parametrize("tilt", [(0.0, 0.0), (15.0, -10.0)], ids=["straight", "tilted"])
def test_a_flat_photo_is_a_plane_of_its_size(tilt: tuple[float, float]) -> None:
    points = _points(_show(Sheet("flat-photo", tilt_deg=tilt)))
    centred = points - points.mean(0)
    spread = np.linalg.svd(centred, full_matrices=False)[1] / np.sqrt(len(points))
    assert spread[2] < 0.1
    assert np.ptp(centred @ _axis(tilt)) == pytest.approx(210, abs=4)


def _axis(tilt: tuple[float, float]) -> npt.NDArray[np.float32]:
    """The sheet's own horizontal axis in camera axes."""
    yaw, pitch = np.radians(tilt)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    axis: npt.NDArray[np.float32] = nod @ turn @ np.array((1.0, 0.0, 0.0))
    return axis


def test_a_bent_photo_is_a_cylinder_that_bulges_towards_the_camera() -> None:
    radius = 120.0
    points = _points(_show(Sheet("bent-photo", bend_radius_mm=radius, position_mm=(0, 0, 450))))
    distance = np.hypot(points[:, 0], points[:, 2] - (450 + radius))
    np.testing.assert_allclose(distance, radius, atol=0.6)
    assert points[:, 2].min() == pytest.approx(450, abs=0.5)


def test_the_picture_is_not_mirrored() -> None:
    rendering = _show(Sheet("flat-photo"))
    left, right = rendering.colour[240, 240], rendering.colour[240, 400]
    assert left[0] > left[2]
    assert right[2] > right[0]


def test_a_tablet_is_dark_in_infrared_and_paper_is_not() -> None:
    dark, paper = (
        _show(Sheet(name, glow=name == "tablet")).infrared[240, 320] for name in ("tablet", "flat-photo")
    )
    assert dark < 30
    assert paper > 50


@pytest.mark.parametrize("species", SPECIES)
def test_drawn_sheets_can_be_shown(species: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        assert len(_points(_show(draw_sheet(species, (0.0, 0.0, 450.0), rng)))) > 5000


def test_impossible_sheets_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown attack species"):
        Sheet("mask")
    with pytest.raises(ValueError, match="cannot be bent"):
        Sheet("bent-photo", bend_radius_mm=40)
