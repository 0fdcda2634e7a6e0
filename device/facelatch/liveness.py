"""Presentation attack detection by shape: a sheet, flat or bent, is not a face.

It does not tell a living face from a mask or a bust; a card's PAD error rates say which attacks were tried.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch import surface
from facelatch.frames import Frame
from facelatch.preprocess import FacePoint
from facelatch.shapes import FEWEST_CELLS, ellipse, fit, plane_terms
from facelatch.surface import Real

_FACE_MM = (45.0, 60.0)
"""Half axes of the part of a face that is looked at. A photo large enough to be taken for a face covers
it, so neither the photo's edge nor who holds it is mistaken for relief."""
_CENTRE_BELOW_MM = 5.0
_KEPT = 0.85
"""The rest of the cells, those farthest off, do not count: eyes cut out of a photo, a rim or a finger must not
pass for relief."""

_LEAST_COVERAGE = 0.6
"""99 of 100 rendered heads have 0.75 or more; hair and slanting skin hide the rest. Black glass has less."""
_LEAST_PLANE_MM = 2.5
"""99 of 100 rendered heads within 70 cm have 4.0 or more; flat sheets, with eyes cut out or not, 1.7 or less."""
_LEAST_CURVED_MM = 1.5
"""99 of 100 rendered heads have 2.2 or more at any distance within 70 cm; bent, folded and cut sheets 0.8 at 40
cm and 1.7 at 70."""
_NOISE_PX = 0.1
_FOCAL_BASELINE_PX_MM = 385.0 * 50.0
"""A stereo camera's disparity error and its focal length times baseline (a D435's at 640 pixels): depth
noise is z^2 * 0.1 / 19250 mm, 1.3 at half a metre, 5.2 at one. The limits grow with it, so that noise never
passes for relief: too far away, nobody is live."""

_NOISE_KEPT = 0.7
"""Share of the depth noise that is left in a relief, after averaging over cells and leaving out the farthest."""

_DIRECTIONS = 12
_STRIP_MM = 6.0
_SHEET_PASSES = 3


@dataclass(frozen=True, slots=True)
class PadCheck:
    """One check's verdict with what it measured: passed only if value >= limit."""

    name: str
    passed: bool
    value: float
    limit: float


def check(frame: Frame, point: FacePoint) -> tuple[PadCheck, ...]:
    """Depth coverage (share), relief over a plane and over a bent sheet (RMS mm); all must pass.

    A check that could not run has value NaN and has failed.
    """
    noise_mm = _NOISE_KEPT * point.depth_mm**2 * _NOISE_PX / _FOCAL_BASELINE_PX_MM
    coverage, plane, curved = _measure(frame, point) if surface.is_measurable(point) else (np.nan,) * 3
    return (
        to_check("depth-coverage", coverage, _LEAST_COVERAGE),
        to_check("plane", plane, float(np.hypot(_LEAST_PLANE_MM, noise_mm))),
        to_check("curved-plane", curved, float(np.hypot(_LEAST_CURVED_MM, noise_mm))),
    )


def _measure(frame: Frame, point: FacePoint) -> tuple[float, float, float]:
    """Coverage, relief over a plane and relief over a bent sheet; NaN for relief where too little is seen."""
    patch = surface.measure(frame, point, span_mm=2 * (_FACE_MM[1] + _CENTRE_BELOW_MM) + 10)
    face = ellipse(patch.column_mm[None, :], patch.row_mm[:, None] - _CENTRE_BELOW_MM, _FACE_MM)
    seen = face & patch.seen
    # Far away a single pixel may cover the whole face: then no cell is one.
    coverage = np.count_nonzero(seen) / max(np.count_nonzero(face), 1)
    x, y, z = patch.x_mm[seen], patch.y_mm[seen], patch.z_mm[seen]
    if z.size < FEWEST_CELLS or coverage < _LEAST_COVERAGE:
        return coverage, np.nan, np.nan
    return coverage, plane_relief_mm(x, y, z), curved_relief_mm(x, y, z)


def to_check(name: str, value: float, limit: float) -> PadCheck:
    """The verdict on a value that must reach its limit; NaN does not."""
    return PadCheck(name, bool(value >= limit), float(value), limit)


def plane_relief_mm(x_mm: Real, y_mm: Real, z_mm: Real) -> float:
    """RMS distance of the cells (n,) from the plane that fits them best."""
    terms = plane_terms(x_mm, y_mm)
    return _relief_mm(z_mm - terms @ fit(terms, z_mm, scale_mm=5, passes=5))


def curved_relief_mm(x_mm: Real, y_mm: Real, z_mm: Real) -> float:
    """RMS distance of the cells (n,) from the sheet that fits best, however it is bent in one direction.

    A sheet that does not stretch bends in one direction only, so across it any profile is allowed (an arc, a
    fold, a wave) and along it a straight line, with a twist. The best of twelve directions counts.
    """
    angles = np.arange(_DIRECTIONS)[:, None] * np.pi / _DIRECTIONS
    across = x_mm * np.cos(angles) + y_mm * np.sin(angles)
    along = y_mm * np.cos(angles) - x_mm * np.sin(angles)
    strip = np.floor((across - across.min()) / _STRIP_MM).astype(np.intp)
    strip += np.arange(_DIRECTIONS)[:, None] * (strip.max() + 1)
    weight = residual = np.ones_like(across)
    for _ in range(_SHEET_PASSES):
        straight, twist, height = (
            _level(values, strip, weight) for values in (along, along * across / 50, z_mm + 0 * across)
        )
        terms = np.stack([straight, twist], axis=-1)
        weighted = terms * weight[..., None]
        normal = weighted.transpose(0, 2, 1) @ terms + 1e-6 * np.eye(2)
        slopes = np.linalg.solve(normal, (weighted * height[..., None]).sum(axis=1)[..., None])
        residual = height - (terms @ slopes)[..., 0]
        weight = 1 / (1 + (residual / 5) ** 2) ** 2
    return min(_relief_mm(each) for each in residual)


def _level(values: Real, strip: npt.NDArray[np.intp], weight: Real) -> Real:
    """Values (directions, n) less the weighted mean of their strip."""
    total = np.bincount(strip.ravel(), weight.ravel())
    mean = np.bincount(strip.ravel(), (values * weight).ravel()) / np.maximum(total, 1e-9)
    levelled: Real = values - mean[strip]
    return levelled


def _relief_mm(residual_mm: Real) -> float:
    """RMS of all but the farthest cells."""
    kept = np.sort(np.abs(residual_mm))[: int(_KEPT * residual_mm.size)]
    return float(np.sqrt(np.mean(kept**2)))
