"""`[camera.options]` of the realsense driver, each with its default and what it may be.

There is no hole filling: it invents depth where the camera saw none, and the liveness checks would believe it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from facelatch.errors import ConfigError
from facelatch.fields import printable
from facelatch.sections import read_value

Number = TypeVar("Number", int, float)

VIEWS = ("aligned", "infrared")


def _between(default: Number, low: Number, high: Number) -> Number:
    limited: Number = field(default=default, metadata={"low": low, "high": high})
    return limited


@dataclass(frozen=True, slots=True)
class RealSenseOptions:
    """How a RealSense camera is used; the filters' defaults were measured, see docs/cameras.md."""

    view: str = field(default="aligned", metadata={"choices": VIEWS})
    """`aligned`: colour, with depth resampled into its view. `infrared`: the left imager and the depth, which share
    one view; nothing is resampled and no colour camera is needed."""
    switch_emitter: bool = True
    """In the infrared view, take every second frame without the projector's dots, where the camera can."""
    laser_power_mw: float = _between(0.0, 0.0, 500.0)
    """0 leaves what the camera has."""
    face_exposure: bool = True
    """Whether the automatic exposure looks at the last face."""
    decimation: int = _between(1, 1, 8)
    """So many pixels of depth become one, each way; 1 is off."""
    spatial: int = _between(0, 0, 5)
    """Passes of the edge-preserving smoothing; 0 is off."""
    spatial_alpha: float = _between(0.5, 0.25, 1.0)
    spatial_delta: int = _between(20, 1, 50)
    temporal: bool = False
    """Average each pixel with its own past."""
    temporal_alpha: float = _between(0.4, 0.05, 1.0)
    temporal_delta: int = _between(20, 1, 100)


def parse_options(given: Mapping[str, bool | int | float | str]) -> RealSenseOptions:
    """The options as typed; raises `ConfigError` with the key and what is allowed."""
    known = {entry.name: entry for entry in fields(RealSenseOptions)}
    for name in given:
        if name not in known:
            raise ConfigError(
                f"unknown option: camera.options.{printable(name)}; known are {', '.join(known)}"
            )
    chosen: dict[str, Any] = {
        name: read_value(value, known[name].default, known[name].metadata, f"camera.options.{name}")
        for name, value in given.items()
    }
    options = RealSenseOptions(**chosen)
    if options.view == "infrared" and options.decimation > 1:
        raise ConfigError(
            "camera.options.decimation makes depth smaller than the infrared picture that it belongs to; "
            'leave it at 1, or set view = "aligned"'
        )
    return options
