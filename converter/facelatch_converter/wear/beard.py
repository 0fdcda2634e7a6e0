"""A beard that has grown: a shell that stands off the skin, rough to a depth camera."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person
from facelatch_converter.rasterise import vertex_normals
from facelatch_converter.regions import Regions, find_regions
from facelatch_converter.wear.hair import infrared_of, tone_of
from facelatch_converter.wear.meshes import Indices
from facelatch_converter.wear.worn import Worn, cover

Real = npt.NDArray[np.float32]

LONGEST_MM = 25.0


def beard(model: FaceModel, person: Person, vertices: Real, rng: np.random.Generator) -> Worn:
    """A beard up to 25 mm thick that stands off the skin; short ones let the skin through."""
    regions = _regions(model)
    used, triangles = _beard_mesh(model)
    skin = np.ascontiguousarray(vertices[used])
    growth = np.maximum(regions.beard, regions.moustache)[used]
    growth = growth * _cut(model, vertices, used, rng)
    length = LONGEST_MM * rng.beta(0.9, 1.8)
    noise = rng.normal(0, 1, len(used)).astype(np.float32)
    chin = vertices[model.landmarks[8]]
    # Longest below the chin, shortest on the cheeks and the upper lip.
    shape = 0.35 + 0.65 * np.clip(1 - np.linalg.norm(skin - chin, axis=1) / 70, 0, 1)
    stand = growth * length * shape * (1 + 0.12 * noise)
    hang = np.array((0, -0.5, 0.1), np.float32)
    outwards = vertex_normals(skin, triangles) + hang * np.clip(stand / 15, 0, 1)[:, None]
    # Where nothing grows the shell lies beneath the skin and is not seen.
    shell = skin + outwards * np.where(growth > 0.08, stand + 0.4, -1.5)[:, None]
    dense = np.clip(growth * (0.45 + length / 6), 0, 1)[:, None]
    tone = tone_of(person, rng) * (1 + 0.2 * noise[:, None])
    albedo = person.albedo[used] * (1 - dense) + tone * dense
    infrared = person.infrared_albedo[used] * (1 - dense[:, 0]) + infrared_of(tone) * dense[:, 0]
    loss = dense[:, 0] * min(1.0, 0.1 + length / 20) * rng.uniform(0.2, 0.7)
    return cover((shell.astype(np.float32), triangles), albedo, infrared, loss)


@lru_cache(maxsize=2)
def _beard_mesh(model: FaceModel) -> tuple[npt.NDArray[np.intp], Indices]:
    """The head's vertices on which a beard grows, and the triangles between them."""
    regions = _regions(model)
    grows = np.maximum(regions.beard, regions.moustache) > 0.01
    inside = model.triangles[grows[model.triangles].all(1)]
    used, numbered = np.unique(inside, return_inverse=True)
    return used, np.ascontiguousarray(numbered.reshape(-1, 3), np.int32)


def _cut(model: FaceModel, vertices: Real, used: npt.NDArray[np.intp], rng: np.random.Generator) -> Real:
    """What a razor leaves, (vertices of the beard,): a full beard, a goatee, a moustache or side whiskers."""
    regions = _regions(model)
    aside = np.abs(vertices[used, 0] - vertices[model.landmarks[8], 0])
    cuts = {
        "full": np.ones(len(used)),
        "goatee": np.clip((rng.uniform(22, 40) - aside) / 6, 0, 1),
        "moustache": regions.moustache[used],
        "whiskers": np.clip((aside - rng.uniform(30, 45)) / 6, 0, 1),
    }
    return np.asarray(cuts[str(rng.choice(list(cuts), p=(0.6, 0.2, 0.1, 0.1)))], np.float32)


@lru_cache(maxsize=2)
def _regions(model: FaceModel) -> Regions:
    """The regions of a model, found once."""
    return find_regions(model)
