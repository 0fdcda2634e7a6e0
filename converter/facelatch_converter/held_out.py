"""Crops of people that training never draws, as a well-behaved camera takes them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import CropSpec, encode
from facelatch_converter.crops import render_view
from facelatch_converter.exposures import expose_crop
from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import draw_person
from facelatch_converter.recipe import Recipe
from facelatch_converter.regions import find_regions
from facelatch_converter.scenes import Range
from facelatch_converter.sensors import ACTIVE_STEREO
from facelatch_converter.turned import to_front

UNLOCK = Range(yaw_deg=30, pitch_deg=20, roll_deg=12, near_mm=350, far_mm=700)
"""How people stand before a door."""


def held_out_crops(
    model: FaceModel, spec: CropSpec, people: int, views: int, seed: Sequence[int], turned: bool = False
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Tensors (people * views, size, size, 4) and labels: colour and active-stereo depth, not augmented."""
    rng = np.random.default_rng(list(seed))
    regions = find_regions(model)
    recipe = Recipe(views=views, limits=UNLOCK, dressed=0, grimacing=0, hard=0)
    tensors = np.empty((people * views, spec.size_px, spec.size_px, 4), np.float32)
    for number in range(people):
        person = draw_person(model, regions, rng)
        for view in range(views):
            seen = render_view(model, person, spec, recipe, rng)
            crop = expose_crop(seen.rendering, seen.centre_mm, ACTIVE_STEREO, spec, False, rng)
            crop = to_front(crop, spec) if turned else crop
            tensors[number * views + view] = encode(crop, spec)
    return tensors, np.repeat(np.arange(people, dtype=np.int32), views)
