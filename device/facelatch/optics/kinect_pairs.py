"""A Kinect's two streams as one: depth and colour images of the same moment, with a time that never wraps."""

from dataclasses import dataclass

from facelatch.frames import ColourImage, DepthImage

TICKS_HZ = 60_000_000
"""The device stamps images with a 32-bit counter of this rate, which starts again every 71.6 s."""
WITHIN_TICKS = TICKS_HZ // 50
"""Images further apart than this, 20 ms, belong to different moments; both streams have one every 33 ms."""

_WRAP = 1 << 32


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """What one moment looked like."""

    depth: DepthImage
    """Raw, as the device sends it."""
    colour: ColourImage
    timestamp_ns: int
    """Monotonic."""


class Pairing:
    """Matches the images of two streams as they come; at most one of either waits for its other half."""

    def __init__(self, start_ns: int) -> None:
        self._timestamp_ns = start_ns
        self._ticks: int | None = None
        self._remainder = 0
        self._depth: tuple[DepthImage, int] | None = None
        self._colour: tuple[ColourImage, int] | None = None

    def add_depth(self, image: DepthImage, ticks: int) -> Pair | None:
        """The pair that this image completes, if any."""
        self._depth = image, ticks
        return self._take()

    def add_colour(self, image: ColourImage, ticks: int) -> Pair | None:
        """The pair that this image completes, if any."""
        self._colour = image, ticks
        return self._take()

    def _take(self) -> Pair | None:
        if self._depth is None or self._colour is None:
            return None
        (depth, depth_ticks), (colour, colour_ticks) = self._depth, self._colour
        ahead = _ticks_ahead(depth_ticks, colour_ticks)
        # The older one waits no longer: what follows it is younger still.
        if ahead <= WITHIN_TICKS:
            self._depth = None
        if ahead >= -WITHIN_TICKS:
            self._colour = None
        if abs(ahead) > WITHIN_TICKS:
            return None
        return Pair(depth, colour, self._to_ns(depth_ticks))

    def _to_ns(self, ticks: int) -> int:
        """A time that only grows, as long as less than 71 s lie between two pairs."""
        passed = 0 if self._ticks is None else (ticks - self._ticks) % _WRAP
        self._ticks = ticks
        nanoseconds, self._remainder = divmod(passed * 1_000_000_000 + self._remainder, TICKS_HZ)
        self._timestamp_ns += nanoseconds
        return self._timestamp_ns


def _ticks_ahead(one: int, other: int) -> int:
    """How much later `one` is than `other`; the counter may have started again between them."""
    return (one - other + _WRAP // 2) % _WRAP - _WRAP // 2
