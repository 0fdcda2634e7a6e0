"""Simple shapes fitted to a surface's cells, so that what stands out can be measured in millimetres."""

import numpy as np

from facelatch.surface import Mask, Real

FEWEST_CELLS = 60
"""A fit to fewer says nothing."""


def ellipse(x_mm: Real, y_mm: Real, half_axes_mm: tuple[float, float]) -> Mask:
    """Which cells lie inside an ellipse around the origin."""
    inside: Mask = (x_mm / half_axes_mm[0]) ** 2 + (y_mm / half_axes_mm[1]) ** 2 < 1
    return inside


def plane_terms(x_mm: Real, y_mm: Real) -> Real:
    """(..., 3): 1, x, y."""
    return np.stack([np.ones_like(x_mm), x_mm, y_mm], axis=-1)


def quadratic_terms(x_mm: Real, y_mm: Real) -> Real:
    """(..., 6): 1, x, y, x², xy, y², the squares in hundreds, which keeps the equations well conditioned."""
    return np.stack(
        [np.ones_like(x_mm), x_mm, y_mm, x_mm * x_mm / 100, x_mm * y_mm / 100, y_mm * y_mm / 100], axis=-1
    )


def fit(terms: Real, z_mm: Real, scale_mm: float, passes: int = 2) -> Real:
    """Coefficients (n,) of the terms (cells, n) by least squares that trusts far-off cells less.

    From the second pass on a cell that is `scale_mm` off has a quarter of its weight, so that a nose, the rim
    of a hole or what is behind the face bend the shape little.
    """
    shape = _solve(terms, z_mm, np.ones_like(z_mm))
    for _ in range(passes - 1):
        off = (z_mm - terms @ shape) / scale_mm
        shape = _solve(terms, z_mm, 1 / (1 + off**2) ** 2)
    return shape


def _solve(terms: Real, z_mm: Real, weight: Real) -> Real:
    weighted = terms * weight[:, None]
    normal = weighted.T @ terms
    # Cells in one line leave some coefficients open; they become small instead of an error.
    normal += 1e-9 * max(float(np.trace(normal)), 1e-9) * np.eye(len(normal))
    solution: Real = np.linalg.solve(normal, weighted.T @ z_mm)
    return solution
