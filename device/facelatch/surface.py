"""The surface around a point of a frame as a small grid in millimetres, for whatever asks about shape."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame
from facelatch.preprocess import FacePoint

Real = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_FILLED = 0.5
"""Share of a cell's pixels that must carry depth; half-empty cells lie on an edge."""


_NEAREST_MM = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Square cells of averaged depth; camera axes: x right, y down, z away, millimetres."""

    x_mm: Real
    """(cells, cells), against the middle; NaN where a cell has no depth."""
    y_mm: Real
    z_mm: Real
    """Against the point's depth; negative is nearer to the camera."""
    column_mm: Real
    """(cells,), where the columns lie at the point's depth, whether or not they have depth."""
    row_mm: Real

    @property
    def seen(self) -> Mask:
        """Which cells have depth."""
        return np.isfinite(self.z_mm)


def is_measurable(point: FacePoint) -> bool:
    """Whether a face could be there: in front of the camera, not touching it, and finite."""
    finite = np.isfinite([point.u_px, point.v_px, point.depth_mm]).all()
    return bool(finite and point.depth_mm >= _NEAREST_MM)


def measure(
    frame: Frame, point: FacePoint, span_mm: float = 220.0, step_mm: float = 4.0, reach_mm: float = 110.0
) -> Surface:
    """The surface within `reach_mm` of the point's depth, in a square of `span_mm` around it.

    Readings beyond the reach count as none, and so does what lies outside the image. Averaging takes the
    sensor's noise out: at 500 mm a cell of 4 mm holds some 20 pixels. Raises `ValueError` for a point nearer
    than 100 mm or not finite.
    """
    if not is_measurable(point):
        raise ValueError(f"a face cannot be {point.depth_mm} mm away at ({point.u_px}, {point.v_px})")
    camera = frame.intrinsics
    columns = _edges(point.u_px, camera.fx / point.depth_mm, span_mm, step_mm)
    rows = _edges(point.v_px, camera.fy / point.depth_mm, span_mm, step_mm)
    left, right, top, bottom = columns[0], columns[-1], rows[0], rows[-1]
    window = np.zeros((bottom - top, right - left), np.float32)
    inside = frame.depth_mm[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    across, down = max(-left, 0), max(-top, 0)
    window[down : down + inside.shape[0], across : across + inside.shape[1]] = inside

    near = (window > 0) & (np.abs(window - np.float32(point.depth_mm)) <= reach_mm)
    count = _block_sums(near.astype(np.float32), rows - top, columns - left)
    total = _block_sums(np.where(near, window - np.float32(point.depth_mm), 0), rows - top, columns - left)
    pixels = np.diff(rows)[:, None] * np.diff(columns)[None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(count >= _FILLED * pixels, total / count, np.nan)
    u = (columns[:-1] + columns[1:]) / 2 - point.u_px
    v = (rows[:-1] + rows[1:]) / 2 - point.v_px
    return _to_surface(z, u, v, frame, point)


def _to_surface(z: Real, u: Real, v: Real, frame: Frame, point: FacePoint) -> Surface:
    """Cell middles `u`, `v` (pixels from the point) to millimetres from the point, each along its ray."""
    camera = frame.intrinsics
    depth = z + point.depth_mm
    slope_x, slope_y = (point.u_px - camera.cx) / camera.fx, (point.v_px - camera.cy) / camera.fy
    return Surface(
        x_mm=depth * (slope_x + u[None, :] / camera.fx) - point.depth_mm * slope_x,
        y_mm=depth * (slope_y + v[:, None] / camera.fy) - point.depth_mm * slope_y,
        z_mm=z,
        column_mm=u / camera.fx * point.depth_mm,
        row_mm=v / camera.fy * point.depth_mm,
    )


def _edges(centre_px: float, px_per_mm: float, span_mm: float, step_mm: float) -> npt.NDArray[np.intp]:
    """Pixel borders of the cells, strictly rising: a cell is never thinner than a pixel."""
    cells = round(span_mm / step_mm)
    step_px = max(step_mm * px_per_mm, 1.0)
    # Not `rint`, which rounds halves to even and so may give two edges the same pixel.
    edges: npt.NDArray[np.intp] = np.floor(
        centre_px + (np.arange(cells + 1) - cells / 2) * step_px + 0.5
    ).astype(np.intp)
    return edges


def _block_sums(
    image: npt.NDArray[np.float32], rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> Real:
    by_row = np.add.reduceat(image, rows[:-1], axis=0)
    sums: Real = np.add.reduceat(by_row, columns[:-1], axis=1).astype(np.float64)
    return sums
