"""Where the nose is on a surface: the steadiest landmark that depth alone shows.

A detector's box wanders by 8 mm with light and turn; a crop centred on the nose follows the head itself.
"""

from dataclasses import dataclass

import numpy as np

from facelatch.shapes import FEWEST_CELLS, ellipse, fit, quadratic_terms
from facelatch.surface import Surface

_FACE_MM = (45.0, 50.0)
"""Half axes of the ellipse whose smooth shape is taken away: cheeks, without ears or hair."""
_NOSE_MM = (24.0, 28.0)
"""Half axes of the ellipse in which the nose's bump is weighed."""
_RISE_MM = 3.0
"""What stands out less than this above the smooth shape is noise or a cheek."""
_PASSES = 4
_LARGEST_SHIFT_MM = 45.0


@dataclass(frozen=True, slots=True)
class Nose:
    """The middle of the nose's bump, near its tip, against the surface's own middle."""

    x_mm: float
    y_mm: float
    rise_mm: float
    """How far the bump stands out, averaged over where a nose is weighed."""


def find_nose(surface: Surface) -> Nose | None:
    """The bump in the middle of a face; None where nothing stands out, as on a photo.

    Takes a quadratic surface away from the face around the last estimate and moves to the centroid of
    what is left standing, several times.
    """
    seen = surface.seen
    x, y, z = (np.nan_to_num(axis) for axis in (surface.x_mm, surface.y_mm, surface.z_mm))
    at_x = at_y = mean_rise = 0.0
    for _ in range(_PASSES):
        right, down = x - at_x, y - at_y
        face = seen & ellipse(right, down, _FACE_MM)
        if np.count_nonzero(face) < FEWEST_CELLS:
            return None
        shape = fit(quadratic_terms(right[face], down[face]), z[face], scale_mm=8)
        middle = seen & ellipse(right, down, _NOSE_MM)
        right, down = right[middle], down[middle]
        rise = np.maximum(quadratic_terms(right, down) @ shape - z[middle] - _RISE_MM, 0)
        total = float(rise.sum())
        if not total > 0:
            return None
        mean_rise = total / rise.size
        at_x += float((rise * right).sum()) / total
        at_y += float((rise * down).sum()) / total
        if not np.hypot(at_x, at_y) <= _LARGEST_SHIFT_MM:
            return None
    return Nose(at_x, at_y, mean_rise)
