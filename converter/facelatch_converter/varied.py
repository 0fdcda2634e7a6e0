"""Crops as varied as training's, for quantising: activations are to have room for all that an encoder may be shown."""

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import CropSpec
from facelatch_converter.crops import STEPS, batches
from facelatch_converter.face_model import FaceModel
from facelatch_converter.recipe import Recipe


def varied_crops(model: FaceModel, spec: CropSpec, count: int, seed: int) -> npt.NDArray[np.float32]:
    """Tensors (count, size, size, 4) as training draws them, each of another person.

    Worn things, wide expressions, every light and camera and its faults: what an encoder may be shown at all.
    """
    recipe = Recipe(people=min(count, 32), views=1, rendered=1, reused=0.0, repeated=0.0, alike=0.0)
    found: list[npt.NDArray[np.int8]] = []
    drawn = 0
    for batch in batches(model, spec, recipe, seed, stream=0):
        found.append(batch.tensors)
        drawn += len(batch.tensors)
        if drawn >= count:
            break
    return np.concatenate(found)[:count].astype(np.float32) / np.float32(STEPS)
