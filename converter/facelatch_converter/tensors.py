"""Encoder inputs for calibration and parity: from a file, or out of captures through the board's own code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch import preprocess
from facelatch.locate import Located, Locator
from facelatch.preprocess import CropSpec
from facelatch_converter.archives import UNREADABLE, reason
from facelatch_converter.datasets import CaptureRef, draw_subjects
from facelatch_converter.errors import DatasetError

CALIBRATION = 200
"""Tensors to calibrate with, about: the ranges of activations hardly change with more."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledTensors:
    """Inputs and whose they are."""

    tensors: npt.NDArray[np.float32]
    """(n, size, size, 4)."""
    subjects: npt.NDArray[np.str_] | None
    """(n,), or None where the file does not say."""


def load_tensors(path: Path) -> LabelledTensors:
    """A `.npy` of tensors, or a `.npz` with `tensors` and, if known, `subjects`."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return _checked(loaded, None, path)
        with loaded as archive:
            subjects = archive["subjects"] if "subjects" in archive.files else None
            return _checked(archive["tensors"], subjects, path)
    except UNREADABLE as error:
        raise DatasetError(
            f"{path}: not tensors ({reason(error)}); expected .npy of (n, size, size, 4) or .npz with `tensors`"
        ) from None


def from_captures(
    refs: Sequence[CaptureRef],
    spec: CropSpec,
    limit: int,
    seed: int,
    progress: Callable[[int], object] = lambda _: None,
) -> LabelledTensors:
    """One tensor of each live capture, the first in which a face is found, until there are `limit`.

    Captures come in a seeded order; `progress` is told of each tensor.
    """
    live = [ref for ref in refs if ref.attack is None]
    locator = Locator()
    tensors = np.empty((min(limit, len(live)), spec.size_px, spec.size_px, 4), np.float32)
    subjects: list[str] = []
    for index in np.random.default_rng(seed).permutation(len(live)):
        if len(subjects) == len(tensors):
            break
        tensor = _first_tensor(live[index], locator, spec)
        if tensor is not None:
            tensors[len(subjects)] = tensor
            subjects.append(live[index].subject)
            progress(1)
    if not subjects:
        raise DatasetError(f"no face was found in any of {len(live)} live captures")
    return LabelledTensors(tensors[: len(subjects)], np.array(subjects))


def split(labelled: LabelledTensors, seed: int) -> tuple[LabelledTensors, LabelledTensors]:
    """Tensors to calibrate with, and the other subjects' to measure on.

    Enough subjects for about `CALIBRATION` tensors calibrate, at least one and at most half of them. Without
    labels, or with one subject, as many tensors are drawn and the whole is measured on.
    """
    count = len(labelled.tensors)
    if labelled.subjects is None or len(np.unique(labelled.subjects)) < 2:
        drawn = np.random.default_rng(seed).permutation(count)[:CALIBRATION]
        return _part(labelled, np.isin(np.arange(count), drawn)), labelled
    names = np.unique(labelled.subjects)
    enough = min(round(CALIBRATION * len(names) / count), len(names) // 2)
    chosen = np.isin(labelled.subjects, sorted(draw_subjects(names.tolist(), enough, seed)))
    return _part(labelled, chosen), _part(labelled, ~chosen)


def _part(labelled: LabelledTensors, chosen: npt.NDArray[np.bool_]) -> LabelledTensors:
    subjects = None if labelled.subjects is None else labelled.subjects[chosen]
    return LabelledTensors(labelled.tensors[chosen], subjects)


def _first_tensor(ref: CaptureRef, locator: Locator, spec: CropSpec) -> npt.NDArray[np.float32] | None:
    for frame in ref.frames():
        found = locator.locate(frame)
        if isinstance(found, Located):
            return preprocess.to_tensor(frame, found.point, spec)
    return None


def _checked(tensors: npt.NDArray[Any], subjects: npt.NDArray[Any] | None, path: Path) -> LabelledTensors:
    if tensors.ndim != 4 or tensors.dtype != np.float32 or len(tensors) == 0:
        raise DatasetError(f"{path}: tensors must be (n, size, size, 4) float32, found {tensors.shape}")
    if subjects is not None and subjects.shape != (len(tensors),):
        raise DatasetError(f"{path}: {len(tensors)} tensors need as many subjects, found {subjects.shape}")
    return LabelledTensors(tensors, None if subjects is None else subjects.astype(np.str_))
