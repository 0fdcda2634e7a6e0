"""Which part of the view a camera's automatic exposure should look at: the face, not the window behind it. Pure."""

from dataclasses import dataclass

import numpy as np

from facelatch.frames import Intrinsics
from facelatch.optics.registration import View

Box = tuple[int, int, int, int]

_KEPT = 0.7
"""Share of a detector's box, about its middle, that is face and not hair or background."""
_SMALLEST_PX = 16
_NEAR_ENOUGH = 0.15
"""A move or a change of size below this share of the region's width is not worth a command to the camera."""
_EVERY_S = 1.0
_FORGET_S = 10.0
"""After so long without a face the whole view counts again."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of pixels, all four borders included."""

    left: int
    top: int
    right: int
    bottom: int

    def is_like(self, other: "Region") -> bool:
        """Whether moving from one to the other would change next to nothing."""
        limit = _NEAR_ENOUGH * (self.right - self.left)
        pairs = zip(
            (self.left, self.top, self.right, self.bottom),
            (other.left, other.top, other.right, other.bottom),
            strict=True,
        )
        return all(abs(one - another) <= limit for one, another in pairs)


def whole(size: tuple[int, int]) -> Region:
    """The region of the whole view; `size` is (width, height)."""
    return Region(0, 0, size[0] - 1, size[1] - 1)


def to_region(box: Box, size: tuple[int, int]) -> Region | None:
    """The middle of a face's box (x, y, width, height) within the image, or None where too little of it is."""
    x, y, width, height = box
    aside, above = width * (1 - _KEPT) / 2, height * (1 - _KEPT) / 2
    return _clipped((x + aside, y + above, x + width - aside, y + height - above), size)


def seen_from(
    region: Region, distance_mm: float, camera: Intrinsics, view: View, size: tuple[int, int]
) -> Region | None:
    """The region as another camera of the rig sees it, if what it shows is so far away; `size` is that camera's."""
    corners = np.array(
        [[x, y] for x in (region.left, region.right) for y in (region.top, region.bottom)], np.float64
    )
    rays = np.column_stack(
        ((corners[:, 0] - camera.cx) / camera.fx, (corners[:, 1] - camera.cy) / camera.fy, np.ones(4))
    )
    points = rays * distance_mm @ view.rotation.T + view.translation_mm
    if not np.all(points[:, 2] > 1):
        return None
    columns = points[:, 0] / points[:, 2] * view.intrinsics.fx + view.intrinsics.cx
    rows = points[:, 1] / points[:, 2] * view.intrinsics.fy + view.intrinsics.cy
    return _clipped((columns.min(), rows.min(), columns.max(), rows.max()), size)


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the exposure was last pointed, and when; each command gives a new aim."""

    region: Region | None = None
    """None: the whole view."""
    pointed_ns: int | None = None
    seen_ns: int = 0
    """When a face was last reported."""

    def after(self, region: Region | None, now_ns: int) -> "tuple[Aim, bool]":
        """The aim that follows a moment with a face there, or with none; and whether to tell the camera."""
        if region is None:
            forgets = self.region is not None and now_ns - self.seen_ns >= _FORGET_S * 1e9
            return (Aim(None, now_ns, self.seen_ns), True) if forgets else (self, False)
        is_early = self.pointed_ns is not None and now_ns - self.pointed_ns < _EVERY_S * 1e9
        if is_early or (self.region is not None and self.region.is_like(region)):
            return Aim(self.region, self.pointed_ns, now_ns), False
        return Aim(region, now_ns, now_ns), True


def _clipped(borders: tuple[float, float, float, float], size: tuple[int, int]) -> Region | None:
    width, height = size
    left, right = (int(np.clip(round(value), 0, width - 1)) for value in borders[::2])
    top, bottom = (int(np.clip(round(value), 0, height - 1)) for value in borders[1::2])
    if right - left < _SMALLEST_PX or bottom - top < _SMALLEST_PX:
        return None
    return Region(left, top, right, bottom)
