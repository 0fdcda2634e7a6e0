"""A linear 3-D face model: a neutral head plus identity and expression shape vectors.

Made for the ICT Face Model Light (USC Institute for Creative Technologies, MIT licence; Li et al., "Learning
Formation of Physically-Based Face Attributes", CVPR 2020). `face_model_import` reads its OBJ folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.archives import UNREADABLE, reason
from facelatch_converter.errors import FaceModelError

Points = npt.NDArray[np.float32]

MOUTH = "mouth"
"""The material of the wall behind the lips."""

LARGEST_CM = 100.0
"""No vertex of a head lies farther from the middle of its nose, and no shape vector moves one as far."""

ARRAYS = {
    "vertices_cm": (2, "neutral mean head (n, 3), centimetres, +y up, +z out of the face"),
    "triangles": (2, "vertex indices (m, 3)"),
    "triangle_material": (1, "index into materials (m,)"),
    "materials": (1, "names"),
    "identity_cm": (3, "identity shape vectors (k, n, 3)"),
    "expression_cm": (3, "expression shape vectors (k, n, 3), weights 0..1"),
    "expression_names": (1, "names of the expression vectors"),
    "landmarks68": (1, "vertex index of each iBUG landmark (68,)"),
}


@dataclass(frozen=True, slots=True, eq=False)
class FaceModel:
    """Everything in millimetres, +x to the image's right when seen from the front, +y up, +z out of the face."""

    vertices_mm: Points
    """(n, 3), the neutral mean head."""
    triangles: npt.NDArray[np.int32]
    """(m, 3), counter-clockwise seen from outside."""
    materials: npt.NDArray[np.str_]
    """(m,), the material name of each triangle."""
    identity_mm: Points
    """(identities, n, 3); draw weights from N(0, 1)."""
    expression_mm: Points
    """(expressions, n, 3); weights 0..1."""
    expression_names: tuple[str, ...]
    landmarks: npt.NDArray[np.intp]
    """(68,), vertex indices in iBUG / Multi-PIE order."""

    def landmark_mm(self, *indices: int) -> Points:
        """Positions of landmarks on the mean head, (len, 3)."""
        positions: Points = self.vertices_mm[self.landmarks[list(indices)]]
        return positions


