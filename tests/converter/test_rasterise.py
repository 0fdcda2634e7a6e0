import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.rasterise import NOTHING, interpolate, rasterise, vertex_normals

# Counter-clockwise seen from the camera in camera axes, whose y points down.
FRONT = np.array([[0, 1, 2]], np.int32)
BACK = np.array([[0, 2, 1]], np.int32)


def _corner(depths: tuple[float, float, float] = (500.0, 500.0, 500.0)) -> npt.NDArray[np.float32]:
    points = np.array([(0, 0), (0, 16), (16, 0)], np.float32)
    return np.column_stack([points, np.array(depths, np.float32)])


def test_a_triangle_covers_the_pixels_whose_middle_it_holds() -> None:
    inverse, index, _ = rasterise(_corner(), FRONT, 16, 16)
    rows, columns = np.mgrid[0:16, 0:16] + 0.5
    inside = rows + columns <= 16
    np.testing.assert_array_equal(index >= 0, inside)
    assert (index[~inside] == NOTHING).all()
    np.testing.assert_allclose(1 / inverse[inside], 500, rtol=1e-5)


def test_a_triangle_seen_from_behind_is_not_drawn() -> None:
    _, index, _ = rasterise(_corner(), BACK, 16, 16)
    assert (index == NOTHING).all()


def test_the_nearer_of_two_triangles_wins_in_either_order() -> None:
    points = np.concatenate([_corner(), _corner((400.0, 400.0, 400.0))])
    for order in ([0, 1], [1, 0]):
        triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)[order]
        inverse, _, _ = rasterise(points.astype(np.float32), triangles, 16, 16)
        np.testing.assert_allclose(1 / inverse[0, 0], 400, rtol=1e-5)


def test_depth_is_interpolated_as_perspective_has_it() -> None:
    inverse, _, _ = rasterise(_corner((400.0, 400.0, 800.0)), FRONT, 16, 16)
    # Half way across the image between 400 and 800 mm lies their harmonic mean, not 600 mm.
    expected = 1 / (1 / 400 + (7.5 / 16) * (1 / 800 - 1 / 400))
    assert 1 / inverse[0, 7] == pytest.approx(expected, rel=1e-4)


def test_attributes_follow_depth() -> None:
    points = _corner((400.0, 400.0, 800.0))
    _, index, weights = rasterise(points, FRONT, 16, 16)
    image = interpolate(points[:, 2:].copy(), FRONT, index, weights)
    inverse, _, _ = rasterise(points, FRONT, 16, 16)
    seen = index >= 0
    np.testing.assert_allclose(image[seen][:, 0], 1 / inverse[seen], rtol=1e-3)
    assert (image[~seen] == 0).all()


def test_what_lies_behind_the_camera_is_left_out() -> None:
    _, index, _ = rasterise(_corner((500.0, 500.0, -500.0)), FRONT, 16, 16)
    assert (index == NOTHING).all()


def test_normals_of_a_sphere_point_outwards() -> None:
    from tests.converter.toy_model import _skin

    triangles = _skin().astype(np.int32)
    polar = np.linspace(0.02, np.pi - 0.02, 60)[:, None]
    around = np.linspace(0, 2 * np.pi, 72, endpoint=False)[None]
    sphere = np.stack(
        [
            np.sin(polar) * np.sin(around),
            np.cos(polar) * np.ones_like(around),
            np.sin(polar) * np.cos(around),
        ],
        -1,
    ).reshape(-1, 3)
    normals = vertex_normals(sphere.astype(np.float32), triangles)
    middle = np.abs(sphere[:, 1]) < 0.9
    assert (normals[middle] * sphere[middle]).sum(1).min() > 0.99
