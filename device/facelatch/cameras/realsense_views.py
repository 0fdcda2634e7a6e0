"""Framesets of the RealSense SDK as `Frame`s, in one of two views; the SDK's profiles as intrinsics and rotations."""

from typing import Any, Protocol

import numpy as np

from facelatch.cameras.realsense_filters import to_filters
from facelatch.cameras.realsense_options import RealSenseOptions
from facelatch.cameras.realsense_sdk import to_mm_per_unit
from facelatch.errors import CaptureError
from facelatch.frames import ColourImage, Frame, GreyImage, Intrinsics
from facelatch.optics.emitter_pairs import Pair, Pairing, Shot, dottedness, to_picture
from facelatch.optics.registration import Registration, View, to_depth_mm


class Viewer(Protocol):
    """Makes frames of framesets; all pixels are copied, because the SDK uses its buffers again."""

    def to_frame(self, frameset: Any) -> Frame | None:
        """The frame of a frameset with the camera's own time, or None where more is needed for one."""


class Profiles:
    """The streams of a running pipeline; raises `CaptureError` where the ones that a view needs are missing."""

    def __init__(self, rs: Any, profile: Any, view: str, source: object) -> None:
        self.rs = rs
        self._streams = {stream.stream_type(): stream for stream in profile.get_streams()}
        self.mm_per_unit = to_mm_per_unit(rs, profile.get_device())
        colour = (rs.stream.color, (rs.format.rgb8, rs.format.bgr8), "colour (rgb8 or bgr8)")
        infrared = (rs.stream.infrared, (rs.format.y8,), "infrared (y8)")
        depth = (rs.stream.depth, (rs.format.z16,), "depth (z16)")
        for stream, formats, name in (depth, colour if view == "aligned" else infrared):
            found = self._streams.get(stream)
            if found is None or found.format() not in formats:
                shown = "none" if found is None else str(found.format())
                raise CaptureError(f"{source}: the {view} view needs a stream of {name}, found {shown}")

    def has(self, stream: Any) -> bool:
        """Whether the stream runs."""
        return stream in self._streams

    def size(self, stream: Any) -> tuple[int, int]:
        """(width, height) in pixels."""
        video = self._streams[stream].as_video_stream_profile()
        return video.width(), video.height()

    def intrinsics(self, stream: Any) -> Intrinsics:
        """Of a stream's own images."""
        return _to_intrinsics(self._streams[stream].as_video_stream_profile().get_intrinsics())

    def view(self, stream: Any, reference: Any) -> View:
        """A stream's camera as seen from that of the reference stream."""
        extrinsics = self._streams[reference].get_extrinsics_to(self._streams[stream])
        return View(
            self.intrinsics(stream),
            # The SDK stores rotations by columns.
            np.array(extrinsics.rotation, np.float32).reshape(3, 3).T,
            np.array(extrinsics.translation, np.float32) * 1000,
        )

    def is_same_view(self, stream: Any, reference: Any) -> bool:
        """Whether two streams show the same, pixel by pixel."""
        same = self.view(stream, reference).is_same_as(self.intrinsics(reference))
        return same and self.size(stream) == self.size(reference)

    def infrared_image(self, frameset: Any) -> GreyImage | None:
        """The left imager's picture, copied; None where there is none."""
        if not self.has(self.rs.stream.infrared):
            return None
        frame = frameset.get_infrared_frame(self._streams[self.rs.stream.infrared].stream_index())
        return np.array(frame.get_data(), np.uint8) if frame else None

    def colour_image(self, frameset: Any) -> ColourImage:
        """The colour picture, copied, red first."""
        colour = np.array(frameset.get_color_frame().get_data(), np.uint8)
        is_blue_first = self._streams[self.rs.stream.color].format() == self.rs.format.bgr8
        return np.ascontiguousarray(colour[..., ::-1]) if is_blue_first else colour


