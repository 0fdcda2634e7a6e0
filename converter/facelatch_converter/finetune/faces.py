"""Faces of a data set as crops that can be augmented, found and cut by the board's own code; and batches of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame
from facelatch.locate import Locator, Missing
from facelatch.preprocess import Crop, CropSpec, crop, encode
from facelatch_converter.augment import augment, draw_style
from facelatch_converter.datasets import CaptureRef

Real = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int32]

RANGE_MM = (250.0, 1200.0)
"""As far as training renders faces, farther than a board looks: public data sets were taken at 0.7 to 1.2 m."""

_ALIKE = 0.5
"""Share of batches whose crops share one style, so that only faces tell people apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Crops of people, and from which capture each is."""

    crops: tuple[Crop, ...]
    subjects: npt.NDArray[np.str_]
    """(n,)."""
    captures: npt.NDArray[np.str_]
    """(n,), unique within a subject."""

    @property
    def people(self) -> list[str]:
        """Who they are, sorted."""
        return sorted(set(self.subjects.tolist()))

    def of(self, people: Sequence[str]) -> "Faces":
        """The part that shows these people."""
        chosen = np.flatnonzero(np.isin(self.subjects, list(people)))
        return Faces(tuple(self.crops[at] for at in chosen), self.subjects[chosen], self.captures[chosen])

    def numbers(self) -> tuple[Whole, Whole]:
        """Subjects and captures as numbers from 0."""
        keys = np.char.add(np.char.add(self.subjects, "/"), self.captures)
        parts = [np.unique(names, return_inverse=True)[1] for names in (self.subjects, keys)]
        return parts[0].astype(np.int32), parts[1].astype(np.int32)

    def tensors(self, spec: CropSpec) -> Real:
        """The encoder's inputs, (n, size, size, 4), not augmented."""
        encoded = np.empty((len(self.crops), spec.size_px, spec.size_px, 4), np.float32)
        for place, one in enumerate(self.crops):
            encoded[place] = encode(one, spec)
        return encoded


@dataclass(frozen=True, slots=True)
class Tally:
    """Which live captures gave a face."""

    with_face: int
    without: Mapping[str, int]
    """Captures that gave none, by the reason of most of their frames."""
    dropped_out: tuple[str, ...]
    """Subjects none of whose captures gave one, sorted."""

    def to_sentence(self) -> str:
        """In words, with the names of who dropped out."""
        none = sum(self.without.values())
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.without.items()))
        names = f"; nothing is left of {', '.join(self.dropped_out)}" if self.dropped_out else ""
        rest = f"; {none} gave none ({reasons})" if none else ""
        return f"{self.with_face} of {self.with_face + none} captures gave a face{rest}{names}"


def read_faces(
    refs: Sequence[CaptureRef],
    spec: CropSpec,
    frames: int,
    seed: int,
    progress: Callable[[int], object] = lambda _: None,
) -> tuple[Faces, Tally]:
    """Up to `frames` faces of each live capture, spread over it at random, and how many captures gave any.

    Faces are looked for within `RANGE_MM`. `progress` is told of each capture.
    """
    locator = Locator(range_mm=RANGE_MM)
    crops: list[Crop] = []
    owners: list[tuple[str, str]] = []
    without: list[tuple[str, str]] = []
    for number, ref in enumerate(refs):
        if ref.attack is None:
            reasons: Counter[str] = Counter()
            before = len(crops)
            for frame in draw_frames(ref.frames(), frames, np.random.default_rng([seed, number])):
                found = locator.locate(frame)
                if isinstance(found, Missing):
                    reasons[found.value] += 1
                else:
                    crops.append(crop(frame, found.point, spec))
                    owners.append((ref.subject, ref.name))
            if len(crops) == before:
                without.append((ref.subject, max(reasons, key=reasons.__getitem__, default="no-frames")))
        progress(1)
    names = np.array(owners, np.str_).reshape(-1, 2)
    tally = Tally(
        with_face=len(set(owners)),
        without=Counter(reason for _, reason in without),
        dropped_out=tuple(sorted({subject for subject, _ in without} - {subject for subject, _ in owners})),
    )
    return Faces(tuple(crops), names[:, 0], names[:, 1]), tally


def draw_frames(frames: Iterator[Frame], count: int, rng: np.random.Generator) -> list[Frame]:
    """`count` of the frames, each as likely as any other, in their order; all where there are no more.

    How many there are is known only at the end, so the chosen ones are replaced on the way (Vitter's algorithm R).
    """
    kept: list[tuple[int, Frame]] = []
    for place, frame in enumerate(frames):
        if len(kept) < count:
            kept.append((place, frame))
        elif (slot := int(rng.integers(place + 1))) < count:
            kept[slot] = (place, frame)
    return [frame for _, frame in sorted(kept, key=lambda one: one[0])]


def face_batches(
    faces: Faces, spec: CropSpec, people: int, views: int, augmented: float, rng: np.random.Generator
) -> Iterator[tuple[Real, Whole]]:
    """Tensors (people * views, size, size, 4) and labels without end; views of as many captures as there are."""
    subjects, captures = faces.numbers()
    own = [np.flatnonzero(subjects == number) for number in range(int(subjects.max()) + 1)]
    while True:
        chosen = rng.choice(len(own), min(people, len(own)), replace=False)
        shared = draw_style(rng) if rng.random() < _ALIKE else None
        tensors = np.empty((len(chosen) * views, spec.size_px, spec.size_px, 4), np.float32)
        places = np.concatenate([_views(own[number], captures, views, rng) for number in chosen])
        for row, place in enumerate(places):
            face = faces.crops[int(place)]
            if rng.random() < augmented:
                face = augment(face, shared or draw_style(rng), rng)
            tensors[row] = encode(face, spec)
        yield tensors, np.arange(len(chosen), dtype=np.int32).repeat(views)


def _views(own: npt.NDArray[np.intp], captures: Whole, views: int, rng: np.random.Generator) -> Whole:
    """`views` crops of one person, no capture twice before each was taken once."""
    names = np.unique(captures[own])
    rounds = [rng.permutation(names) for _ in range(-(-views // len(names)))]
    taken = np.concatenate(rounds)[:views]
    return np.array([rng.choice(own[captures[own] == name]) for name in taken], np.int32)
