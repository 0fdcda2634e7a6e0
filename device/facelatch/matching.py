"""How far a probe is from the enrolled: Euclidean distance between unit vectors, lower is closer, 0 to 2.

A broken embedding has the distance NaN, which no comparison with a threshold ever accepts.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from facelatch.errors import TemplateError
from facelatch.fields import printable
from facelatch.timestamps import is_utc_text

EMBEDDING_SIZE = 128

FARTHEST = 2.0
"""The distance of two embeddings in opposite directions; there is no larger one."""

Embedding = npt.NDArray[np.float32]
"""(128,), of unit length."""

_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """The stored embeddings of one user, with which encoder made them, when, and from which directions."""

    user: str
    encoder_sha256: str
    embeddings: npt.NDArray[np.float32]
    """(count, 128), each of unit length."""
    made_at: tuple[str, ...]
    """UTC, one per embedding, as `timestamps.to_utc_text` writes it."""
    poses: tuple[tuple[float, float], ...]
    """(yaw, pitch) in degrees, one per embedding."""
    centre: Embedding = field(init=False, repr=False)
    """(128,), the mean direction of all embeddings."""

    def __post_init__(self) -> None:
        """Refuse what would match nobody, or anybody."""
        check_user_name(self.user)
        if not re.fullmatch(r"[0-9a-f]{64}", self.encoder_sha256):
            raise ValueError(f"encoder_sha256 must be 64 hexadecimal digits, found {self.encoder_sha256!r}")
        shape = self.embeddings.shape
        if self.embeddings.dtype != np.float32 or len(shape) != 2 or shape[1] != EMBEDDING_SIZE:
            raise ValueError(f"embeddings must be (count, {EMBEDDING_SIZE}) float32, found {shape}")
        if not 1 <= shape[0] == len(self.made_at) == len(self.poses):
            raise ValueError("a template needs at least one embedding, and a time and a pose for each")
        if not all(is_usable(embedding) for embedding in self.embeddings):
            raise ValueError("every embedding must be finite and of unit length")
        if not all(is_utc_text(moment) for moment in self.made_at):
            raise ValueError(f"made_at must be moments in UTC, found {self.made_at}")
        if not all(math.isfinite(angle) for pose in self.poses for angle in pose):
            raise ValueError(f"poses must be finite degrees, found {self.poses}")
        object.__setattr__(self, "centre", fuse(list(self.embeddings)))
        if not is_usable(self.centre):
            raise ValueError("embeddings of one person have a common direction, these cancel out")


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest user of a gallery, or None for both where nothing could be compared."""

    user: str | None
    distance: float | None


def check_user_name(user: str) -> str:
    """The name itself, if it may be one: it becomes a file's name and a word of the events."""
    if not _USER_NAME.fullmatch(user):
        raise TemplateError(
            f"{printable(user)!r} cannot be a user name: use 1 to 32 of a-z, 0-9, '.', '_' and '-', "
            "starting with a letter or digit"
        )
    return user


def expect_encoder(template: Template, encoder_sha256: str) -> Template:
    """The template itself, if this encoder made it; distances between two encoders mean nothing."""
    if template.encoder_sha256 != encoder_sha256:
        raise TemplateError(
            f"{template.user}'s template was made by encoder {template.encoder_sha256[:12]}, the model in "
            f"use is {encoder_sha256[:12]}; enrol {template.user} again"
        )
    return template


def is_usable(embedding: Embedding) -> bool:
    """Whether an embedding is what an encoder may give: 128 finite numbers of unit length."""
    if embedding.shape != (EMBEDDING_SIZE,):
        return False
    return bool(abs(np.linalg.norm(embedding.astype(np.float64)) - 1) <= _UNIT_TOLERANCE)


def distance(one: Embedding, other: Embedding) -> float:
    """Euclidean, 0 to 2; NaN where either is not a finite vector of unit length."""
    if not (is_usable(one) and is_usable(other)):
        return math.nan
    return float(np.linalg.norm(one.astype(np.float64) - other))


def template_distance(probe: Embedding, template: Template) -> float:
    """The mean of two distances: to the template's nearest embedding and to its centre; NaN for a broken probe.

    The centre tells people apart better than any one embedding, for noise averages out in it, and somebody who
    resembles the user from one side only is far from it. The nearest embedding keeps a template together that holds
    several looks, such as with and without glasses.
    """
    if not is_usable(probe):
        return math.nan
    exact = probe.astype(np.float64)
    nearest = float(np.linalg.norm(template.embeddings - exact, axis=1).min())
    return (nearest + float(np.linalg.norm(template.centre - exact))) / 2


def identify(probe: Embedding, gallery: Sequence[Template]) -> Match:
    """The user whose template is nearest; a distance of NaN never wins."""
    best = Match(None, None)
    for template in gallery:
        found = template_distance(probe, template)
        if found >= 0 and (best.distance is None or found < best.distance):
            best = Match(template.user, found)
    return best


def fuse(embeddings: Sequence[Embedding]) -> Embedding:
    """The mean direction of several samples of one face; NaN where one of them is broken or they cancel out.

    Raises `ValueError` for no sample at all.
    """
    if not embeddings:
        raise ValueError("nothing to fuse: at least one embedding is needed")
    if not all(is_usable(embedding) for embedding in embeddings):
        return np.full(EMBEDDING_SIZE, np.nan, np.float32)
    mean = np.mean(np.stack(embeddings), axis=0, dtype=np.float64)
    length = np.linalg.norm(mean)
    fused: Embedding = np.full(EMBEDDING_SIZE, np.nan, np.float32)
    if length > 1e-6:
        fused = (mean / length).astype(np.float32)
    return fused
