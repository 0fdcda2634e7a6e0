"""How training crops are drawn: which people, seen from where, by which cameras, in which light."""

from dataclasses import dataclass, field

from facelatch_converter.faults import FAULTS, OVER_SMOOTHED
from facelatch_converter.scenes import Range
from facelatch_converter.sensors import ACTIVE_STEREO, KINECT_V1, NARROW_STEREO, WIDE_BASELINE

SENSOR_SHARES: dict[str, float] = {
    ACTIVE_STEREO.name: 0.4,
    NARROW_STEREO.name: 0.2,
    WIDE_BASELINE.name: 0.15,
    KINECT_V1.name: 0.25,
}
"""Which sensors training crops come from. Time of flight is kept out: `protocols` measures on it what a sensor does
that nobody trained for."""

TRAINED_FAULTS = tuple(fault for fault in FAULTS if fault != OVER_SMOOTHED)
"""The driver's own filter is kept out, for the same reason; `augment` smooths as much, by a Gaussian."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How training crops are drawn."""

    people: int = 32
    views: int = 3
    reused: float = 0.85
    """Share of a batch's people that were rendered before; their sensor noise and augmentation are new."""
    rendered: int = 6
    """How often each person is rendered at least; a batch takes `views` of these, see `exposed`."""
    exposed: int = 1
    """How many of a batch's views may be of one rendering, each with a camera, a light and noise drawn for itself."""
    remembered: int = 1000
    """How many rendered people are kept for reuse."""
    repeated: float = 0.5
    """Share of batches of crops that were shown before, see `repeats`."""
    kept: int = 12
    """How many crops of each remembered person are kept to be shown again."""
    grouped: float = 0.6
    """Share of batches whose people come in groups of `group` who look alike, see `look_alikes`."""
    group: int = 8
    siblings: float = 0.0
    """Share of new people who have the skin and the hair of somebody remembered and nearly the shape: of people drawn
    at random hardly any two are as alike as the nearest of a million pairs."""
    apart: tuple[float, float] = (0.35, 0.8)
    """How far off in shape they are; 1 is the distance of two strangers."""
    aged: float = 0.0
    """Share of new people half of whose views show them years later; whom one recognises is who they were."""
    drift: tuple[float, float] = (0.05, 0.25)
    """How far their shape went meanwhile, on the scale of `apart`."""
    limits: Range = field(default_factory=lambda: Range(35, 25, 15, 300, 1200))
    jitter: float = 1.0
    """Scales how much the crops' centres scatter; 1 is as `locate` does."""
    infrared: float = 0.2
    """Share of crops lit by infrared instead of visible light."""
    blind: float = 0.2
    """Share of crops without any image."""
    augmented: float = 0.65
    """Share of crops that are augmented; the rest is as the sensor gave it."""
    sharpened: float = 0.35
    """The same from `sharpen_from` on: the last part of a run sees mostly what a good camera delivers."""
    sharpen_from: float = 0.65
    """Which share of a run comes before that."""
    dressed: float = 0.35
    """Share of renderings with glasses, a cap, a mask, other hair or a hand; each view has its own."""
    grimacing: float = 0.3
    """Share of renderings with a wide expression."""
    hard: float = 0.2
    """Share of renderings in light that a camera cannot cope with."""
    faulty: float = 0.25
    """Share of crops from a camera that has one of `TRAINED_FAULTS`."""
    steady: float = 0.0
    """Share of people who are seen in one light by all views of a batch: all in colour, in infrared or without an
    image. The others must be recognised from one light in another, for which skin and eyes are of no use."""
    alike: float = 0.5
    """Share of batches whose crops all share one camera, light and style, so that only faces tell people apart."""
    privileged: bool = False
    """Whether new people are introduced to teachers: each view with nothing worn, a calm face and a camera without
    errors, in every light, once; see `crops.Introduction`."""
    turned: bool = False
    """Whether crops are turned to the front, see `turned`; a trial that the board's preprocessing does not follow."""

    @property
    def met(self) -> int:
        """How many people a batch may show: a batch may still show those who are forgotten for its new ones."""
        return self.remembered + self.people
