"""What covers the lower face: a medical mask, or a hand held against it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person
from facelatch_converter.wear.head_map import HeadMap, map_head
from facelatch_converter.wear.meshes import Mesh, capsule, ellipsoid, grid, joined, tube
from facelatch_converter.wear.worn import Worn, combine, cover

Real = npt.NDArray[np.float32]

HAND_PLACES = {
    # (landmarks whose mean it is held to, the way the fingers point, how far it stands off in millimetres)
    "chin": ((7, 8, 9), (0.0, 0.5, 0.9), 14.0),
    "left-cheek": ((3, 4), (0.25, 1.0, 0.2), 16.0),
    "right-cheek": ((12, 13), (-0.25, 1.0, 0.2), 16.0),
    "mouth": ((57, 66), (0.9, 0.35, 0.0), 16.0),
    "temple": ((17, 36), (0.3, 1.0, 0.1), 22.0),
}


def medical_mask(model: FaceModel, vertices: Real, rng: np.random.Generator) -> Worn:
    """A smooth sheet from the bridge of the nose to below the chin, with loops to the ears."""
    head = map_head(model, vertices).taut(15, 2.0, spare=3)
    landmarks = vertices[model.landmarks]
    rows, columns = 18, 40
    reach = np.deg2rad(rng.uniform(46, 60))
    azimuth = np.linspace(-reach, reach, columns, dtype=np.float32)
    aside = np.abs(azimuth / reach)
    nose, chin = float(landmarks[[28, 29], 1].mean()), float(landmarks[8, 1])
    jaw = float(landmarks[[4, 12], 1].mean())
    # It sits below the nose on some faces.
    top = nose + rng.uniform(-6, 6) - (rng.uniform(25, 45) if rng.random() < 0.08 else 0)
    upper = head.elevation_at(azimuth, top + (jaw + 45 - top) * aside**1.5)
    lower = head.elevation_at(azimuth, chin + rng.uniform(-10, 4) + (jaw - chin + 8) * aside**2)
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    elevation = upper + (lower - upper) * down
    pleats = np.sin(down * np.pi * rng.integers(4, 9)) * rng.uniform(0, 1)
    # A cup stands off the lips, a folded sheet hangs over them.
    beak = rng.uniform(0, 14) * np.exp(-((azimuth / 0.35) ** 2)) * np.sin(np.pi * down)
    inner = 1.0 - (aside > 0.93) * 0.5
    radius = (
        head.radius(azimuth, elevation) + inner + rng.uniform(1, 3) * np.sin(np.pi * down) + pleats + beak
    )
    sheet = (head.at(azimuth, elevation, radius).reshape(-1, 3), grid(rows, columns))
    tone = _mask_tone(rng)
    infrared = float(rng.uniform(0.3, 0.9))
    loops = cover(_loops(head, elevation, radius, azimuth, landmarks), tone, infrared, 0.5)
    shaded = np.broadcast_to(np.exp(0.06 * pleats), (rows, columns)).reshape(-1, 1)
    return combine([cover(sheet, tone * shaded, infrared, rng.uniform(0, 0.08)), loops])


def hand(model: FaceModel, person: Person, vertices: Real, rng: np.random.Generator) -> Worn:
    """A hand with its forearm at chin, cheek, mouth or temple, in the person's skin."""
    names = sorted(HAND_PLACES)
    spots, fingers, stand = HAND_PLACES[names[int(rng.integers(len(names)))]]
    landmarks = vertices[model.landmarks]
    spot = landmarks[list(spots)].mean(0)
    middle = landmarks[[0, 16]].mean(0)
    out = _unit(spot - middle)
    along = _unit(np.array(fingers) + rng.normal(0, 0.25, 3))
    along = _unit(along - out * (along @ out) * 0.8)
    # One hand in eight is only near: it hides the face without touching it.
    before = rng.uniform(30, 120) if rng.random() < 0.12 else 0.0
    stand += rng.uniform(0, 8)
    palm = spot + out * stand - along * rng.uniform(10, 45) + (0, 0, before)
    mesh = _hand(palm, along, np.cross(out, along), out, float(rng.uniform(0.85, 1.1)), rng)
    bare = model.landmarks[[2, 14, 31, 35]]
    skin = np.median(person.albedo[bare], axis=0) * rng.uniform(0.85, 1.15)
    mottle = np.exp(rng.normal(0, 0.04, (len(mesh[0]), 1)))
    return cover(mesh, skin * mottle, float(np.median(person.infrared_albedo[bare])), 0.03)


def _hand(palm: Real, along: Real, across: Real, out: Real, size: float, rng: np.random.Generator) -> Mesh:
    meshes = [ellipsoid(palm, along * 46 * size, (40 * size, 14 * size), out)]
    spread, bend = rng.uniform(0.02, 0.22), rng.uniform(-0.1, 0.6)
    for number, length in enumerate((66, 76, 72, 56)):
        side = number - 1.5
        root = palm + size * (along * 38 + across * side * 19)
        first = _unit(along + across * side * spread)
        knuckle = root + first * length * size * 0.5
        tip = knuckle + _unit(first - out * bend) * length * size * 0.5
        meshes += [
            capsule(root, knuckle, (9 * size, 8.5 * size)),
            capsule(knuckle, tip, (8.5 * size, 7 * size)),
        ]
    thumb = 1 if rng.random() < 0.5 else -1
    start = palm + size * (across * thumb * 30 - along * 15)
    meshes.append(capsule(start, start + size * 60 * _unit(along * 0.8 + across * thumb * 0.8), (12, 9)))
    wrist = palm - along * 45 * size
    elbow = wrist + 210 * _unit(np.array((0, -1.0, 0)) + out * 0.35 + rng.normal(0, 0.2, 3))
    meshes.append(capsule(wrist, elbow, (27 * size, 38 * size), sides=12))
    return joined(meshes)


def _loops(head: HeadMap, elevation: Real, radius: Real, azimuth: Real, landmarks: Real) -> Mesh:
    """Bands from the mask's corners to the ears."""
    meshes = []
    for column, ear in ((0, landmarks[0]), (-1, landmarks[16])):
        for row in (0, -1):
            corner = head.at(azimuth[column], elevation[row, column], radius[row, column])
            aside = float(np.sign(ear[0])) * 6
            end = ear + np.array((aside, 4, -10))
            middle = (corner + end) / 2 + np.array((aside, 0, 2))
            meshes.append(tube((corner, middle, end), 1.5, 1.5, (0, 1, 0), 4))
    return joined(meshes)


def _mask_tone(rng: np.random.Generator) -> Real:
    """Linear albedo of a mask: surgical blue or green, white, black or any cloth."""
    kind = int(rng.integers(4))
    tones = ((0.45, 0.66, 0.78), (0.85, 0.86, 0.86), (0.03, 0.03, 0.035), tuple(rng.uniform(0.03, 0.8, 3)))
    tone: Real = (np.array(tones[kind]) * rng.uniform(0.8, 1.1)).astype(np.float32)
    return tone


def _unit(vector: npt.NDArray[np.floating[Any]]) -> Real:
    unit: Real = (vector / max(float(np.linalg.norm(vector)), 1e-6)).astype(np.float32)
    return unit
