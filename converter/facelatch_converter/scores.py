"""Distances between captures, with whose they are: what error rates are counted from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch.matching import EMBEDDING_SIZE
from facelatch_converter.measure import MeasuredCapture
from facelatch_converter.metrics import Comparisons, comparisons, pair_blocks


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """All unordered pairs of captures; a pair is a row of two indices into `subjects` and `captures`."""

    subjects: npt.NDArray[np.str_]
    captures: npt.NDArray[np.str_]
    genuine: npt.NDArray[np.float32]
    genuine_pairs: npt.NDArray[np.uint32]
    impostor: npt.NDArray[np.float32]
    impostor_pairs: npt.NDArray[np.uint32]

    def comparisons(self) -> Comparisons:
        """The distances without their pairs, sorted."""
        return comparisons(self.genuine, self.impostor)


def compare(measured: Sequence[MeasuredCapture]) -> Scores:
    """Every two captures of live people: genuine where the subject is the same, impostor where not.

    Attacks and captures without a usable sample take no part.
    """
    usable = [capture for capture in measured if capture.attack is None and capture.embedding is not None]
    names = np.array([capture.subject for capture in usable], dtype=np.str_)
    _, identity = np.unique(names, return_inverse=True)
    embeddings = np.array([capture.embedding for capture in usable], np.float32).reshape(-1, EMBEDDING_SIZE)
    distances: dict[bool, list[npt.NDArray[np.float32]]] = {True: [], False: []}
    pairs: dict[bool, list[npt.NDArray[np.uint32]]] = {True: [], False: []}
    for block in pair_blocks(embeddings):
        same = identity[block.first] == identity[block.second]
        for kind, chosen in ((True, same), (False, ~same)):
            distances[kind].append(block.distance[chosen])
            pairs[kind].append(np.stack([block.first[chosen], block.second[chosen]], 1).astype(np.uint32))
    return Scores(
        subjects=names,
        captures=np.array([capture.name for capture in usable], dtype=np.str_),
        genuine=_joined(distances[True]),
        genuine_pairs=_joined_pairs(pairs[True]),
        impostor=_joined(distances[False]),
        impostor_pairs=_joined_pairs(pairs[False]),
    )


def save_scores(scores: Scores, path: Path) -> None:
    """Write `scores.npz`: one array per field of `Scores`, without any embedding."""
    np.savez_compressed(path, **{name: getattr(scores, name) for name in Scores.__dataclass_fields__})


def _joined(parts: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    return np.concatenate([np.empty(0, np.float32), *parts])


def _joined_pairs(parts: list[npt.NDArray[np.uint32]]) -> npt.NDArray[np.uint32]:
    return np.concatenate([np.empty((0, 2), np.uint32), *parts])
