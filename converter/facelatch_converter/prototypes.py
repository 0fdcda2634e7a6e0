"""Where teachers put each person whom a training run remembers.

Teachers look at people once, when they are introduced: from several sides, both ways round, bare, calm and without
noise. The mean of all looks at a person in one light, and a little of those in the others, is the person's prototype in
that light. Errors of one look are not those of the next one, so a prototype is far better than what any encoder makes
of one crop.
Source: Snell et al., "Prototypical networks for few-shot learning", NeurIPS 2017, equation 1, on unit lengths.
"""

from collections import deque

import numpy as np
import numpy.typing as npt

from facelatch_converter.architecture import EMBEDDING_SIZE
from facelatch_converter.offset import to_unit_rows

Real = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64] | npt.NDArray[np.int8]
Key = tuple[int, int]
"""A person's number and a light."""

ACROSS = 0.25
"""Of the mean of a person's looks in all lights beside those in one: skin and eyes may tell people apart in colour, but
whoever enrolled by day comes at night too."""

_NONE = -1


class _Ring:
    """Places that the latest keys have, one each."""

    def __init__(self, places: range) -> None:
        self._free = deque(places)
        self._kept: deque[tuple[Key, int]] = deque()

    def take(self, key: Key) -> tuple[int, Key | None]:
        """A place, and who had it until now."""
        forgotten, place = (None, self._free.popleft()) if self._free else self._kept.popleft()
        self._kept.append((key, place))
        return place, forgotten


class Prototypes:
    """The latest people of each stream of batches, each once in every light."""

    def __init__(self, teachers: int, streams: int, size: int, embedding_size: int = EMBEDDING_SIZE) -> None:
        """Room for `size` prototypes of each of so many streams, by each teacher."""
        self.unit = np.zeros((teachers, streams * size, embedding_size), np.float32)
        """(teachers, streams * size, 128), unit length; 0 where nobody is yet."""
        self.lights = np.full(streams * size, _NONE, np.int8)
        """(streams * size,), -1 where nobody is yet."""
        # A stream forgets its own oldest, however many people another one has met meanwhile.
        self._rings: dict[int, _Ring] = {}
        self._free = [range(start, start + size) for start in range(0, streams * size, size)]
        self._places: dict[Key, int] = {}

    def take_in(self, people: Numbers, lights: Numbers, looks: Real, stream: int = 0) -> None:
        """Remember people; `looks` (teachers, n, 128) are outputs, `people` and `lights` (n,) whom they show and how.

        All looks at a person come at once. Raises `ValueError` for one stream too many.
        """
        if stream not in self._rings:
            if not self._free:
                raise ValueError(f"there is no room for a stream {stream} beside {sorted(self._rings)}")
            self._rings[stream] = _Ring(self._free.pop(0))
        unit = to_unit_rows(looks)
        keys = list(zip(people.tolist(), lights.tolist(), strict=True))
        for key in dict.fromkeys(keys):
            own = [place for place, other in enumerate(keys) if other == key]
            everywhere = [place for place, (person, _) in enumerate(keys) if person == key[0]]
            place = self._place(stream, key)
            blended = to_unit_rows(unit[:, own].sum(1)) + ACROSS * to_unit_rows(unit[:, everywhere].sum(1))
            self.unit[:, place], self.lights[place] = to_unit_rows(blended), key[1]

    def _place(self, stream: int, key: Key) -> int:
        """Where somebody is, or is from now on in place of the one met longest ago."""
        if key not in self._places:
            self._places[key], forgotten = self._rings[stream].take(key)
            if forgotten is not None:
                del self._places[forgotten]
        return self._places[key]

    def places(self, people: Numbers, lights: Numbers) -> npt.NDArray[np.int32]:
        """Where in `unit` each person (n,) is in such a light; raises `KeyError` for whom nobody introduced."""
        return np.array(
            [self._places[int(person), int(light)] for person, light in zip(people, lights, strict=True)],
            np.int32,
        )

    def rivals(self, lights: Numbers) -> Real:
        """(n, streams * size): 1 where somebody is known in the light of each crop, else 0."""
        known: Real = (lights[:, None] == self.lights[None]).astype(np.float32)
        return known
