"""The SDK's own depth filters, in the order that Intel recommends: decimate, then smooth disparity, then go back."""

from collections.abc import Callable
from typing import Any

from facelatch.cameras.realsense_options import RealSenseOptions

_KEEP_HOLES = 0
"""Both smoothing filters can fill holes, the temporal one does so by default: with readings of an earlier frame."""


def to_filters(rs: Any, options: RealSenseOptions) -> Callable[[Any], Any]:
    """What makes a filtered frameset of a frameset; colour and infrared pass through untouched.

    The temporal filter remembers frames: give it those of one camera, in order, and none that was taken otherwise.
    """
    blocks = [rs.decimation_filter(options.decimation)] if options.decimation > 1 else []
    smoothing = []
    if options.spatial:
        alpha, delta = options.spatial_alpha, options.spatial_delta
        smoothing.append(rs.spatial_filter(alpha, delta, options.spatial, _KEEP_HOLES))
    if options.temporal:
        smoothing.append(rs.temporal_filter(options.temporal_alpha, options.temporal_delta, _KEEP_HOLES))
    if smoothing:
        # Noise is the same everywhere in disparity; in millimetres it grows with the square of the distance.
        blocks += [rs.disparity_transform(True), *smoothing, rs.disparity_transform(False)]

    def filtered(frameset: Any) -> Any:
        for block in blocks:
            frameset = block.process(frameset).as_frameset()
        return frameset

    return filtered
