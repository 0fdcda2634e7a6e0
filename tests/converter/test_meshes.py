"""Sheets and tubes have their outside outside."""

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.wear.meshes import (
    Mesh,
    capsule,
    double_sided,
    ellipsoid,
    grid,
    joined,
    torn_grid,
    tube,
)

Real = npt.NDArray[np.float32]
X, Y, Z = np.eye(3, dtype=np.float32)


def _volume(mesh: Mesh) -> float:
    """Positive where triangles are counter-clockwise from outside."""
    a, b, c = (mesh[0][mesh[1][:, k]].astype(np.float64) for k in range(3))
    return float(np.sum(a * np.cross(b, c)) / 6)


def _ring() -> Real:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring: Real = np.stack([20 * np.cos(angle), 20 * np.sin(angle), 0 * angle], axis=1).astype(np.float32)
    return ring


@pytest.mark.parametrize(
    ("mesh", "volume"),
    [
        pytest.param(ellipsoid(5 * X, 30 * Y, (20, 10), Z, 40), 4 / 3 * np.pi * 6000, id="ellipsoid"),
        pytest.param(
            capsule(0 * X, 60 * Y, (10, 10), 40), np.pi * 100 * 60 + 4 / 3 * np.pi * 1000, id="capsule"
        ),
        pytest.param(
            capsule(5 * Z, 5 * Z - 60 * X, (10, 10), 40), np.pi * 6000 + 4 / 3 * np.pi * 1000, id="sideways"
        ),
        pytest.param(tube(_ring(), 2.0, 2.0, Z, 24, ring=True), 2 * np.pi * 20 * np.pi * 4, id="ring"),
    ],
)
def test_closed_shapes_have_the_volume_of_their_formula(mesh: Mesh, volume: float) -> None:
    assert _volume(mesh) == pytest.approx(volume, rel=0.12)


def test_a_sheet_faces_whoever_sees_its_rows_run_down_and_its_columns_to_the_right() -> None:
    x, y = np.meshgrid(np.arange(4.0), -np.arange(3.0))
    points = np.stack([x, y, 0 * x], axis=-1).reshape(-1, 3)
    a, b, c = (points[grid(3, 4)[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()
    assert len(grid(3, 4)) == 2 * 2 * 3
    assert len(grid(3, 4, around=True)) == 2 * 2 * 4
    assert len(grid(3, 4, around=True, ring=True)) == 2 * 3 * 4


def test_a_torn_sheet_lacks_just_the_cells_that_are_not_kept() -> None:
    keep = np.array([[True, False], [True, True]])
    whole = {tuple(corners) for corners in grid(3, 3)}
    torn = {tuple(corners) for corners in torn_grid(keep)}
    assert torn < whole
    # The cell in the first row and second column has the corners 1, 2, 4 and 5.
    assert {corner for missing in whole - torn for corner in missing} == {1, 2, 4, 5}


def test_both_sides_of_a_sheet_are_seen() -> None:
    x, z = np.meshgrid(np.arange(3.0), np.arange(3.0))
    points = np.stack([x, 0 * x, z], axis=-1).reshape(-1, 3).astype(np.float32)
    vertices, triangles = double_sided((points, grid(3, 3)), 0.5)
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    up = np.cross(b - a, c - a)[:, 1]
    assert (up > 0).sum() == (up < 0).sum() == 8
    assert vertices[triangles[up < 0]][..., 1].max() == pytest.approx(-0.5)


def test_joining_keeps_every_mesh_apart() -> None:
    one, two = capsule(0 * X, 10 * Y, (2, 2)), capsule(50 * X, 50 * X + 10 * Y, (2, 2))
    assert _volume(joined([one, two])) == pytest.approx(_volume(one) + _volume(two), rel=1e-3)