def load_face_model(path: Path) -> FaceModel:
    """Read the arrays that `import-face-model` writes; raises `FaceModelError` naming what does not fit."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("one array, not an archive of several")
        with loaded as archive:
            missing = sorted(set(ARRAYS) - set(archive.files))
            if missing:
                raise FaceModelError(
                    f"{path}: not a face model, the arrays {', '.join(missing)} are missing; "
                    "write it with facelatch-convert import-face-model"
                )
            arrays = {name: archive[name] for name in ARRAYS}
    except FileNotFoundError:
        raise FaceModelError(
            f"{path}: no such file; write one with facelatch-convert import-face-model"
        ) from None
    except UNREADABLE as error:
        raise FaceModelError(
            f"{path}: not a readable face model ({reason(error)}); "
            "write it again with facelatch-convert import-face-model"
        ) from None
    _check(path, arrays)
    return _with_mouth(_to_model(arrays))


def _to_model(arrays: dict[str, npt.NDArray[Any]]) -> FaceModel:
    return FaceModel(
        vertices_mm=arrays["vertices_cm"].astype(np.float32) * 10,
        triangles=arrays["triangles"].astype(np.int32),
        materials=arrays["materials"][arrays["triangle_material"]],
        identity_mm=arrays["identity_cm"].astype(np.float32) * 10,
        expression_mm=arrays["expression_cm"].astype(np.float32) * 10,
        expression_names=tuple(str(name) for name in arrays["expression_names"]),
        landmarks=arrays["landmarks68"].astype(np.intp),
    )


def _with_mouth(model: FaceModel) -> FaceModel:
    """The model with the inside of the mouth closed: a wall behind the lips that moves with them."""
    lips = model.landmarks[48:60]
    count = len(model.vertices_mm)
    back = np.array((0, 0, -18), np.float32)
    ring = model.vertices_mm[lips] + back
    rim = np.arange(len(lips))
    # Landmarks run clockwise seen from the front, so a fan turns the other way round to face outwards.
    fan = np.stack([np.full(len(lips), len(lips)), np.roll(rim, -1), rim], axis=1) + count
    if _turns_away(np.concatenate([ring, ring.mean(0, keepdims=True)]), fan[0] - count):
        fan = fan[:, ::-1]

    def extended(vectors: Points) -> Points:
        lip_vectors = vectors[:, lips]
        return np.concatenate([vectors, lip_vectors, lip_vectors.mean(1, keepdims=True)], axis=1)

    return FaceModel(
        vertices_mm=np.concatenate([model.vertices_mm, ring, ring.mean(0, keepdims=True)]),
        triangles=np.concatenate([model.triangles, fan]).astype(np.int32),
        materials=np.concatenate([model.materials, np.full(len(fan), MOUTH)]),
        identity_mm=extended(model.identity_mm),
        expression_mm=extended(model.expression_mm),
        expression_names=model.expression_names,
        landmarks=model.landmarks,
    )


def _turns_away(points: Points, triangle: npt.NDArray[np.intp]) -> bool:
    a, b, c = points[triangle]
    return bool(np.cross(b - a, c - a)[2] < 0)


def _check(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Refuse arrays that do not belong together."""
    for name, (dimensions, meaning) in ARRAYS.items():
        if arrays[name].ndim != dimensions:
            raise FaceModelError(
                f"{path}: {name} has {arrays[name].ndim} dimensions, expected {dimensions}: {meaning}"
            )
        if len(arrays[name]) == 0:
            raise FaceModelError(f"{path}: {name} is empty, expected {meaning}")
    _check_lengths(path, arrays)
    count = len(arrays["vertices_cm"])
    for name, limit in (
        ("triangles", count),
        ("landmarks68", count),
        ("triangle_material", len(arrays["materials"])),
    ):
        numbers = arrays[name]
        if not np.issubdtype(numbers.dtype, np.integer) or numbers.size == 0:
            raise FaceModelError(f"{path}: {name} must hold integers, found {numbers.dtype}")
        if numbers.min() < 0 or numbers.max() >= limit:
            raise FaceModelError(f"{path}: {name} points outside 0..{limit - 1}")
    for name in ("vertices_cm", "identity_cm", "expression_cm"):
        _check_centimetres(path, name, arrays[name])


def _check_lengths(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    count, triangles = len(arrays["vertices_cm"]), arrays["triangles"]
    shapes_fit = all(arrays[name].shape[1:] == (count, 3) for name in ("identity_cm", "expression_cm"))
    if arrays["vertices_cm"].shape != (count, 3) or not shapes_fit:
        raise FaceModelError(f"{path}: shape vectors and the {count} neutral vertices do not match")
    if len(arrays["expression_names"]) != len(arrays["expression_cm"]):
        raise FaceModelError(f"{path}: expression_names and expression_cm differ in length")
    if triangles.shape[1] != 3:
        raise FaceModelError(f"{path}: triangles has {triangles.shape[1]} corners in a row, expected 3")
    if len(arrays["triangle_material"]) != len(triangles):
        raise FaceModelError(f"{path}: triangle_material and triangles differ in length")
    if arrays["landmarks68"].shape != (68,):
        raise FaceModelError(f"{path}: landmarks68 has {arrays['landmarks68'].size} entries, expected 68")
    for name in ("materials", "expression_names"):
        if arrays[name].dtype.kind != "U":
            raise FaceModelError(f"{path}: {name} must hold text, found {arrays[name].dtype}")


def _check_centimetres(path: Path, name: str, found: npt.NDArray[Any]) -> None:
    if found.dtype.kind != "f":
        raise FaceModelError(f"{path}: {name} must hold real numbers, found {found.dtype}")
    if not np.isfinite(found).all():
        raise FaceModelError(f"{path}: {name} holds numbers that are not finite")
    largest = float(np.abs(found).max())
    if largest > LARGEST_CM:
        raise FaceModelError(
            f"{path}: {name} goes up to {largest:g} cm, expected at most {LARGEST_CM:g}; it is no head in centimetres"
        )
