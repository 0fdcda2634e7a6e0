"""`facelatch-convert import-face-model`: ICT-FaceKit's folder of OBJ files to one npz.

The folder (`FaceXModel` of ICT-FaceKit, MIT licence) holds a neutral mesh, one whole mesh per identity and expression
shape, and `vertex_indices.json` with the landmarks. Teeth, tongue, lashes and the thin shells over the eyes are left
out: a depth camera does not see them.
"""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter import places
from facelatch_converter.errors import FaceModelError, OutputError
from facelatch_converter.progress import progress_bar

DESCRIPTION = """Read ICT-FaceKit's folder of OBJ files (FaceXModel) and write the arrays that rendering and training
take by --face-model. Get the folder from the ICT-FaceKit repository of USC ICT's Vision and Graphics Lab."""

NEUTRAL = "generic_neutral_mesh.obj"
LANDMARKS = "vertex_indices.json"
IDENTITY = re.compile(r"identity\d+")
LEFT_OUT = (
    "M_EyeBlend", "M_EyeLashes", "M_EyeOcclusion", "M_GumsTongue", "M_LacrimalFluid", "M_Teeth"
)  # fmt: skip

TOPOLOGY_VERTICES = 26719
MOUTH_SOCKET = range(11248, 13294)
"""In ICT-FaceKit's own topology (its README's table), the inside of the mouth, which has the skin's material."""

Points = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class ObjMesh:
    """What an OBJ file says, in its own units and with indices from 0."""

    vertices: Points
    """(n, 3)."""
    texture_uv: Points
    """(t, 2)."""
    triangles: Indices
    """(m, 3); larger polygons are cut into fans."""
    triangle_uv: Indices
    """(m, 3), indices into texture_uv, -1 where a corner has none."""
    triangle_material: Indices
    """(m,)."""
    materials: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "folder", type=Path, metavar="ICT_DIR", help="the folder with generic_neutral_mesh.obj"
    )
    add_output_arguments(parser)


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe where a face model goes."""
    parser.add_argument("out", type=Path, metavar="OUT.npz", help="where to write the arrays")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def run(arguments: argparse.Namespace) -> int:
    """Import and write; returns 0."""
    files = len(list(arguments.folder.glob("*.obj"))) - 1
    return import_to(arguments, files, partial(import_folder, arguments.folder))


def import_to(
    arguments: argparse.Namespace, files: int, read: Callable[[Callable[[int], object]], dict[str, Any]]
) -> int:
    """Write the arrays that `read` makes of so many files, and say what they are; returns 0."""
    if arguments.out.suffix != ".npz":
        raise OutputError(f"{arguments.out}: the file's name must end in .npz")
    places.refuse_taken_file(arguments.out, arguments.force)
    with progress_bar(files, "files") as advance:
        arrays = read(lambda _: advance(1))
    write_npz(arguments.out, arrays)
    print(
        f"{arguments.out}: {len(arrays['vertices_cm'])} vertices, {len(arrays['identity_cm'])} identity and "
        f"{len(arrays['expression_cm'])} expression shapes"
    )
    return 0


def import_folder(folder: Path, progress: Callable[[int], object] = lambda _total: None) -> dict[str, Any]:
    """The arrays of `face_model.ARRAYS` and the texture's; `progress` is told the number of files after each.

    Raises `FaceModelError` naming the file that is missing or does not fit.
    """
    neutral = read_obj(folder / NEUTRAL)
    landmarks = _read_landmarks(folder / LANDMARKS, len(neutral.vertices))
    names = sorted(path.stem for path in folder.glob("*.obj") if path.name != NEUTRAL)
    identities = [name for name in names if IDENTITY.fullmatch(name)]
    expressions = [name for name in names if not IDENTITY.fullmatch(name)]
    if not identities or not expressions:
        raise FaceModelError(
            f"{folder}: found {len(identities)} identity and {len(expressions)} expression meshes beside {NEUTRAL}, "
            "expected some of both; name ICT-FaceKit's FaceXModel folder"
        )
    kept = _kept(neutral)
    used = np.union1d(neutral.triangles[kept], landmarks)
    materials, order = np.unique(np.array(neutral.materials), return_inverse=True)
    renumbered = np.full(len(neutral.vertices), -1, np.int32)
    renumbered[used] = np.arange(len(used))

    def shapes(members: Sequence[str]) -> npt.NDArray[np.float16]:
        vectors = np.empty((len(members), len(used), 3), np.float16)
        for number, name in enumerate(members):
            vectors[number] = _difference(folder / f"{name}.obj", neutral)[used]
            progress(len(names))
        return vectors

    return {
        "vertices_cm": neutral.vertices[used],
        "triangles": renumbered[neutral.triangles[kept]],
        "triangle_material": order[neutral.triangle_material[kept]].astype(np.uint8),
        "materials": materials,
        "texture_uv": neutral.texture_uv,
        "triangle_uv": neutral.triangle_uv[kept],
        "identity_cm": shapes(identities),
        "expression_cm": shapes(expressions),
        "identity_names": np.array(identities),
        "expression_names": np.array(expressions),
        "landmarks68": renumbered[landmarks].astype(np.int64),
    }


def _kept(mesh: ObjMesh) -> npt.NDArray[np.bool_]:
    """Which triangles a depth camera can see."""
    kept = np.array([name not in LEFT_OUT for name in mesh.materials])[mesh.triangle_material]
    if len(mesh.vertices) == TOPOLOGY_VERTICES:
        kept &= ~np.isin(mesh.triangles, MOUTH_SOCKET).any(axis=1)
    return kept


def write_npz(path: Path, arrays: dict[str, Any]) -> None:
    """Write the arrays whole or not at all."""
    with places.replacing(path) as file:
        np.savez_compressed(file, **arrays)


def read_obj(path: Path) -> ObjMesh:
    """A mesh from a Wavefront OBJ file; raises `FaceModelError` naming the line that does not fit."""
    vertices: list[list[float]] = []
    texture: list[list[float]] = []
    corners: list[tuple[list[int], list[int], int]] = []
    materials: list[str] = []
    material = 0
    for number, line in enumerate(_lines(path), start=1):
        kind, _, rest = line.partition(" ")
        try:
            if kind == "v":
                vertices.append([float(value) for value in rest.split()[:3]])
            elif kind == "vt":
                texture.append([float(value) for value in rest.split()[:2]])
            elif kind == "usemtl":
                name = rest.strip()
                materials += [name] if name not in materials else []
                material = materials.index(name)
            elif kind == "f":
                corners.append((*_polygon(rest), material))
        except ValueError as error:
            raise FaceModelError(
                f"{path}, line {number}: {error}; the file is damaged or no OBJ file"
            ) from None
    return _build(path, vertices, texture, corners, materials)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise FaceModelError(
            f"{path}: cannot be read ({error.strerror}); name ICT-FaceKit's FaceXModel folder"
        ) from None
    except UnicodeDecodeError:
        raise FaceModelError(f"{path}: is not text; the file is damaged or no OBJ file") from None


def _polygon(text: str) -> tuple[list[int], list[int]]:
    """Vertex and texture indices of a face's corners, from 0; -1 for no texture."""
    parts = [corner.split("/") for corner in text.split()]
    if len(parts) < 3:
        raise ValueError(f"a face needs three corners, found {len(parts)}")
    points = [int(part[0]) - 1 for part in parts]
    if min(points) < 0:
        raise ValueError("vertices are counted from 1")
    return points, [int(part[1]) - 1 if len(part) > 1 and part[1] else -1 for part in parts]


