import numpy as np
import pytest

from facelatch.shapes import ellipse, fit, plane_terms, quadratic_terms

X, Y = (axis.ravel() for axis in np.meshgrid(np.arange(-40.0, 41, 4), np.arange(-50.0, 51, 4)))


def test_a_plane_is_found_through_holes_and_a_bump() -> None:
    z = 3 + 0.2 * X - 0.1 * Y
    z[ellipse(X, Y, (12, 12))] -= 25
    np.testing.assert_allclose(fit(plane_terms(X, Y), z, scale_mm=5, passes=6), (3, 0.2, -0.1), atol=0.15)


def test_a_bowl_is_found_exactly() -> None:
    truth = np.array((1, 0.1, -0.2, 0.5, 0.1, 0.3))
    np.testing.assert_allclose(fit(quadratic_terms(X, Y), quadratic_terms(X, Y) @ truth, 8), truth, atol=1e-4)


def test_a_line_of_cells_does_not_stop_the_fit() -> None:
    terms = plane_terms(np.zeros(80), np.arange(80.0))
    assert np.isfinite(fit(terms, np.arange(80.0), 5)).all()


@pytest.mark.parametrize(
    ("x", "y", "inside"), [(0, 0, True), (9.9, 0, True), (10.1, 0, False), (8, 15, False)]
)
def test_an_ellipse_has_two_half_axes(x: float, y: float, inside: bool) -> None:
    assert bool(ellipse(np.array(x), np.array(y), (10, 20))) is inside