class AlignedView:
    """Colour as it is, depth and infrared resampled into its view."""

    def __init__(self, profiles: Profiles, options: RealSenseOptions) -> None:
        stream = profiles.rs.stream
        self._profiles = profiles
        self._filtered = to_filters(profiles.rs, options)
        self._intrinsics = profiles.intrinsics(stream.color)
        fits = options.decimation == 1 and profiles.is_same_view(stream.depth, stream.color)
        self._align = None if fits else profiles.rs.align(stream.color)
        self._register: Registration | None = None
        if profiles.has(stream.infrared) and not profiles.is_same_view(stream.infrared, stream.color):
            view = profiles.view(stream.infrared, stream.color)
            self._register = Registration(self._intrinsics, profiles.size(stream.color), view)

    def to_frame(self, frameset: Any) -> Frame | None:
        """The frame of a frameset that has both colour and depth."""
        depth = frameset.get_depth_frame()
        if not depth or not frameset.get_color_frame():
            return None
        timestamp_ns = int(depth.get_timestamp() * 1e6)
        infrared = self._profiles.infrared_image(frameset)
        registered = self._filtered(frameset)
        if self._align is not None:
            registered = self._align.process(registered)
        raw = np.asarray(registered.get_depth_frame().get_data())
        depth_mm = to_depth_mm(raw, self._profiles.mm_per_unit)
        if infrared is not None and self._register is not None:
            infrared = self._register.to_colour(infrared, depth_mm)
        colour = self._profiles.colour_image(registered)
        return Frame(colour, depth_mm, self._intrinsics, timestamp_ns, infrared)


class InfraredView:
    """The left imager's picture with the depth, which is measured in its very view; nothing is resampled.

    With `switches` it waits for a frame with the projector's dots and one without: depth is the lit one's, the
    picture and `infrared` are the unlit one's. Otherwise the picture has dots and comes alone.
    """

    def __init__(self, profiles: Profiles, options: RealSenseOptions, switches: bool) -> None:
        stream = profiles.rs.stream
        self._profiles = profiles
        self._filtered = to_filters(profiles.rs, options)
        self._intrinsics = profiles.intrinsics(stream.depth)
        self._pairing: Pairing[tuple[Any, GreyImage]] | None = Pairing() if switches else None
        if not profiles.is_same_view(stream.infrared, stream.depth):
            raise CaptureError(
                "the camera's infrared picture and its depth are not in one view; "
                'set view = "aligned" under [camera.options]'
            )

    @property
    def is_hopeless(self) -> bool:
        """Whether the projector was meant to switch and does not, as far as anybody can tell."""
        return self._pairing is not None and self._pairing.is_hopeless

    def give_up_switching(self) -> None:
        """Take every picture as it comes from now on."""
        self._pairing = None

    def to_frame(self, frameset: Any) -> Frame | None:
        """The frame of a frameset, or of a pair of which it is the second."""
        depth, picture = frameset.get_depth_frame(), self._profiles.infrared_image(frameset)
        if not depth or picture is None:
            return None
        if self._pairing is None:
            return self._frame(frameset, np.repeat(picture[..., None], 3, axis=2), None)
        shot = Shot(
            is_lit(self._profiles.rs, depth),
            depth.get_frame_number(),
            dottedness(picture),
            (frameset, picture),
        )
        self._pairing, pair = self._pairing.after(shot)
        return None if pair is None else self._paired(pair)

    def _paired(self, pair: Pair[tuple[Any, GreyImage]]) -> Frame:
        (frameset, lit), (_, unlit) = pair.lit, pair.unlit
        return self._frame(frameset, to_picture(unlit, lit), unlit)

    def _frame(self, frameset: Any, colour: ColourImage, infrared: GreyImage | None) -> Frame:
        # Only lit frames get here: the temporal filter must not remember depth that was measured without dots.
        depth = self._filtered(frameset).get_depth_frame()
        depth_mm = to_depth_mm(np.asarray(depth.get_data()), self._profiles.mm_per_unit)
        return Frame(colour, depth_mm, self._intrinsics, int(depth.get_timestamp() * 1e6), infrared)


def is_lit(rs: Any, frame: Any) -> bool | None:
    """Whether the projector was on, by the frame's metadata; None where it does not say."""
    for name in (rs.frame_metadata_value.frame_laser_power_mode, rs.frame_metadata_value.frame_laser_power):
        if frame.supports_frame_metadata(name):
            return int(frame.get_frame_metadata(name)) > 0
    return None


def _to_intrinsics(found: Any) -> Intrinsics:
    # The SDK keeps float32; the shortest number that is stored so is the one that was meant.
    fx, fy, ppx, ppy = (float(str(np.float32(value))) for value in (found.fx, found.fy, found.ppx, found.ppy))
    # The SDK counts from the first pixel's middle, a `Frame` from its corner.
    return Intrinsics(fx, fy, round(ppx + 0.5, 6), round(ppy + 0.5, 6))
