"""Embeddings in two dimensions, to look at: which people lie apart, and which do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST = 5
"""Fewer points than these make no picture."""

MOST = 1500
"""t-SNE of more points takes minutes; a seeded choice is shown then."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Points of one method."""

    name: str
    points: npt.NDArray[np.float64]
    """(n, 2)."""
    axes: tuple[str, str]


def choose(count: int, seed: int) -> npt.NDArray[np.intp]:
    """Which of `count` points are shown: all, or a seeded `MOST` of them in order."""
    if count <= MOST:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, MOST, replace=False))


def pca(embeddings: npt.NDArray[np.float32]) -> Projection:
    """The two directions of largest variance, with their share of it."""
    from sklearn.decomposition import PCA  # noqa: PLC0415 - takes a second to load

    method = PCA(n_components=2, svd_solver="full")
    points = method.fit_transform(embeddings.astype(np.float64))
    shares: Sequence[float] = method.explained_variance_ratio_
    names = [f"component {place + 1}: {share:.0%} of the variance" for place, share in enumerate(shares)]
    return Projection("PCA", points, (names[0], names[1]))


def tsne(embeddings: npt.NDArray[np.float32], seed: int) -> Projection:
    """Neighbours stay neighbours; distances between far groups mean nothing."""
    from sklearn.manifold import TSNE  # noqa: PLC0415

    method = TSNE(
        n_components=2,
        perplexity=min(30.0, (len(embeddings) - 1) / 3),
        init="pca",
        random_state=seed,
        n_jobs=1,
    )
    points = method.fit_transform(embeddings.astype(np.float32)).astype(np.float64)
    return Projection("t-SNE", points, ("neighbours stay together; axes carry no unit", ""))
