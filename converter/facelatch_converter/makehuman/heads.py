"""A face model of MakeHuman's heads: the mean of many drawn heads, and the directions in which they differ."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.errors import FaceModelError
from facelatch_converter.makehuman.files import BaseMesh, Indices, Points, read_base, read_target
from facelatch_converter.makehuman.sliders import Wardrobe, draw_heads, read_wardrobe
from facelatch_converter.regions import NOSE
from facelatch_converter.wear.meshes import grid

HEADS = 1500
"""Drawn to find how heads differ; more change the directions by less than a millimetre."""
DIRECTIONS = 80
SEED = 1

LANDMARKS = (
    5402, 859, 869, 912, 5240, 915, 917, 5221, 5296, 11831, 7619, 7617, 11849, 7614, 7574, 7564, 12001,
    207, 224, 222, 233, 228, 7001, 7006, 6996, 6998, 6982, 136, 135, 164, 5054, 347, 313, 312, 7076,
    7108, 4851, 0, 4865, 64, 47, 36, 6848, 11483, 6784, 11469, 6820, 6831, 3736, 5351, 460, 466, 7219,
    11953, 10404, 7239, 7241, 5337, 486, 484, 499, 471, 474, 7227, 7248, 7237, 494, 482,
)  # fmt: skip
"""Vertices of hm08 that lie where iBUG's 68 landmarks do, found on renderings of its mean head."""

EXPRESSIONS = {
    "eye-left-closure": "eyeBlink_L", "eye-right-closure": "eyeBlink_R",
    "eye-left-opened-up": "eyeWide_L", "eye-right-opened-up": "eyeWide_R",
    "eye-left-slit": "eyeSquint_L", "eye-right-slit": "eyeSquint_R",
    "eyebrows-left-down": "browDown_L", "eyebrows-right-down": "browDown_R",
    "eyebrows-left-extern-up": "browOuterUp_L", "eyebrows-right-extern-up": "browOuterUp_R",
    "eyebrows-left-inner-up": "browInnerUp_L", "eyebrows-right-inner-up": "browInnerUp_R",
    "mouth-open": "jawOpen", "mouth-corner-puller": "mouthSmile", "mouth-depression": "mouthFrown",
    "mouth-retraction": "mouthStretch", "mouth-compression": "mouthPress", "mouth-elevation": "mouthShrugUpper",
    "mouth-eversion": "mouthFunnel", "mouth-pursing": "mouthPucker", "mouth-parling": "mouthLowerDown",
    "mouth-upward-retraction": "mouthUpperUp", "mouth-protusion": "mouthForward",
    "nose-left-elevation": "noseSneer_L", "nose-right-elevation": "noseSneer_R",
    "nose-left-dilatation": "noseFlare_L", "nose-right-dilatation": "noseFlare_R",
}  # fmt: skip
"""Its expression units by the names that the other face model uses for the same movement."""

_BELOW_NOSE_CM, _ASIDE_CM = 19.5, 13.0
_EYES = (("helper-l-eye", "Left"), ("helper-r-eye", "Right"))


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The head's skin out of the whole body, with two eyeballs of our own."""

    used: npt.NDArray[np.intp]
    """Vertices of the base mesh: the skin's first, then those of its eyes' helpers."""
    skin: int
    """How many of them are skin."""
    eyes: tuple[npt.NDArray[np.intp], ...]
    """For each eye its helper's places in `used`."""
    triangles: Indices
    """Of the skin, counted in `used`."""
    landmarks: npt.NDArray[np.intp]


def import_data(
    data: Path, progress: Callable[[int], object] = lambda _total: None, heads: int = HEADS
) -> dict[str, Any]:
    """The arrays of `face_model.ARRAYS` from MakeHuman's data folder; the same each time.

    `progress` is told the number of files after each; `heads` are drawn to find how they differ. Raises
    `FaceModelError` for what is missing or damaged.
    """
    base = read_base(data / "3dobjs" / "base.obj")
    part = _cut(base)
    wardrobe = read_wardrobe(data / "targets", len(base.vertices_cm), part.used, progress)
    mean, directions = _directions(base, part, wardrobe, heads)
    units = data / "targets" / "expression" / "units" / "caucasian"
    names, expressions = _expressions(base, part, units)
    balls = [_eyeball(mean[eye]) for eye in part.eyes]
    vertices, triangles, materials = _assemble(part, mean, balls)
    return {
        "vertices_cm": vertices,
        "triangles": triangles,
        "triangle_material": materials,
        "materials": np.array(
            ["M_Face", *(f"M_{kind}{side}" for _, side in _EYES for kind in ("Sclera", "Iris"))]
        ),
        "identity_cm": _with_eyes(part, directions, len(balls[0])).astype(np.float16),
        "expression_cm": _with_eyes(part, expressions, len(balls[0])).astype(np.float16),
        "expression_names": np.array(names),
        "landmarks68": part.landmarks,
    }


