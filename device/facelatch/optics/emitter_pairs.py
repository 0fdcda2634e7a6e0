"""Pictures taken with and without the dot projector, told apart and paired; pure.

A stereo camera needs its projector's dots for depth, and a picture of a face is better without them. A camera that
switches the projector from frame to frame gives both: depth from a lit frame, the picture from its unlit neighbour.
Which is which stands in the frames' metadata. Some firmware has it the wrong way round, so the pictures have a say too.
"""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from facelatch.frames import ColourImage, GreyImage

T = TypeVar("T")

_VOTES = 5
"""Pairs compared before the first one is given out, and remembered after."""
_AGAINST = 3
"""So many more pictures must speak against the metadata than for it."""
_CLEARLY = 1.25
_PATIENCE = 30
"""Shots in a row that make no pair, after which none is to be expected."""
_DARK_BELOW = 12.0
"""Mean grey level (0-255) under which the unlit picture shows noise only: at night the dots are the only light."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot(Generic[T]):
    """One frame of a camera that switches its projector."""

    is_lit: bool | None
    """As its metadata says; None where it says nothing."""
    number: int
    """The camera's own count: neighbours differ by one."""
    dots: float
    """See `dottedness`."""
    content: T


@dataclass(frozen=True, slots=True, eq=False)
class Pair(Generic[T]):
    """Two neighbours."""

    lit: T
    unlit: T


@dataclass(frozen=True, slots=True, eq=False)
class Pairing(Generic[T]):
    """Shots so far; each gives a new pairing, and a pair where it completes one. No shot is used twice."""

    waiting: Shot[T] | None = None
    votes: tuple[int, ...] = ()
    """Of the last pairs: 1 where the picture agrees with the metadata, -1 where it does not, 0 where it cannot say."""
    alone: int = 0
    """Shots since the last pair."""

    @property
    def is_hopeless(self) -> bool:
        """Whether the projector does not switch, or nothing tells when."""
        return self.alone >= _PATIENCE

    def after(self, shot: Shot[T]) -> "tuple[Pairing[T], Pair[T] | None]":
        """The pairing that follows a shot, and the pair that it completes."""
        before = self.waiting
        if (
            before is None
            or shot.number != before.number + 1
            or None in (shot.is_lit, before.is_lit)
            or shot.is_lit == before.is_lit
        ):
            return replace(self, waiting=shot, alone=self.alone + 1), None
        lit, unlit = (shot, before) if shot.is_lit else (before, shot)
        votes = (*self.votes, _vote(lit.dots, unlit.dots))[-_VOTES:]
        following = replace(self, waiting=None, votes=votes, alone=0)
        if len(votes) < _VOTES:
            return following, None
        if sum(votes) <= -_AGAINST:
            lit, unlit = unlit, lit
        return following, Pair(lit.content, unlit.content)


def dottedness(image: GreyImage) -> float:
    """How much neighbouring pixels differ, in grey levels; projected dots are a few pixels wide."""
    rows = image[::4].astype(np.int16)
    return float(np.abs(2 * rows[:, 1:-1] - rows[:, :-2] - rows[:, 2:]).mean()) if rows.shape[1] > 2 else 0.0


def to_picture(unlit: GreyImage, lit: GreyImage) -> ColourImage:
    """The picture to look for a face in, grey three times: the unlit one, or in the dark the lit one."""
    chosen = lit if float(unlit[::4, ::4].mean()) < _DARK_BELOW else unlit
    return np.repeat(chosen[..., None], 3, axis=2)


def _vote(lit: float, unlit: float) -> int:
    if lit > unlit * _CLEARLY:
        return 1
    return -1 if unlit > lit * _CLEARLY else 0
