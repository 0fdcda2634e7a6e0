"""What a frame shows of the camera that took it: cheap numbers, computed once, that `health` judges.

A few rows are enough. A sensor's noise reaches all of them, so two frames that agree there to the last bit are
one frame; and an image without light or depth has none anywhere.
"""

import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame, Intrinsics

BLACK_BELOW = 6.0
"""Mean grey level, 0-255: a covered lens. A dark room is not a fault, see `Signs.blindness`."""
WHITE_ABOVE = 250.0
LEAST_DEPTH_SHARE = 0.002
"""Fewer pixels with a depth are none: a few flicker even behind a lens cap."""
_EVERY = 8
"""Rows between two that are looked at."""
_LEAST_TAIL = 16
"""A frame counts as cut off if at least one part in so many is missing at its end."""
_LIT = 16.0
"""Grey level just above the missing part, so that a dark floor is not taken for one."""


class Light(StrEnum):
    """What an image shows at all."""

    USABLE = "usable"
    BLACK = "black"
    WHITE = "white"


@dataclass(frozen=True, slots=True)
class Signs:
    """One frame's."""

    timestamp_ns: int
    size: tuple[int, int]
    intrinsics: Intrinsics
    content: tuple[int | None, int | None, int | None]
    """A checksum each of colour, depth and infrared; None for one that is missing or shows nothing, which may
    well be the same again in the next frame."""
    blindness: Light
    """Other than usable where neither colour nor infrared nor depth shows anything, or where colour is all white: no
    room is, and no face is found there whatever else is seen."""
    is_cut_off: bool
    """The last rows of every image are exactly zero below lit ones: a transfer that ended early."""


def to_signs(frame: Frame) -> Signs:
    """The signs of a frame; well under a millisecond for 640x480."""
    colour, infrared = _light(frame.colour), None if frame.infrared is None else _light(frame.infrared)
    has_depth = float(np.count_nonzero(frame.depth_mm[::_EVERY])) >= LEAST_DEPTH_SHARE * _looked_at(frame)
    is_dark = not has_depth and colour is Light.BLACK and infrared is not Light.USABLE
    return Signs(
        timestamp_ns=frame.timestamp_ns,
        size=frame.size,
        intrinsics=frame.intrinsics,
        content=(
            _checksum(frame.colour) if colour is Light.USABLE else None,
            _checksum(frame.depth_mm) if has_depth else None,
            None if frame.infrared is None or infrared is not Light.USABLE else _checksum(frame.infrared),
        ),
        blindness=colour if is_dark or colour is Light.WHITE else Light.USABLE,
        is_cut_off=_is_cut_off(frame),
    )


def _looked_at(frame: Frame) -> int:
    width, height = frame.size
    return width * -(-height // _EVERY)


def _light(image: npt.NDArray[np.uint8]) -> Light:
    mean = float(image[::_EVERY].mean())
    return Light.BLACK if mean < BLACK_BELOW else Light.WHITE if mean > WHITE_ABOVE else Light.USABLE


def _checksum(image: npt.NDArray[np.generic]) -> int:
    return zlib.crc32(np.ascontiguousarray(image[::_EVERY]).data)


def _is_cut_off(frame: Frame) -> bool:
    height = frame.size[1]
    images: list[npt.NDArray[Any]] = [
        frame.colour,
        frame.depth_mm,
        *([] if frame.infrared is None else [frame.infrared]),
    ]
    least = max(height // _LEAST_TAIL, 1)
    # Most frames end here, at their last few rows.
    if any(image[-least:].any() for image in images):
        return False
    filled = np.flatnonzero(np.any([image.reshape(height, -1).any(axis=1) for image in images], axis=0))
    if not filled.size:
        return False
    above = slice(max(int(filled[-1]) + 1 - least, 0), int(filled[-1]) + 1)
    return any(float(image[above].mean()) > _LIT for image in images if image.dtype == np.uint8)
