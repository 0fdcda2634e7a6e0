"""Presentation attack detection by shape: a sheet, flat or bent, is not a face.

It does not tell a living face from a mask or a bust; a card's PAD error rates say which attacks were tried.
"""

from dataclasses import dataclass

import numpy as np

from facelatch import surface
from facelatch.frames import Frame
from facelatch.preprocess import FacePoint
from facelatch.shapes import FEWEST_CELLS, ellipse, fit, plane_terms
from facelatch.surface import Real

_FACE_MM = (45.0, 60.0)
"""Half axes of the part of a face that is looked at. A photo large enough to be taken for a face covers
it, so neither the photo's edge nor who holds it is mistaken for relief."""
_CENTRE_BELOW_MM = 5.0
_CLIP_MM = 20.0
"""Larger residuals count as this much: a hole's rim or a finger must not pass for relief."""

_LEAST_COVERAGE = 0.6
"""99 of 100 rendered heads have 0.75 or more; hair and slanting skin hide the rest. Black glass has less."""
_LEAST_PLANE_MM = 4.0
"""RMS: 99 of 100 rendered heads within 70 cm have 6.1 or more, flat sheets 2.4 or less."""
_LEAST_CURVED_MM = 2.8
"""RMS: 99 of 100 rendered heads within 70 cm have 4.0 or more, bent and folded sheets 2.2 or less."""
_NOISE_PX = 0.1
_FOCAL_BASELINE_PX_MM = 385.0 * 50.0
"""A stereo camera's disparity error and its focal length times baseline (a D435's at 640 pixels): depth
noise is z^2 * 0.1 / 19250 mm, 1.3 at half a metre, 5.2 at one. The limits grow with it, so that noise never
passes for relief: too far away, nobody is live."""

_DIRECTIONS = 12
_STRIP_MM = 6.0


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
    patch = surface.measure(frame, point, span_mm=2 * (_FACE_MM[1] + _CENTRE_BELOW_MM) + 10)
    face = ellipse(patch.column_mm[None, :], patch.row_mm[:, None] - _CENTRE_BELOW_MM, _FACE_MM)
    seen = face & patch.seen
    coverage = np.count_nonzero(seen) / np.count_nonzero(face)
    x, y, z = patch.x_mm[seen], patch.y_mm[seen], patch.z_mm[seen]
    enough = z.size >= 4 * FEWEST_CELLS and coverage >= _LEAST_COVERAGE
    noise_mm = point.depth_mm**2 * _NOISE_PX / _FOCAL_BASELINE_PX_MM
    return (
        to_check("depth-coverage", coverage, _LEAST_COVERAGE),
        to_check(
            "plane",
            plane_relief_mm(x, y, z) if enough else np.nan,
            float(np.hypot(_LEAST_PLANE_MM, noise_mm)),
        ),
        to_check(
            "curved-plane",
            curved_relief_mm(x, y, z) if enough else np.nan,
            float(np.hypot(_LEAST_CURVED_MM, noise_mm)),
        ),
    )


def to_check(name: str, value: float, limit: float) -> PadCheck:
    """The verdict on a value that must reach its limit; NaN does not."""
    return PadCheck(name, bool(value >= limit), float(value), limit)


def plane_relief_mm(x_mm: Real, y_mm: Real, z_mm: Real) -> float:
    """RMS distance of the cells (n,) from the plane that fits them best."""
    terms = plane_terms(x_mm, y_mm)
    return _rms(z_mm - terms @ fit(terms, z_mm, scale_mm=10, passes=3))


def curved_relief_mm(x_mm: Real, y_mm: Real, z_mm: Real) -> float:
    """RMS distance of the cells (n,) from the sheet that fits best, however it is bent in one direction.

    A sheet that does not stretch bends in one direction only, so across it any profile is allowed (an arc, a
    fold, a wave) and along it a straight line, with a twist. The best of twelve directions counts.
    """
    return min(
        _sheet_relief_mm(x_mm, y_mm, z_mm, angle) for angle in np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS
    )


def _sheet_relief_mm(x_mm: Real, y_mm: Real, z_mm: Real, angle: float) -> float:
    across = x_mm * np.cos(angle) + y_mm * np.sin(angle)
    along = y_mm * np.cos(angle) - x_mm * np.sin(angle)
    strip = np.floor((across - across.min()) / _STRIP_MM).astype(np.intp)
    cells = np.maximum(np.bincount(strip), 1)

    def within_strip(values: Real) -> Real:
        levelled: Real = values - (np.bincount(strip, values) / cells)[strip]
        return levelled

    terms = np.stack([within_strip(along), within_strip(along * across / 50)], axis=-1)
    level = within_strip(z_mm)
    return _rms(level - terms @ fit(terms, level, scale_mm=6))


def _rms(residual_mm: Real) -> float:
    return float(np.sqrt(np.mean(np.minimum(np.abs(residual_mm), _CLIP_MM) ** 2)))
