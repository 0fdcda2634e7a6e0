"""Small meshes for what people wear: sheets, and tubes of any thickness along a path.

Vertices are (n, 3) in millimetres, triangles (m, 3) index them and lie counter-clockwise seen from outside: for a
sheet that is where its rows run downwards and its columns to the right.
"""

from collections.abc import Sequence
from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Mesh = tuple[Real, Indices]


@lru_cache(maxsize=64)
def grid(rows: int, columns: int, around: bool = False, ring: bool = False) -> Indices:
    """Triangles of a sheet whose vertices are numbered row by row.

    `around` joins the last column to the first, `ring` the last row to the first. Shared: not to be written into.
    """
    row = np.arange(rows if ring else rows - 1)[:, None]
    column = np.arange(columns if around else columns - 1)
    below, right = (row + 1) % rows, (column + 1) % columns
    upper_left, upper_right = row * columns + column, row * columns + right
    lower_left, lower_right = below * columns + column, below * columns + right
    cells = np.stack(
        [upper_left, lower_left, upper_right, upper_right, lower_left, lower_right], axis=-1, dtype=np.int32
    )
    triangles = np.ascontiguousarray(cells.reshape(-1, 3))
    triangles.flags.writeable = False
    return triangles


def torn_grid(keep: npt.NDArray[np.bool_]) -> Indices:
    """Triangles of a sheet of which only the cells in `keep` (rows - 1, columns - 1) are there."""
    rows, columns = keep.shape
    both = np.repeat(keep.ravel(), 2)
    return np.ascontiguousarray(grid(rows + 1, columns + 1)[both])


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    offsets = np.cumsum([0, *(len(vertices) for vertices, _ in meshes[:-1])], dtype=np.int32)
    corners = [triangles + offset for (_, triangles), offset in zip(meshes, offsets, strict=True)]
    return np.concatenate([vertices for vertices, _ in meshes]), np.concatenate(corners)


def double_sided(mesh: Mesh, thickness_mm: float) -> Mesh:
    """A sheet that is seen from both sides; the second lies beneath the first by the thickness in y."""
    vertices, triangles = mesh
    beneath = vertices - np.array((0, thickness_mm, 0), np.float32)
    return joined([mesh, (beneath, np.ascontiguousarray(triangles[:, ::-1]))])


def tube(
    path: npt.ArrayLike,
    across_mm: npt.ArrayLike,
    along_mm: npt.ArrayLike,
    up: npt.ArrayLike,
    sides: int = 6,
    ring: bool = False,
) -> Mesh:
    """A tube along a path (k, 3) that is half as thick as its diameters say, across and along `up`, at each place.

    Its ends are open unless it is a ring or narrows to nothing.
    """
    line = np.ascontiguousarray(path, np.float32)
    half = np.empty((2, len(line)), np.float32)
    half[0], half[1] = across_mm, along_mm
    vertices = _tube(line, half[0], half[1], np.asarray(up, np.float32), sides, ring)
    return vertices, grid(len(line), sides, around=True, ring=ring)


_CAP = np.sin(np.deg2rad((88.0, 60.0, 30.0, 0.0)))
_CAP_WIDTH = np.cos(np.deg2rad((88.0, 60.0, 30.0, 0.0)))


def capsule(start: Real, end: Real, radii_mm: tuple[float, float], sides: int = 8) -> Mesh:
    """A limb from `start` to `end`, round at both ends, with a radius for each."""
    ahead = end - start
    length = max(float(np.sqrt(ahead @ ahead)), 1e-3)
    first, last = radii_mm
    place = np.concatenate([-first * _CAP, length + last * _CAP[::-1]])
    width = np.concatenate([first * _CAP_WIDTH, last * _CAP_WIDTH[::-1]])
    up = (1.0, 0.0, 0.0) if abs(ahead[0]) < 0.7 * length else (0.0, 1.0, 0.0)
    return tube(start + place[:, None] * (ahead / length), width, width, up, sides)


def ellipsoid(middle: Real, long: Real, half_mm: tuple[float, float], up: Real, sides: int = 12) -> Mesh:
    """An ellipsoid whose half axes are the vector `long` and `half_mm` across and along `up`."""
    angle = np.linspace(0.03, np.pi - 0.03, 9)
    path = middle - np.cos(angle)[:, None] * long
    return tube(path, half_mm[0] * np.sin(angle), half_mm[1] * np.sin(angle), up, sides)


@numba.njit(cache=True, nogil=True)
def _tube(path: Real, across: Real, along: Real, up: Real, sides: int, ring: bool) -> Real:
    """Rings of vertices (k * sides, 3) about each place of the path."""
    count = len(path)
    vertices = np.empty((count * sides, 3), np.float32)
    for i in range(count):
        after, before = i + 1, i - 1
        if not ring:
            after, before = min(after, count - 1), max(before, 0)
        ahead = path[after % count] - path[before % count]
        side = np.cross(ahead, up)
        side /= np.sqrt(np.sum(side * side)) + np.float32(1e-9)
        rise = np.cross(side, ahead)
        rise /= np.sqrt(np.sum(rise * rise)) + np.float32(1e-9)
        for k in range(sides):
            angle = 2 * np.pi * k / sides
            c, s = np.float32(np.cos(angle)) * across[i], np.float32(np.sin(angle)) * along[i]
            for axis in range(3):
                vertices[i * sides + k, axis] = path[i, axis] + c * side[axis] + s * rise[axis]
    return vertices
