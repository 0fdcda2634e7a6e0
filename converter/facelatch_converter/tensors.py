"""Encoder inputs for calibration and parity: from a file, or out of captures through the board's own code."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch import preprocess
from facelatch.locate import Located, Locator
from facelatch.preprocess import CropSpec
from facelatch_converter.datasets import CaptureRef
from facelatch_converter.errors import DatasetError


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
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{path}: not tensors ({error}); expected .npy of (n, size, size, 4) or .npz with `tensors`"
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
    tensors: list[npt.NDArray[np.float32]] = []
    subjects: list[str] = []
    for index in np.random.default_rng(seed).permutation(len(live)):
        if len(tensors) == limit:
            break
        tensor = _first_tensor(live[index], locator, spec)
        if tensor is not None:
            tensors.append(tensor)
            subjects.append(live[index].subject)
            progress(1)
    if not tensors:
        raise DatasetError(f"no face was found in any of {len(live)} live captures")
    return LabelledTensors(np.stack(tensors), np.array(subjects))


def split(labelled: LabelledTensors, seed: int) -> tuple[LabelledTensors, LabelledTensors]:
    """A tenth of the subjects to calibrate with and the rest to measure on.

    Without labels, or with one subject, both are the whole.
    """
    if labelled.subjects is None or len(np.unique(labelled.subjects)) < 2:
        return labelled, labelled
    names = np.random.default_rng(seed).permutation(np.unique(labelled.subjects))
    first = np.isin(labelled.subjects, names[: max(1, len(names) // 10)])
    return _part(labelled, first), _part(labelled, ~first)


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