def _build(
    path: Path,
    vertices: list[list[float]],
    texture: list[list[float]],
    corners: list[tuple[list[int], list[int], int]],
    materials: list[str],
) -> ObjMesh:
    if not vertices or any(len(vertex) != 3 for vertex in vertices):
        raise FaceModelError(
            f"{path}: has no vertices with three coordinates; the file is damaged or no OBJ file"
        )
    points = np.array(vertices, np.float32)
    if not np.isfinite(points).all():
        raise FaceModelError(f"{path}: has coordinates that are not finite numbers")
    # ICT-FaceKit's polygons are quadrilaterals; a fan cuts them along their first corner's diagonal.
    fans = [
        ((p[0], p[n], p[n + 1]), (t[0], t[n], t[n + 1]), material)
        for p, t, material in corners
        for n in range(1, len(p) - 1)
    ]
    triangles = np.array([fan[0] for fan in fans], np.int32).reshape(-1, 3)
    if triangles.size and triangles.max() >= len(points):
        raise FaceModelError(
            f"{path}: a face names vertex {triangles.max() + 1}, there are {len(points)}; the file is cut off"
        )
    return ObjMesh(
        vertices=points,
        texture_uv=np.array(texture, np.float32).reshape(-1, 2),
        triangles=triangles,
        triangle_uv=np.array([fan[1] for fan in fans], np.int32).reshape(-1, 3),
        triangle_material=np.array([fan[2] for fan in fans], np.int32),
        materials=tuple(materials) or ("",),
    )


def _difference(path: Path, neutral: ObjMesh) -> Points:
    """A shape's displacement from the neutral mesh, (n, 3)."""
    vertices = _vertices(path)
    if vertices.shape != neutral.vertices.shape:
        raise FaceModelError(
            f"{path}: has {len(vertices)} vertices, {NEUTRAL} has {len(neutral.vertices)}; "
            "the files do not belong together"
        )
    difference: Points = vertices - neutral.vertices
    return difference


def _vertices(path: Path) -> Points:
    """Only the vertices of an OBJ file: the faces are the neutral mesh's."""
    rows = [line[2:] for line in _lines(path) if line.startswith("v ")]
    try:
        vertices = np.array([row.split()[:3] for row in rows], np.float32).reshape(-1, 3)
    except ValueError as error:
        raise FaceModelError(f"{path}: {error}; the file is damaged or no OBJ file") from None
    if not np.isfinite(vertices).all():
        raise FaceModelError(f"{path}: has coordinates that are not finite numbers")
    return vertices


def _read_landmarks(path: Path, count: int) -> Indices:
    """The 68 landmarks' vertex indices."""
    try:
        numbers = np.array(json.loads(path.read_text(encoding="utf-8"))["idx_to_landmark_verts"], np.int32)
    except OSError as error:
        raise FaceModelError(
            f"{path}: cannot be read ({error.strerror}); name ICT-FaceKit's FaceXModel folder"
        ) from None
    except (ValueError, KeyError, TypeError, OverflowError):
        raise FaceModelError(
            f"{path}: holds no list idx_to_landmark_verts; the file is damaged or foreign"
        ) from None
    if numbers.shape != (68,) or numbers.min() < 0 or numbers.max() >= count:
        raise FaceModelError(f"{path}: expected 68 landmarks that name vertices of {NEUTRAL}")
    return numbers
