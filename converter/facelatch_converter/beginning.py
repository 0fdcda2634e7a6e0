"""What a training begins with: an encoder as this release's network, and crops of people who take no part in it.

Imports TensorFlow, so import it late.
"""

import argparse
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import CropSpec
from facelatch_converter import networks, quantise
from facelatch_converter.architecture import has_pole
from facelatch_converter.ending import find_ending, outputs
from facelatch_converter.face_model import FaceModel
from facelatch_converter.held_out import held_out_crops
from facelatch_converter.runs import HELD_OUT, SETTLING
from facelatch_converter.start import Start

Labelled = tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]
"""Tensors (n, size, size, 4) and labels (n,)."""


class Beginning(NamedTuple):
    """An encoder as this release's network."""

    encoder: Any
    is_new: bool
    """Whether it was given a pole, whose height is not settled yet."""


def load_start(start: Start, variant: str) -> Beginning:
    """The encoder; one of an earlier network is given what it lacks, see `earlier`.

    Raises `ConversionError` for another network.
    """
    encoder, current = quantise.load_keras(start.path), networks.build(variant)
    networks.take_over(encoder, current, variant, str(start.path))
    return Beginning(current, has_pole(current) and not has_pole(encoder))


def settle_start(
    beginning: Beginning, tensors: npt.NDArray[np.float32], labels: npt.NDArray[np.int32]
) -> Any:
    """The encoder, a new pole as high as any other's: the people given are as far apart as usual."""
    encoder, is_new = beginning
    if is_new:
        ending = find_ending(encoder)
        ending.subtract(encoder, ending.excess(outputs(ending.probe(encoder), tensors), labels))
    return encoder


def held_out_and_settling(
    model: FaceModel, spec: CropSpec, arguments: argparse.Namespace, turned: bool = False
) -> tuple[Labelled, Labelled]:
    """Crops of the people who measure a run, and of those who settle it: `held_out` of each, by the run's `seed`."""
    held_out, settling = (
        held_out_crops(model, spec, arguments.held_out, views, (people, arguments.seed), turned)
        for views, people in ((8, HELD_OUT), (4, SETTLING))
    )
    return held_out, settling
