"""Thousands of attempts against thousands of templates at once, decided as `facelatch.session` decides one.

An attempt is granted against a template if enough of its samples agree with each other, the fused embedding of those
that count is within the threshold, and each of them within `sample_limit`, which grows with the threshold. So there is
one number for each attempt and template: the smallest threshold that grants.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch import matching
from facelatch.coherence import SCATTER
from facelatch.session import counted

Embeddings = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]

NEVER = np.float32(np.inf)
"""The score of an attempt that no threshold grants: its samples disagree, or one or the whole template is broken."""

_ROWS, _TEMPLATES = 2048, 256
"""Of a block: 2048 embeddings against 256 templates are 2 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What the frames of attempts gave; the leading axes are whatever the attempts are arranged by."""

    embeddings: Embeddings
    """(..., frames, 128)."""
    coverages: npt.NDArray[np.float64]
    """(..., frames), as `quality.coverage` gives it."""

    def first(self, frames: int) -> "Samples":
        """The attempts as they would be after so many frames."""
        return Samples(self.embeddings[..., :frames, :], self.coverages[..., :frames])

    def in_a_row(self) -> "Samples":
        """All attempts along one axis."""
        frames, size = self.embeddings.shape[-2:]
        return Samples(self.embeddings.reshape(-1, frames, size), self.coverages.reshape(-1, frames))


def stack(samples: Sequence[Samples]) -> Samples:
    """Several samples along a new first axis."""
    return Samples(
        np.stack([one.embeddings for one in samples]), np.stack([one.coverages for one in samples])
    )


def join(samples: Sequence[Samples]) -> Samples:
    """Several samples along their first axis."""
    return Samples(
        np.concatenate([one.embeddings for one in samples]),
        np.concatenate([one.coverages for one in samples]),
    )


def attempt_scores(samples: Samples, templates: Embeddings, reach: float) -> Scores:
    """The smallest granting threshold (attempts, templates) of attempts in a row.

    `templates` are (templates, poses, 128). All samples of one attempt are one session's;
    `reach` is that of its `SessionRule`.
    """
    attempts, frames = samples.coverages.shape
    counts = np.zeros((attempts, frames), bool)
    # What is NaN has no direction: it is `NEVER` from everybody.
    fused = np.full((attempts, samples.embeddings.shape[-1]), np.nan, np.float32)
    for attempt, (embeddings, coverages) in enumerate(
        zip(samples.embeddings, samples.coverages, strict=True)
    ):
        places = list(counted(list(embeddings), coverages.tolist(), reach))
        counts[attempt, places] = True
        if places:
            fused[attempt] = matching.fuse(list(embeddings[places]))
    score = template_distances(fused, templates)
    for frame in range(frames if frames > 1 else 0):
        alone = template_distances(samples.embeddings[:, frame], templates)
        # What is set aside need not resemble anybody.
        alone[~counts[:, frame]] = 0
        # The threshold of which this distance is the `sample_limit`.
        np.maximum(score, np.sqrt(np.maximum(np.square(alone) - (SCATTER * reach) ** 2, 0)), out=score)
    return score


def template_distances(probes: Embeddings, templates: Embeddings) -> Scores:
    """The distance (probes, templates) to each template, as `matching.template_distance` has it."""
    stored = _as_stored(templates)
    centres = np.stack([_centre(poses) for poses in stored])[:, None]
    return (_nearest(probes, stored) + _nearest(probes, centres)) / 2


def nearest_distances(probes: Embeddings, templates: Embeddings) -> Scores:
    """The distance (probes, templates) to each template's nearest embedding.

    `NEVER` for a broken probe and for a template that has no other than broken ones.
    """
    return _nearest(probes, _as_stored(templates))


def _as_stored(templates: Embeddings) -> Embeddings:
    """The templates with NaN throughout each embedding that no board would store."""
    rows = templates.reshape(-1, templates.shape[-1])
    usable = np.array([matching.is_usable(row) for row in rows], bool).reshape(templates.shape[:-1])
    return np.where(usable[..., None], templates, np.float32(np.nan))


def _centre(poses: Embeddings) -> Embeddings:
    """The mean direction of what is stored of one template (poses, 128); NaN where that is nothing."""
    stored = poses[np.isfinite(poses[:, 0])]
    return matching.fuse(list(stored)) if len(stored) else np.full(poses.shape[-1], np.nan, np.float32)


def _nearest(probes: Embeddings, stored: Embeddings) -> Scores:
    """`nearest_distances` to templates whose broken embeddings are NaN."""
    found = np.empty((len(probes), len(stored)), np.float32)
    for left in range(0, len(stored), _TEMPLATES):
        poses = np.ascontiguousarray(stored[left : left + _TEMPLATES].transpose(1, 2, 0))
        for top in range(0, len(probes), _ROWS):
            block = probes[top : top + _ROWS]
            likeness = block @ poses[0]
            for pose in poses[1:]:
                # What is not stored is NaN, which `fmax` passes over.
                np.fmax(likeness, block @ pose, out=likeness)
            # Between unit vectors, as the board's distance: to about 1e-6 where it is 0.3 and more.
            part = np.sqrt(np.maximum(2 - 2 * likeness, 0))
            found[top : top + _ROWS, left : left + _TEMPLATES] = part
    usable = np.array([matching.is_usable(probe) for probe in probes])
    found[~usable] = NEVER
    found[np.isnan(found)] = NEVER
    return found
