"""Where brows, lips, eyes, beard and scalp lie on a face model, found once from its landmarks.

All distances are millimetres on the mean head, so that a region follows the skin through every identity and
expression. Landmark numbers are iBUG's (Sagonas et al., "300 Faces In-The-Wild Challenge", 2016).
"""

from collections.abc import Sequence
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
    fat: Real
    """1 where a face gains and loses most with its weight: low on the cheeks, at the jowls and below the chin."""
    sag: Real
    """1 where skin hangs down most with age."""
    scalp_mm: Real
    """Height above an average hairline; negative on the face."""
    front: Mask
    """The face as seen from the front, eyes included."""
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
        fat=(_fat(model) * skin).astype(np.float32),
        sag=(_sag(model) * skin).astype(np.float32),
        scalp_mm=np.where(skin, _scalp(model), -1e3).astype(np.float32),
        front=vertices[:, 2] > model.landmark_mm(*NOSE)[:, 2].mean() - 40,
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
    aside = np.abs(x) / max(abs(corner[0]), 1)
    # It slopes down from the nose and ends beside the corners of the mouth, where a beard begins.
    return (
        _ramp(nose[1] + 1 - 6 * aside**2 - y, 0, 4)
        * _ramp(y, corner[1] - 14, corner[1] - 4)
        * _ramp(abs(corner[0]) + 14 - np.abs(x), 0, 12)
        * _ramp(z, corner[2] - 22, corner[2] - 12)
        * _ramp(y, lip[1] - 30, lip[1] - 20)
    )


def _cheek(model: FaceModel) -> Real:
    cheeks = [model.landmark_mm(a, b).mean(0) for a, b in ((31, 2), (35, 14))]
    nose = model.landmark_mm(30)[0]
    return _spots(model, [(cheeks[0], 22, 1), (cheeks[1], 22, 1), (nose, 14, 1)])


def _fat(model: FaceModel) -> Real:
    cheeks = [(model.landmark_mm(a, b).mean(0), 20, 1) for a, b in ((48, 3), (54, 13))]
    jowls = [(model.landmark_mm(place)[0], 22, 0.9) for place in (5, 11)]
    throat = model.landmark_mm(8)[0] + (0, -14, -28)
    return _spots(model, [*cheeks, *jowls, (throat, 26, 1)])


def _sag(model: FaceModel) -> Real:
    cheeks = [(model.landmark_mm(a, b).mean(0), 20, 0.6) for a, b in ((48, 2), (54, 14))]
    jowls = [(model.landmark_mm(a, b).mean(0), 17, 1) for a, b in ((48, 5), (54, 11))]
    brows = [(model.landmark_mm(place)[0], 12, 0.4) for place in (18, 25)]
    throat = model.landmark_mm(8)[0] + (0, -20, -30)
    return _spots(model, [*cheeks, *jowls, *brows, (model.landmark_mm(30)[0], 12, 0.35), (throat, 24, 0.8)])


def _spots(model: FaceModel, spots: Sequence[tuple[Real, float, float]]) -> Real:
    """The highest of several bells (middle, width in millimetres, height) at each vertex, (n,)."""
    bells = [
        height * np.exp(-np.sum((model.vertices_mm - middle) ** 2, axis=1) / (2 * width**2))
        for middle, width, height in spots
    ]
    highest: Real = np.max(bells, axis=0).astype(np.float32)
    return highest


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
