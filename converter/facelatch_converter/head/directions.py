"""Where people lie to an encoder that is being fitted, so that those who look alike can be shown together."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from facelatch_converter.offset import to_unit_rows

Real = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

GROUP = 8
"""So many people of a batch look alike to the encoder."""
GROUPED = 0.9
"""Share of a batch's people who come in such groups, at most: groups may overlap."""

_LOOKS = 3
"""Faces of each person that are looked at to begin with."""
_KEPT = 0.5
"""Weight of what was known of a person beside a look at some more faces: the encoder has changed meanwhile."""
_AT_ONCE = 200
"""People that are looked at together to begin with."""


class Directions:
    """Where each of many people lies, as far as is known."""

    def __init__(
        self, people: int, look: Callable[[Places, Places], Real], progress: Callable[[int], object]
    ) -> None:
        """Look at a few faces of everybody; `look` gives embeddings (n * m, 128) of people's (n,) views (n, m).

        `progress` is told of people.
        """
        parts = []
        for start in range(0, people, _AT_ONCE):
            few = np.arange(start, min(start + _AT_ONCE, people))
            faces = look(few, np.tile(np.arange(_LOOKS), (len(few), 1)))
            parts.append(faces.reshape(len(few), _LOOKS, -1).sum(1))
            progress(len(few))
        self.unit: Real = to_unit_rows(np.concatenate(parts))
        """(people, 128), of unit length."""

    def learn(self, people: Places, embeddings: Real) -> None:
        """Take in a look at faces of some people, (people * n, 128)."""
        mean = embeddings.reshape(len(people), -1, embeddings.shape[-1]).mean(1)
        self.unit[people] = to_unit_rows(_KEPT * self.unit[people] + mean)

    def draw(self, count: int, rng: np.random.Generator) -> Places:
        """`count` different people, most of them in groups of those who are nearest to each other."""
        first = rng.choice(len(self.unit), int(count * GROUPED) // GROUP, replace=False)
        likeness = self.unit[first] @ self.unit.T
        alike = np.unique(np.argpartition(-likeness, GROUP - 1, axis=1)[:, :GROUP])
        others = rng.permutation(np.setdiff1d(np.arange(len(self.unit)), alike))
        chosen: Places = np.concatenate([alike, others[: count - len(alike)]]).astype(np.int64)
        return chosen
