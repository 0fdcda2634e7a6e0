"""Where brows, lips, eyes, beard and scalp lie on a face model, found once from its landmarks.

All distances are millimetres on the mean head, so that a region follows the skin through every identity and
expression. Landmark numbers are iBUG's (Sagonas et al., "300 Faces In-The-Wild Challenge", 2016).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import MOUTH, FaceModel

Real = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

BROWS = ((17, 18, 19, 20, 21), (22, 23, 24, 25, 26))
EYES = ((36, 37, 38, 39, 40, 41, 36), (42, 43, 44, 45, 46, 47, 42))
OUTER_LIP = tuple(range(48, 60))
INNER_LIP = tuple(range(60, 68))
NOSE = tuple(range(27, 36))


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Per vertex (n,), on the mean head."""

    centre_mm: Real
    """(3,), the mean of the nose's landmarks: where a head is held."""
    brow_mm: Real
    """Distance to the nearer brow's line."""
    brow_along: Real
    """0 at the inner end of the brow, 1 at the outer."""
    lid_mm: Real
    """Distance to the nearer eye's rim."""
    lip: Real
    """1 on the lips, 0 elsewhere, soft at the border."""
    beard: Real
    """1 where a full beard grows."""
    moustache: Real
    """1 between nose and upper lip."""
    cheek: Real
    """1 on cheeks and nose tip, where blood shows."""
    scalp_mm: Real
    """Height above an average hairline; negative on the face."""
    iris: Mask
    pupil: Mask
    sclera: Mask
    mouth: Mask


def find_regions(model: FaceModel) -> Regions:
    """The regions of a model's mean head."""
    vertices = model.vertices_mm
    eyeball = _on(model, "M_Iris", "M_Sclera")
    axis_mm = _eye_axis_mm(model)
    skin = ~eyeball & ~_on(model, MOUTH)
    brow_mm, brow_along = _nearest_line(vertices, [model.landmark_mm(*brow) for brow in BROWS])
    lid_mm, _ = _nearest_line(vertices, [model.landmark_mm(*eye) for eye in EYES])
    front = vertices[:, 2] > model.landmark_mm(48, 54)[:, 2].min() - 15
    outer = _inside(vertices, model.landmark_mm(*OUTER_LIP)) & front & skin
    rim_mm, _ = _nearest_line(vertices, [model.landmark_mm(*OUTER_LIP, 48)])
    lip = np.where(outer, np.clip(0.5 + rim_mm / 2, 0, 1), np.clip(0.5 - rim_mm / 2, 0, 1)) * skin * front
    return Regions(
        centre_mm=model.landmark_mm(*NOSE).mean(0),
        brow_mm=np.where(skin, brow_mm, 1e3).astype(np.float32),
        brow_along=brow_along,
        lid_mm=np.where(skin, lid_mm, 1e3).astype(np.float32),
        lip=lip.astype(np.float32),
        beard=(_beard(model) * (1 - lip) * skin).astype(np.float32),
        moustache=(_moustache(model) * (1 - lip) * skin).astype(np.float32),
        cheek=(_cheek(model) * skin).astype(np.float32),
        scalp_mm=np.where(skin, _scalp(model), -1e3).astype(np.float32),
        iris=eyeball & (axis_mm < 6.2),
        pupil=eyeball & (axis_mm < 2.4),
        sclera=eyeball,
        mouth=_on(model, MOUTH),
    )


def _on(model: FaceModel, *prefixes: str) -> Mask:
    """Vertices of triangles whose material starts with one of the prefixes."""
    chosen = np.char.startswith(model.materials, prefixes[0])
    for prefix in prefixes[1:]:
        chosen |= np.char.startswith(model.materials, prefix)
    mask = np.zeros(len(model.vertices_mm), bool)
    mask[model.triangles[chosen]] = True
    return mask


