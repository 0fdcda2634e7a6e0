"""A canvas for pictures of results: text, boxes, lines and images in pixels of the finished picture.

Everything is drawn twice as large and averaged down, which makes OpenCV's stroke letters smooth.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from facelatch.frames import ColourImage

Colour = tuple[int, int, int]
Point = tuple[float, float]

_SCALE = 2
_FONT = cv2.FONT_HERSHEY_DUPLEX
_FONT_HEIGHT_PX = 30.0
"""What one unit of the font's scale is high, line gap included."""


class Canvas:
    """An RGB picture under way."""

    def __init__(self, width: int, height: int, background: Colour) -> None:
        self._pixels = np.full((height * _SCALE, width * _SCALE, 3), background, np.uint8)

    def text(
        self, at: Point, words: str, size_px: float, colour: Colour, *, align: float = 0.0, bold: bool = False
    ) -> float:
        """Write with the baseline's start at `at`, moved left by `align` widths; gives the width."""
        scale, thickness = size_px * _SCALE / _FONT_HEIGHT_PX, 3 if bold else 2 if size_px >= 20 else 1
        width = cv2.getTextSize(words, _FONT, scale, thickness)[0][0]
        origin = (round(at[0] * _SCALE - width * align), round(at[1] * _SCALE))
        cv2.putText(self._pixels, words, origin, _FONT, scale, colour, thickness, cv2.LINE_AA)
        return float(width / _SCALE)

    def box(self, at: Point, size: Point, colour: Colour, radius: float = 0.0) -> None:
        """A filled box with rounded corners."""
        (x, y), (width, height), r = _scaled(at), _scaled(size), round(radius * _SCALE)
        for corner, far in (
            ((x + r, y), (x + width - r, y + height)),
            ((x, y + r), (x + width, y + height - r)),
        ):
            cv2.rectangle(self._pixels, corner, far, colour, -1)
        for middle in (
            (x + r, y + r),
            (x + width - r, y + r),
            (x + r, y + height - r),
            (x + width - r, y + height - r),
        ):
            cv2.circle(self._pixels, middle, r, colour, -1, cv2.LINE_AA)

    def line(self, points: Sequence[Point], colour: Colour, thickness: float = 1.0) -> None:
        """A line through points."""
        path = np.array([_scaled(point) for point in points], np.int32)
        cv2.polylines(self._pixels, [path], False, colour, round(thickness * _SCALE), cv2.LINE_AA)

    def dot(self, at: Point, radius: float, colour: Colour) -> None:
        """A filled circle."""
        cv2.circle(self._pixels, _scaled(at), round(radius * _SCALE), colour, -1, cv2.LINE_AA)

    def image(self, at: Point, picture: ColourImage, size: Point) -> None:
        """A picture stretched to `size`."""
        (x, y), (width, height) = _scaled(at), _scaled(size)
        self._pixels[y : y + height, x : x + width] = cv2.resize(
            picture, (width, height), interpolation=cv2.INTER_CUBIC
        )

    def to_image(self) -> ColourImage:
        """The finished picture."""
        height, width = self._pixels.shape[:2]
        smaller = cv2.resize(self._pixels, (width // _SCALE, height // _SCALE), interpolation=cv2.INTER_AREA)
        return np.asarray(smaller, np.uint8)


def _scaled(point: Point) -> tuple[int, int]:
    return round(point[0] * _SCALE), round(point[1] * _SCALE)