def _cut(base: BaseMesh) -> Part:
    """Head, neck and collar; what is below or beside them is left out."""
    nose = base.vertices_cm[list(_landmarks_of(base))][list(NOSE)].mean(0)
    near = (base.vertices_cm[:, 1] > nose[1] - _BELOW_NOSE_CM) & (np.abs(base.vertices_cm[:, 0]) < _ASIDE_CM)
    skin = base.triangles[(base.groups == "body") & near[base.triangles].all(1)]
    members = np.union1d(np.unique(skin), _landmarks_of(base)).astype(np.intp)
    helpers = [base.members(group) for group, _ in _EYES]
    renumbered = np.full(len(base.vertices_cm), -1, np.int32)
    renumbered[members] = np.arange(len(members))
    starts = np.cumsum([len(members), *(len(helper) for helper in helpers)])
    eyes = tuple(
        np.arange(start, start + len(helper)) for start, helper in zip(starts, helpers, strict=False)
    )
    return Part(
        np.concatenate([members, *helpers]),
        len(members),
        eyes,
        renumbered[skin],
        renumbered[list(_landmarks_of(base))].astype(np.intp),
    )


def _landmarks_of(base: BaseMesh) -> tuple[int, ...]:
    if len(base.vertices_cm) <= max(LANDMARKS):
        raise FaceModelError(
            f"the base mesh has {len(base.vertices_cm)} vertices, expected MakeHuman's hm08 with 19158; "
            "its landmarks are known for that mesh alone"
        )
    return LANDMARKS


def _directions(base: BaseMesh, part: Part, wardrobe: Wardrobe, count: int) -> tuple[Points, Points]:
    """The mean of many heads (n, 3), held at the nose, and their principal directions (k, n, 3) of unit variance."""
    drawn = draw_heads(wardrobe, count, np.random.default_rng(SEED)).astype(np.float32)
    heads = base.vertices_cm[part.used] + np.tensordot(drawn, wardrobe.targets, axes=1)
    heads -= heads[:, part.landmarks[list(NOSE)]].mean(1, keepdims=True)
    mean = heads.mean(0)
    flat = (heads - mean).reshape(count, -1)
    # The few heads' own products are far smaller than those of all coordinates, and have the same roots.
    roots, vectors = np.linalg.eigh((flat @ flat.T).astype(np.float64))
    order = np.argsort(roots)[::-1][:DIRECTIONS]
    along = (vectors[:, order].T.astype(np.float32) @ flat) / np.float32(np.sqrt(count - 1))
    # A root's sign is an accident of the arithmetic: the largest move is made positive.
    along *= np.sign(along[np.arange(len(along)), np.abs(along).argmax(1)])[:, None]
    return mean.astype(np.float32), along.reshape(-1, len(mean), 3).astype(np.float32)


def _expressions(base: BaseMesh, part: Part, folder: Path) -> tuple[list[str], Points]:
    """Names and vectors (k, n, 3); a movement of both sides that the other model has by side is cut in the middle."""
    middle = base.vertices_cm[part.used, 0]
    left = np.clip(0.5 + middle / 2, 0, 1)[:, None]
    names, vectors = [], []
    for unit, name in EXPRESSIONS.items():
        vector = read_target(folder / f"{unit}.target", len(base.vertices_cm))[part.used]
        sided = unit.startswith("mouth") and name in {
            "mouthSmile", "mouthFrown", "mouthStretch", "mouthPress", "mouthLowerDown", "mouthUpperUp"
        }  # fmt: skip
        for end, share in (("_L", left), ("_R", 1 - left)) if sided else (("", 1.0),):
            names.append(name + end)
            vectors.append(vector * share)
    return names, np.stack(vectors).astype(np.float32)


_RINGS_DEG = np.array((0.5, 5, 10, 14, 19, 24, 29, 34, 42, 52, 64, 78, 95))
_SPOKES = 20
_IRIS_RINGS = 7
"""Rings of an eyeball that may hold the iris, counted from its pole."""


def _eyeball(helper: Points) -> Points:
    """A finer sphere in the place of MakeHuman's helper, rings about the gaze; (rings * spokes, 3)."""
    middle = (helper.min(0) + helper.max(0)) / 2
    # A hair smaller, so that it does not pierce the lids.
    radius = float(np.linalg.norm(helper - middle, axis=1).mean()) * 0.985
    away = np.deg2rad(_RINGS_DEG)[:, None]
    around = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    ball = np.stack(
        [np.sin(away) * np.cos(around), np.sin(away) * np.sin(around), np.cos(away) * np.ones_like(around)],
        axis=-1,
    )
    placed: Points = (middle + radius * ball.reshape(-1, 3)).astype(np.float32)
    return placed


def _assemble(part: Part, mean: Points, balls: list[Points]) -> tuple[Points, Indices, npt.NDArray[np.uint8]]:
    """Vertices, triangles and each triangle's material of skin and eyeballs."""
    cells = grid(len(_RINGS_DEG), _SPOKES, around=True)
    iris = np.arange(len(cells)) < 2 * _SPOKES * _IRIS_RINGS
    triangles, materials = [part.triangles], [np.zeros(len(part.triangles), np.uint8)]
    for number, ball in enumerate(balls):
        triangles.append(cells + np.int32(part.skin + number * len(ball)))
        materials.append(np.where(iris, 2 * number + 2, 2 * number + 1).astype(np.uint8))
    return np.concatenate([mean[: part.skin], *balls]), np.concatenate(triangles), np.concatenate(materials)


def _with_eyes(part: Part, vectors: Points, count: int) -> Points:
    """Vectors (k, ..) of the skin and of eyeballs that go where their helpers go as a whole."""
    eyes = [np.repeat(vectors[:, eye].mean(1, keepdims=True), count, axis=1) for eye in part.eyes]
    return np.concatenate([vectors[:, : part.skin], *eyes], axis=1)