def _nearest_line(points: Real, lines: list[Real]) -> tuple[Real, Real]:
    """Distance to the nearest of several polylines, and how far along it (0..1) the nearest place is."""
    best = np.full(len(points), np.inf, np.float32)
    along = np.zeros(len(points), np.float32)
    for line in lines:
        for number, (start, end) in enumerate(pairwise(line)):
            direction = end - start
            share = np.clip((points - start) @ direction / max(float(direction @ direction), 1e-6), 0, 1)
            distance = np.linalg.norm(points - start - share[:, None] * direction, axis=1)
            nearer = distance < best
            best[nearer] = distance[nearer]
            along[nearer] = ((number + share) / (len(line) - 1))[nearer]
    return best, along


def _inside(points: Real, polygon: Real) -> Mask:
    """Whether a point lies in a polygon, both seen from the front (even-odd rule)."""
    inside = np.zeros(len(points), bool)
    x, y = points[:, 0], points[:, 1]
    for (x0, y0), (x1, y1) in zip(polygon[:, :2], np.roll(polygon[:, :2], -1, 0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def _ramp(values: Real, low: float, high: float) -> Real:
    """0 below `low`, 1 above `high`, straight between."""
    ramp: Real = np.clip((values - low) / (high - low), 0, 1).astype(np.float32)
    return ramp


def _beard(model: FaceModel) -> Real:
    """Cheeks below a line from the ear to the corner of the mouth, the chin and the upper throat."""
    x, y, z = model.vertices_mm.T
    ear, mouth, chin = model.landmark_mm(1, 48, 8)
    share = np.clip((np.abs(x) - abs(mouth[0])) / max(abs(ear[0]) - abs(mouth[0]), 1), 0, 1)
    line = mouth[1] - 2 + share * (ear[1] - mouth[1])
    beard: Real = (
        _ramp(line - y, 0, 8) * _ramp(y, chin[1] - 35, chin[1] - 15) * _ramp(z, ear[2] - 25, ear[2] - 5)
    )
    return beard


def _moustache(model: FaceModel) -> Real:
    x, y, z = model.vertices_mm.T
    nose, lip, corner = model.landmark_mm(33, 51, 54)
    return (
        _ramp(nose[1] + 1 - y, 0, 3)
        * _ramp(y, lip[1] - 14, lip[1] - 2)
        * _ramp(abs(corner[0]) + 9 - np.abs(x), 0, 5)
        * _ramp(z, corner[2] - 12, corner[2] - 4)
    )


def _cheek(model: FaceModel) -> Real:
    cheeks = [model.landmark_mm(a, b).mean(0) for a, b in ((31, 2), (35, 14))]
    spots = [*cheeks, model.landmark_mm(30)[0]]
    widths = (22, 22, 14)
    weights = [
        np.exp(-np.sum((model.vertices_mm - spot) ** 2, axis=1) / (2 * width**2))
        for spot, width in zip(spots, widths, strict=True)
    ]
    cheek: Real = np.max(weights, axis=0).astype(np.float32)
    return cheek


def _scalp(model: FaceModel) -> Real:
    """Height above a hairline that runs from the forehead over the temple behind the ear to the nape."""
    _, y, z = model.vertices_mm.T
    brow_y = float(model.landmark_mm(19, 24)[:, 1].mean())
    temple_z = float(model.landmark_mm(0, 16)[:, 2].mean())
    line = np.interp(
        z - temple_z,
        [-70, -45, -25, 0, 25, 50],
        [brow_y - 110, brow_y - 90, brow_y - 15, brow_y, brow_y + 35, brow_y + 52],
    )
    height: Real = (y - line).astype(np.float32)
    return height


def _eye_axis_mm(model: FaceModel) -> Real:
    """Distance of a vertex from the axis through the nearer eye, seen from the front."""
    distances = []
    for side in ("Left", "Right"):
        on_iris = _on(model, f"M_Iris{side}")
        if not on_iris.any():
            return np.full(len(model.vertices_mm), np.inf, np.float32)
        # The axis passes through the iris' foremost vertex, the middle of the cornea.
        middle = model.vertices_mm[on_iris][model.vertices_mm[on_iris][:, 2].argmax()]
        distances.append(np.hypot(*(model.vertices_mm[:, :2] - middle[:2]).T))
    nearest: Real = np.min(distances, axis=0).astype(np.float32)
    return nearest
