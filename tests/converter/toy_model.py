"""A made-up head with landmarks, so that tests need no scanned face model: an ellipsoid with a nose."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

RINGS, SEGMENTS = 60, 72
SIZE_CM = np.array((7.5, 11.0, 9.5))

# Where iBUG's 68 landmarks lie on this head, seen from the front: (x, y) in centimetres.
JAW = [(7.2 * np.sin(a), 3.0 - 10.0 * np.cos(a) * 0.95) for a in np.linspace(-1.5, 1.5, 17)]
BROWS = [(-5.4, 3.6), (-4.5, 4.2), (-3.4, 4.4), (-2.3, 4.2), (-1.3, 3.8)]
BRIDGE = [(0.0, 2.4), (0.0, 1.4), (0.0, 0.4), (0.0, -0.6)]
NOSTRILS = [(-1.2, -1.4), (-0.6, -1.6), (0.0, -1.7), (0.6, -1.6), (1.2, -1.4)]
EYE = [(-4.2, 2.2), (-3.5, 2.7), (-2.6, 2.7), (-1.9, 2.2), (-2.6, 1.8), (-3.5, 1.8)]
OUTER_LIP = [
    (-2.4, -4.0), (-1.6, -3.4), (-0.7, -3.1), (0.0, -3.3), (0.7, -3.1), (1.6, -3.4), (2.4, -4.0),
    (1.6, -4.7), (0.8, -5.0), (0.0, -5.1), (-0.8, -5.0), (-1.6, -4.7),
]  # fmt: skip
INNER_LIP = [
    (-1.9, -4.0),
    (-0.8, -3.8),
    (0.0, -3.8),
    (0.8, -3.8),
    (1.9, -4.0),
    (0.8, -4.2),
    (0.0, -4.2),
    (-0.8, -4.2),
]


def toy_arrays() -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of a face model file."""
    vertices, triangles = _head()
    rng = np.random.default_rng(0)
    waves = [np.sin(vertices @ rng.normal(0, 0.4, 3) + phase) for phase in (0.0, 1.0, 2.0, 3.0)]
    normals = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    identity = np.stack([wave[:, None] * normals * 0.35 for wave in waves])
    jaw = np.where(vertices[:, 1] < -4, -0.8, 0.0)[:, None] * np.array((0.0, 1.0, 0.0))
    smile = [
        np.where((side * vertices[:, 0] > 0) & (vertices[:, 1] < -2), 0.3, 0.0)[:, None] * normals
        for side in (1, -1)
    ]
    mirrored = [(-x, y) for x, y in BROWS[::-1]]
    right_eye = [(-x, y) for x, y in (EYE[3], EYE[2], EYE[1], EYE[0], EYE[5], EYE[4])]
    spots = [*JAW, *BROWS, *mirrored, *BRIDGE, *NOSTRILS, *EYE, *right_eye, *OUTER_LIP, *INNER_LIP]
    front = np.where(vertices[:, 2] > 0)[0]
    nearest = [front[np.argmin(np.hypot(*(vertices[front, :2] - spot).T))] for spot in spots]
    return {
        "vertices_cm": vertices.astype(np.float32),
        "triangles": triangles.astype(np.int32),
        "triangle_material": np.zeros(len(triangles), np.uint8),
        "materials": np.array(["M_Face"]),
        "identity_cm": identity.astype(np.float16),
        "expression_cm": np.stack([jaw, *smile]).astype(np.float16),
        "expression_names": np.array(["jawOpen", "mouthSmile_L", "mouthSmile_R"]),
        "landmarks68": np.array(nearest, np.int64),
    }


def write_toy_model(path: Path) -> Path:
    """A face model file with the toy head."""
    np.savez(path, **toy_arrays())
    return path


def _head() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """A closed ellipsoid of rings from crown to throat, with a nose pressed out of its front."""
    polar = np.linspace(0.02, np.pi - 0.02, RINGS)[:, None]
    around = np.linspace(0, 2 * np.pi, SEGMENTS, endpoint=False)[None]
    x = np.sin(polar) * np.sin(around)
    y = np.cos(polar) * np.ones_like(around)
    z = np.sin(polar) * np.cos(around)
    vertices = np.stack([x, y, z], axis=-1).reshape(-1, 3) * SIZE_CM
    bump = np.exp(-((vertices[:, 0] / 1.2) ** 2) - ((vertices[:, 1] - 0.2) / 2.2) ** 2) * (vertices[:, 2] > 0)
    vertices[:, 2] += 2.2 * bump
    return vertices, _skin()


def _skin() -> npt.NDArray[np.int64]:
    triangles = []
    for ring in range(RINGS - 1):
        for k in range(SEGMENTS):
            a, b = ring * SEGMENTS + k, ring * SEGMENTS + (k + 1) % SEGMENTS
            c, d = a + SEGMENTS, b + SEGMENTS
            triangles += [(a, c, b), (b, c, d)]
    return np.array(triangles)
