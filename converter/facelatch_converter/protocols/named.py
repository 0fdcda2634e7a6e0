"""Named protocols: who stands before which camera, how they were enrolled, and from which seed all of it is drawn.

A protocol's people are a cohort's: enrolled in one way, from the cohort's seed. What they do at the door is drawn from
the protocol's own seed. Training draws from seeds that begin with `crops.TRAINING`, and none here does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from facelatch.errors import ConfigError
from facelatch_converter.faults import OVER_SMOOTHED
from facelatch_converter.held_out import UNLOCK
from facelatch_converter.scenes import Range

TIME_OF_FLIGHT = "time-of-flight"

EVERY = "all"
ANY_WIDE = "wide"
"""One of the wide expressions, drawn for each take; other names are those of `expressions`."""

FRONTAL = Range(yaw_deg=5, pitch_deg=5, roll_deg=5, near_mm=350, far_mm=700)


class Lighting(StrEnum):
    """What the intensity channels show."""

    VISIBLE = "visible"
    HARD = "hard"
    """Light that a camera cannot cope with."""
    INFRARED = "infrared"
    """The room is dark; the camera's own infrared is the image."""
    NONE = "none"
    """No usable image at all: depth alone."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How people are filmed; names are those of `staging`, `accessories` and `sensors`."""

    camera: str = "d435"
    limits: Range = UNLOCK
    lighting: Lighting = Lighting.VISIBLE
    accessory: str = ""
    """What is worn or held; empty for nothing."""
    expression: str = "usual"
    fault: str = ""
    """What the camera or its driver does wrong; empty for nothing."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """People enrolled in one way."""

    name: str
    seed: int
    circumstances: Circumstances = field(default_factory=Circumstances)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What an evaluation does with a cohort."""

    name: str
    about: str
    seed: int
    """Of what happens at the door."""
    cohort: Cohort
    attempt: Circumstances
    kept_out: str = ""
    """What training must never have drawn: a sensor, a driver's filter.

    Another face generator is another --face-model.
    """
    twin: float | None = None
    """Impostors are one twin of each person, this far off in shape: 1 is the distance of two strangers."""
    drift: float = 0.0
    """How far the owner's shape went since enrolment, on the same scale; the beard and the hair grew too."""

    @property
    def is_seen(self) -> bool:
        """Whether the board finds anybody: without any image its face detector finds nobody."""
        return (
            self.attempt.lighting is not Lighting.NONE
            and self.cohort.circumstances.lighting is not Lighting.NONE
        )


def choose(names: Sequence[str], known: Sequence[Protocol]) -> list[Protocol]:
    """The protocols of these names in the order of `known`; `all` is every one.

    Raises `ConfigError` that lists what there is.
    """
    by_name = {protocol.name: protocol for protocol in known}
    unknown = [name for name in names if name not in by_name and name != EVERY]
    if unknown:
        raise ConfigError(
            f"--protocol {unknown[0]!r} is unknown; there are {', '.join(by_name)}, and {EVERY} for every one"
        )
    return [protocol for protocol in known if EVERY in names or protocol.name in names]


def every_protocol() -> list[Protocol]:
    """All protocols, the plain ones first; a seed once given stays, whatever is added."""
    plain = Cohort("unlock", 41_000)
    unlock = Circumstances()
    return [
        Protocol(
            "frontal", "looking straight into the camera", 51_000, plain, replace(unlock, limits=FRONTAL)
        ),
        Protocol("unlock", "yaw within 30, pitch within 20 degrees, 35 to 70 cm", 51_001, plain, unlock),
        *_worn(plain),
        *_grimacing(plain),
        *_unlit(plain),
        *_filmed_otherwise(plain),
        *_faulty(plain),
        *_related(plain),
    ]


_WORN = {
    "clear-glasses": 52_000,
    "sunglasses": 52_001,
    "cap": 52_002,
    "fringe": 52_003,
    "long-hair": 52_004,
    "beard": 52_005,
    "medical-mask": 52_006,
    "head-scarf": 52_007,
    "hand": 52_008,
}


def _worn(plain: Cohort) -> list[Protocol]:
    """Accessories at the door that were not there at the enrolment; and glasses that always are."""
    wearers = Cohort("clear-glasses", 42_000, Circumstances(accessory="clear-glasses"))
    found = [
        Protocol(name, f"{name} at the door, none when enrolled", seed, plain, Circumstances(accessory=name))
        for name, seed in _WORN.items()
    ]
    about = "clear-glasses at the door and when enrolled"
    return [*found, Protocol("clear-glasses-always", about, 52_100, wearers, wearers.circumstances)]


