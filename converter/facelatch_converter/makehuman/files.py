"""MakeHuman's data files: the base mesh with its groups, and targets that move some of its vertices.

The data (base mesh hm08 and its targets, MakeHuman team and Data Collection AB) are CC0 since September 2020. One unit
is a decimetre; y is up, z out of the face, and x to the image's right when seen from the front.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch_converter.errors import FaceModelError

Points = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]

CM_PER_UNIT = 10.0

_HINT = "name MakeHuman's data folder, the one with 3dobjs and targets"


@dataclass(frozen=True, slots=True, eq=False)
class BaseMesh:
    """The base mesh before any target."""

    vertices_cm: Points
    """(n, 3)."""
    triangles: Indices
    """(m, 3)."""
    groups: npt.NDArray[np.str_]
    """(m,), which part of the mesh a triangle belongs to."""

    def members(self, group: str) -> npt.NDArray[np.intp]:
        """The vertices of a group; raises `FaceModelError` where the mesh lacks it."""
        found: npt.NDArray[np.intp] = np.unique(self.triangles[self.groups == group]).astype(np.intp)
        if not found.size:
            raise FaceModelError(f"the base mesh has no group {group!r}, expected MakeHuman's hm08; {_HINT}")
        return found


def read_base(path: Path) -> BaseMesh:
    """The base mesh; raises `FaceModelError` naming the line that does not fit."""
    vertices: list[list[float]] = []
    triangles: list[tuple[int, int, int]] = []
    groups: list[str] = []
    group = ""
    for number, line in enumerate(_lines(path), start=1):
        kind, _, rest = line.partition(" ")
        try:
            if kind == "v":
                x, y, z = (float(word) for word in rest.split()[:3])
                vertices.append([x, y, z])
            elif kind == "g":
                group = rest.strip()
            elif kind == "f":
                corners = [int(word.partition("/")[0]) - 1 for word in rest.split()]
                fan = [(corners[0], corners[k], corners[k + 1]) for k in range(1, len(corners) - 1)]
                triangles += fan
                groups += [group] * len(fan)
        except ValueError as error:
            raise FaceModelError(
                f"{path}, line {number}: {error}; the file is damaged or no OBJ file"
            ) from None
    points = np.array(vertices, np.float32).reshape(-1, 3) * np.float32(CM_PER_UNIT)
    corners_of = np.array(triangles, np.int32).reshape(-1, 3)
    if not len(points) or not len(corners_of) or not np.isfinite(points).all():
        raise FaceModelError(f"{path}: has no faces on finite vertices; the file is damaged or no OBJ file")
    if corners_of.min() < 0 or corners_of.max() >= len(points):
        raise FaceModelError(
            f"{path}: a face names a vertex beyond the {len(points)} there are; it is cut off"
        )
    return BaseMesh(points, corners_of, np.array(groups))


def read_target(path: Path, count: int) -> Points:
    """How far a target moves each of `count` vertices, (count, 3) centimetres.

    Raises `FaceModelError` naming the file where it does not belong to the base mesh.
    """
    rows = [line.split() for line in _lines(path) if line.strip() and not line.startswith("#")]
    try:
        moves = np.array(rows, np.float64).reshape(-1, 4)
    except ValueError:
        raise FaceModelError(
            f"{path}: expected rows of a vertex and three distances; the file is damaged"
        ) from None
    numbers = moves[:, 0]
    if not np.isfinite(moves).all() or (numbers < 0).any() or (numbers >= count).any():
        raise FaceModelError(
            f"{path}: moves vertices that the base mesh, with {count}, does not have; {_HINT}"
        )
    target = np.zeros((count, 3), np.float32)
    target[numbers.astype(np.intp)] = moves[:, 1:] * CM_PER_UNIT
    return target


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise FaceModelError(f"{path}: cannot be read ({error.strerror}); {_HINT}") from None
    except UnicodeDecodeError:
        raise FaceModelError(f"{path}: is not text; the file is damaged") from None
