"""Measures an encoder on people who take no part in its training."""

import argparse
from collections.abc import Callable

import numpy as np

from facelatch_converter.ending import Ending
from facelatch_converter.face_model import load_face_model
from facelatch_converter.finetune.command import Material
from facelatch_converter.finetune.faces import Real, Whole
from facelatch_converter.held_out import held_out_crops
from facelatch_converter.runs import HELD_OUT
from facelatch_converter.subject_eer import SubjectEer, measure_eer

Outputs = Callable[[Real], Real]
"""What comes before an encoder's ending, for tensors."""

_DRAWING = 7_261_973
"""Begins the seed of the choice of crops that settle."""

_SETTLING = 400
"""Crops of trained people that say how far apart strangers are."""


class Examiner:
    """Measures encoders of one ending on people who take no part in training."""

    def __init__(self, arguments: argparse.Namespace, material: Material, ending: Ending) -> None:
        self._ending = ending
        spec, self._seed = material.spec, arguments.seed
        self._tensors = material.validated.tensors(spec)
        self._numbers = material.validated.numbers()
        rng = np.random.default_rng([_DRAWING, arguments.seed])
        chosen = rng.permutation(len(material.trained.crops))[:_SETTLING]
        subjects, _ = material.trained.numbers()
        self._settling = material.trained.tensors(spec)[chosen], subjects[chosen]
        self._rendered: tuple[Real, Whole] | None = None
        if arguments.face_model is not None:
            model = load_face_model(arguments.face_model)
            self._rendered = held_out_crops(model, spec, arguments.held_out, 6, (HELD_OUT, arguments.seed))

    def offset(self, outputs: Outputs) -> Real:
        """What all faces have in common beyond what keeps strangers as far apart as usual, by trained people."""
        tensors, subjects = self._settling
        return self._ending.excess(outputs(tensors), subjects)

    def validate(self, outputs: Outputs, offset: Real) -> SubjectEer:
        """The error on the subjects kept out."""
        rows = self._ending.embed(outputs(self._tensors) - offset)
        return measure_eer(rows, *self._numbers, self._seed)

    def rendered(self, outputs: Outputs, offset: Real) -> float | None:
        """The error on rendered people; None without a face model."""
        if self._rendered is None:
            return None
        tensors, labels = self._rendered
        rows = self._ending.embed(outputs(tensors) - offset)
        return measure_eer(rows, labels, np.arange(len(labels), dtype=np.int32), self._seed).rate