def _grimacing(plain: Cohort) -> list[Protocol]:
    """Wide expressions at the door of people who were enrolled without."""
    names = (ANY_WIDE, "grin", "frown", "open-mouth", "closed-eyes")
    return [
        Protocol(
            f"expression-{name}",
            f"{name} expression at the door, hardly any when enrolled",
            52_200 + place,
            plain,
            Circumstances(expression=name),
        )
        for place, name in enumerate(names)
    ]


def _unlit(plain: Cohort) -> list[Protocol]:
    """Infrared in the dark, and depth alone; at the door, and for both."""
    dark = Cohort("dark", 43_000, Circumstances(lighting=Lighting.INFRARED))
    blind = Cohort("no-image", 43_001, Circumstances(lighting=Lighting.NONE))
    return [
        Protocol(
            "hard-light",
            "back light, far too much or too little light",
            53_004,
            plain,
            Circumstances(lighting=Lighting.HARD),
        ),
        Protocol("dark", "infrared alone, at the door and when enrolled", 53_000, dark, dark.circumstances),
        Protocol("dark-at-door", "infrared alone, enrolled by day", 53_001, plain, dark.circumstances),
        Protocol(
            "no-image", "depth alone, at the door and when enrolled", 53_002, blind, blind.circumstances
        ),
        Protocol("no-image-at-door", "depth alone, enrolled by day", 53_003, plain, blind.circumstances),
    ]


_CAMERAS = {
    "d415": (44_000, ((300, 500), (500, 800), (800, 1200))),
    "d435": (None, ((300, 500), (500, 800), (800, 1200))),
    "d455": (44_002, ((300, 500), (500, 800), (800, 1200))),
    "kinect-v1": (44_003, ((500, 800), (800, 1200))),
    "time-of-flight": (44_004, ((300, 500), (500, 800), (800, 1200))),
}
"""Each camera's seed of enrolment (None: the plain cohort's) and distances in mm; a Kinect v1 sees nothing nearer."""


def _filmed_otherwise(plain: Cohort) -> list[Protocol]:
    """Each camera at each distance, of people enrolled with that camera half a metre away."""
    found: list[Protocol] = []
    for name, (seed, bands) in _CAMERAS.items():
        usual = replace(
            UNLOCK, near_mm=max(UNLOCK.near_mm, bands[0][0]), far_mm=max(UNLOCK.far_mm, bands[0][1])
        )
        cohort = plain if seed is None else Cohort(name, seed, Circumstances(name, usual))
        for near_mm, far_mm in bands:
            limits = replace(UNLOCK, near_mm=float(near_mm), far_mm=float(far_mm))
            about = f"{name}, {near_mm / 10:.0f} to {far_mm / 10:.0f} cm"
            number = 55_000 + len(found)
            kept_out = TIME_OF_FLIGHT if name == TIME_OF_FLIGHT else ""
            at_door = Circumstances(name, limits)
            found.append(Protocol(f"{name}-{near_mm}-{far_mm}", about, number, cohort, at_door, kept_out))
    return found


_FAULTS = ("over-smoothed", "decimated", "low-coverage", "noisy", "misregistered", "motion")


def _faulty(plain: Cohort) -> list[Protocol]:
    """What goes wrong with a camera after the enrolment."""
    return [
        Protocol(
            name,
            f"{name} at the door, nothing wrong when enrolled",
            56_000 + place,
            plain,
            Circumstances(fault=name),
            OVER_SMOOTHED if name == OVER_SMOOTHED else "",
        )
        for place, name in enumerate(_FAULTS)
    ]


def _related(plain: Cohort) -> list[Protocol]:
    """Twins, and the owner years later."""
    twins = [
        Protocol(
            f"twin-{apart:.2f}",
            f"impostors are twins of the same skin and hair, {apart:.2f} of two strangers' distance off in shape",
            54_000 + place,
            plain,
            Circumstances(),
            twin=apart,
        )
        for place, apart in enumerate((0.25, 0.5, 0.75, 1.0))
    ]
    aged = [
        Protocol(
            f"aged-{drift:.2f}",
            f"shape {drift:.2f} of two strangers' distance off since the enrolment; some have longer beards",
            54_100 + place,
            plain,
            Circumstances(),
            drift=drift,
        )
        for place, drift in enumerate((0.1, 0.2))
    ]
    return [*twins, *aged]
