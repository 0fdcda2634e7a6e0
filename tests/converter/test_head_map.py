"""The map of a head against a head whose every radius is known: an ellipsoid."""

import numpy as np
import pytest

from facelatch_converter.face_model import FaceModel
from facelatch_converter.wear.head_map import map_head


def test_the_map_has_the_surface_in_every_direction(model: FaceModel) -> None:
    head = map_head(model, model.vertices_mm)
    # Away from the nose the toy head is an ellipsoid of 75, 110 and 95 mm about its origin.
    azimuth = np.array((1.2, -1.2, 2.5, -2.8, 0.9), np.float32)
    elevation = np.array((0.1, 0.3, -0.2, 0.5, 0.6), np.float32)
    points = head.at(azimuth, elevation, head.radius(azimuth, elevation))
    np.testing.assert_allclose(np.sum((points / (75, 110, 95)) ** 2, axis=1), 1, atol=0.08)


def test_a_larger_head_has_larger_radii(model: FaceModel) -> None:
    small, large = (map_head(model, model.vertices_mm * np.float32(scale)) for scale in (1.0, 1.2))
    np.testing.assert_allclose(large.radius_mm, 1.2 * small.radius_mm, rtol=0.15)
    assert np.median(large.radius_mm / small.radius_mm) == pytest.approx(1.2, abs=0.03)


def test_cloth_never_lies_inside_the_head_and_bridges_hollows(model: FaceModel) -> None:
    head = map_head(model, model.vertices_mm)
    taut = head.taut(9, 1.5)
    assert (taut.radius_mm >= head.radius_mm).all()
    dented = np.array(head.radius_mm)
    dented[30:34, 70:74] -= 20
    bridged = type(head)(head.centre_mm, dented).taut(9, 1.0)
    assert (bridged.radius_mm[30:34, 70:74] > dented[30:34, 70:74] + 14).all()
    assert (head.taut(5, 1.0, spare=3).radius_mm >= head.taut(5, 1.0).radius_mm - 1e-3).all()


def test_a_height_is_found_on_the_surface(model: FaceModel) -> None:
    head = map_head(model, model.vertices_mm)
    azimuth = np.linspace(-3, 3, 40, dtype=np.float32)
    for height in (-40.0, 20.0, 60.0):
        elevation = head.elevation_at(azimuth, height)
        points = head.at(azimuth, elevation, head.radius(azimuth, elevation))
        np.testing.assert_allclose(points[:, 1], height, atol=4)


def test_the_map_has_no_gap_and_no_seam(model: FaceModel) -> None:
    radius = map_head(model, model.vertices_mm).radius_mm
    assert radius.min() > 40
    assert np.abs(radius[:, 0] - radius[:, -1]).max() < 8
