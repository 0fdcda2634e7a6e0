"""The encoder's inputs of a take, straight from the renderer: as `locate` would place them, without any frame."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import Crop, CropSpec, encode
from facelatch_converter.augment import blind
from facelatch_converter.crops import locate_offset_mm
from facelatch_converter.faults import disturb
from facelatch_converter.protocols.cast import Generator
from facelatch_converter.protocols.named import Lighting
from facelatch_converter.protocols.take_heads import Head, make_head, pose_head
from facelatch_converter.protocols.takes import Take
from facelatch_converter.render import render_crop
from facelatch_converter.sensors import measure, to_crop
from facelatch_converter.staging import CAMERAS

Tensors = npt.NDArray[np.float16]

_AS_LOCATED = 1.0
"""How much the crops' centres scatter: as measured of `locate`."""


def render_tensors(generator: Generator, take: Take, views: Sequence[int], spec: CropSpec) -> Tensors:
    """Tensors (views, size, size, 4) of these views of a take.

    In half precision, a sixteenth of an int8 step, so that what was kept and what is drawn anew are the same.
    """
    tensors = np.empty((len(views), spec.size_px, spec.size_px, 4), np.float16)
    head = make_head(generator, take)
    for place, number in enumerate(views):
        tensors[place] = encode(_render(generator, take, head, number, spec), spec)
    return tensors


def _render(generator: Generator, take: Take, head: Head, number: int, spec: CropSpec) -> Crop:
    rng, view, posed = take.noise(number), take.views[number], pose_head(generator, take, head, number)
    camera, lighting = CAMERAS[take.circumstances.camera], take.circumstances.lighting
    x, y, z = np.array(view.position_mm) + locate_offset_mm(view, _AS_LOCATED, rng)
    rendering = render_crop(posed, (x, y, z), camera.intrinsics.fx, spec)
    fault = take.circumstances.fault
    depth = measure(rendering, camera.sensor, rng, fault)
    rendering = disturb(rendering, fault, rng)
    crop = to_crop(rendering, depth, float(z), spec, lighting is Lighting.INFRARED)
    return blind(crop) if lighting is Lighting.NONE else crop
