"""Where a face is in a frame, or why there is none: a Haar cascade, held against depth.

Depth says how large a face must look, so the image is searched in layers of distance, each at the scale at
which a face has about the same size, nearest layer first. Of several faces the nearest wins.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch import surface
from facelatch.cascades import (
    CASCADES,
    SMALLEST_PX,
    Box,
    find_coarsely,
    load_cascade,
    mirrored_borders,
    narrow,
    resize,
    to_full,
)
from facelatch.frames import Frame, GreyImage, intensity
from facelatch.nose import Nose, find_nose
from facelatch.preprocess import FacePoint
from facelatch.shapes import ellipse

RANGE_MM = (250.0, 800.0)
"""Farther away the depth noise of a small stereo camera hides a face's relief, and a live face would be refused
as a photo: better to ask it to come nearer."""
FACE_WIDTH_MM = (110.0, 240.0)
"""What a cascade's box around a face measures; rendered heads of adults gave 131 to 229."""
OVAL_MM = (72.0, 92.0)
"""Half axes of what the encoder sees of a face."""
ABOVE_NOSE_MM = 12.0
"""The point lies this far above the nose's bump, so that the oval holds brows and chin."""

_SURE_RISE_MM = 0.7
"""Noses of 412 rendered heads stood out by 1.1 mm and more, throats, brows and temples by at most 0.2."""
_ELSEWHERE_MM = (
    (0.0, -80.0),
    (0.0, 80.0),
    (-60.0, 0.0),
    (60.0, 0.0),
    (-45.0, -60.0),
    (45.0, -60.0),
    (-45.0, 60.0),
    (45.0, 60.0),
)
"""Of 1,789 rendered heads that were found, 8 were cut more than 25 mm off the face without the last two, 1 with."""
_LEAST_COVERED = 0.5
"""Share of the oval that has depth: around a nose seven tenths and more, around a lock of hair a third."""

_LAYER_RATIO = 1.4
_OVERLAP = 1.1
_MM_PER_PX = 4.0
_DEPTH_STRIDE = 4
_COARSE_PX = 400
"""Image width for finding out why: a face at 2.3 m still has enough pixels."""
_COARSEST_PX = 240
_SHARE_WITH_DEPTH = 0.3
_LEAST_DEPTH = 0.005
"""A frame with a smaller share of readings comes from a camera whose depth does not work."""
_CUT_SHARE = 0.12
"""A face may lose this much of an oval's axis at the border (hair or chin) before it counts as cut off."""

Mask = npt.NDArray[np.bool_]


class Missing(StrEnum):
    """Why no face can be used; the words are part of the events' format."""

    NO_FACE = "no-face"
    TOO_FAR = "too-far"
    TOO_NEAR = "too-near"
    TURNED_AWAY = "turned-away"
    NO_DEPTH = "no-depth"
    CUT_OFF = "cut-off"
    NOT_FACE_SIZED = "not-face-sized"
    UNUSABLE_IMAGE = "unusable-image"


@dataclass(frozen=True, slots=True)
class Located:
    """A face that can be used."""

    point: FacePoint
    box: Box
    """The detector's (x, y, width, height) in pixels."""
    width_mm: float
    """Of the box at the face's depth."""


class Locator:
    """Finds the nearest face within `range_mm`; loads its cascades once."""

    def __init__(self, cascade: Path | None = None, range_mm: tuple[float, float] = RANGE_MM) -> None:
        # alt2's boxes wander less than default's: 8 against 11 mm on the same rendered heads.
        self._frontal = load_cascade(cascade or CASCADES / "haarcascade_frontalface_alt2.xml")
        self._profile = load_cascade(CASCADES / "haarcascade_profileface.xml")
        self._range_mm = range_mm

    def locate(self, frame: Frame) -> Located | Missing:
        """The nearest face, or the reason of the nearest one that cannot be used."""
        if np.mean(frame.depth_mm[::_DEPTH_STRIDE, ::_DEPTH_STRIDE] > 0) < _LEAST_DEPTH:
            return Missing.NO_DEPTH
        reason: Missing | None = None
        images = list(_images(frame))
        for box, layer in self._in_layers(frame, images):
            found = self._judge(frame, box, layer)
            if isinstance(found, Located):
                return found
            reason = reason or found
        return reason or self._diagnose(frame, images)

    def _in_layers(self, frame: Frame, images: list[GreyImage]) -> Iterator[tuple[Box, tuple[float, float]]]:
        """Boxes of a face's size with their layer, nearest layer first, the better image first within it."""
        depth = frame.depth_mm[::_DEPTH_STRIDE, ::_DEPTH_STRIDE]
        near, far = self._range_mm
        while near < far:
            layer = (near / _OVERLAP, min(near * _LAYER_RATIO, far) * _OVERLAP)
            window = _window((depth >= layer[0]) & (depth < layer[1]), frame, layer)
            if window is not None:
                for image in images:
                    boxes = self._search(image, window, frame.intrinsics.fx, layer)
                    boxes.sort(key=lambda box: _depth_in(frame, box) or np.inf)
                    yield from ((box, layer) for box in boxes)
            near *= _LAYER_RATIO

    def _search(
        self, image: GreyImage, window: Box, focal_px: float, layer: tuple[float, float]
    ) -> list[Box]:
        """Boxes in full pixels, from a window resampled so that a pixel is about `_MM_PER_PX`."""
        x, y, width, height = window
        middle_mm = float(np.sqrt(layer[0] * layer[1]))
        scale = min(1.0, middle_mm / focal_px / _MM_PER_PX)
        part = resize(image[y : y + height, x : x + width], scale)
        smallest = max(SMALLEST_PX, int(FACE_WIDTH_MM[0] * focal_px / layer[1] * scale))
        largest = int(np.ceil(FACE_WIDTH_MM[1] * focal_px / layer[0] * scale))
        found = self._frontal.detectMultiScale(
            part, scaleFactor=1.05, minNeighbors=3, minSize=(smallest, smallest), maxSize=(largest, largest)
        )
        return [to_full(box, scale, (x, y)) for box in found]

    def _judge(self, frame: Frame, box: Box, layer: tuple[float, float]) -> Located | Missing | None:
        """The face in a box, the reason against it, or None where the box is not of this layer."""
        depth_mm = _depth_in(frame, box)
        if depth_mm is None:
            return Missing.NO_DEPTH
        if not layer[0] <= depth_mm < layer[1]:
            return None
        verdict = self._size_verdict(frame, box, depth_mm)
        if verdict is not None:
            return verdict
        point = refine(frame, _middle(box, depth_mm))
        if _is_cut(frame, point):
            return Missing.CUT_OFF
        return Located(point, box, box[2] * depth_mm / frame.intrinsics.fx)

    def _size_verdict(self, frame: Frame, box: Box, depth_mm: float) -> Missing | None:
        near, far = self._range_mm
        if depth_mm > far:
            return Missing.TOO_FAR
        if depth_mm < near:
            return Missing.TOO_NEAR
        width_mm = box[2] * depth_mm / frame.intrinsics.fx
        return None if FACE_WIDTH_MM[0] <= width_mm <= FACE_WIDTH_MM[1] else Missing.NOT_FACE_SIZED

    def _diagnose(self, frame: Frame, images: list[GreyImage]) -> Missing:
        """Why the search found nothing, from a coarse look at the whole image; only for the user to know."""
        if not images:
            return Missing.UNUSABLE_IMAGE
        weak = Missing.NO_FACE
        for image in (narrow(image, _COARSE_PX) for image in images):
            for box in find_coarsely(self._frontal, image):
                full = to_full(box, image.shape[1] / frame.size[0], (0, 0))
                depth_mm = _depth_in(frame, full)
                verdict = Missing.NO_DEPTH if depth_mm is None else self._size_verdict(frame, full, depth_mm)
                if verdict not in (None, Missing.NOT_FACE_SIZED):
                    return verdict
                weak = verdict or weak
        small = [narrow(image, _COARSEST_PX) for image in images]
        if any(find_coarsely(self._frontal, half) for image in small for half in mirrored_borders(image)):
            return Missing.CUT_OFF
        if any(find_coarsely(self._profile, view) for image in small for view in (image, image[:, ::-1])):
            return Missing.TURNED_AWAY
        return weak


def refine(frame: Frame, point: FacePoint) -> FacePoint:
    """The point moved to just above the nose, where there is one; its depth is the middle face's median."""
    nose = _search_nose(frame, point)
    if nose is not None:
        point = _above(frame, point, nose)
    middle = surface.measure(frame, point, span_mm=80.0, step_mm=8.0)
    readings = middle.z_mm[middle.seen]
    return replace(point, depth_mm=point.depth_mm + float(np.median(readings))) if readings.size else point


def _search_nose(frame: Frame, point: FacePoint) -> Nose | None:
    """The nose near the point or, where none stands out there, elsewhere on the same head.

    One box in sixty lies on a throat or a temple: no nose stands out there, and the real one is a hand's breadth
    away. A photo has none anywhere, and stays where it is.
    """
    nose = find_nose(surface.measure(frame, point, span_mm=200.0))
    if nose is not None and nose.rise_mm >= _SURE_RISE_MM:
        return nose
    best = nose
    for across, down in _ELSEWHERE_MM:
        start = _moved(frame, point, across, down)
        found = find_nose(surface.measure(frame, start, span_mm=200.0))
        if found is None or found.rise_mm < max(_SURE_RISE_MM, best.rise_mm if best else 0.0):
            continue
        there = Nose(found.x_mm + across, found.y_mm + down, found.rise_mm)
        if _coverage(frame, _above(frame, point, there)) >= _LEAST_COVERED:
            best = there
    return best


def _above(frame: Frame, point: FacePoint, nose: Nose) -> FacePoint:
    """The middle of the oval of a nose that was found from this point."""
    return _moved(frame, point, nose.x_mm, nose.y_mm - ABOVE_NOSE_MM)


def _coverage(frame: Frame, point: FacePoint) -> float:
    """The share of the oval around a point that has depth near the point's."""
    around = surface.measure(frame, point, span_mm=2 * OVAL_MM[1], step_mm=8.0)
    oval = ellipse(around.column_mm[None, :], around.row_mm[:, None], OVAL_MM)
    return float(np.count_nonzero(around.seen & oval) / np.count_nonzero(oval))


def _moved(frame: Frame, point: FacePoint, across_mm: float, down_mm: float) -> FacePoint:
    """The point so many millimetres to the right and below, at its own depth."""
    camera = frame.intrinsics
    return replace(
        point,
        u_px=point.u_px + across_mm * camera.fx / point.depth_mm,
        v_px=point.v_px + down_mm * camera.fy / point.depth_mm,
    )


def _images(frame: Frame) -> Iterator[GreyImage]:
    """What to search, best first, without images that show nothing.

    Red instead of the mean of all colours: skin of every tone is lighter in red, eyes and brows are not (78
    against 67 of 100 rendered heads found). Infrared finds most others.
    """
    candidates = [np.ascontiguousarray(intensity(frame)[..., 0])]
    # Where the picture is the infrared image, a second search would find nothing else.
    if frame.infrared is not None and not np.array_equal(frame.infrared, candidates[0]):
        candidates.append(frame.infrared)
    for image in candidates:
        sparse = image[::4, ::4]
        if sparse.std() >= 4 and np.mean(sparse >= 250) < 0.6:
            yield image


def _window(layer: Mask, frame: Frame, layer_mm: tuple[float, float]) -> Box | None:
    """The part of the image that can hold a face of this layer (x, y, width, height), or None."""
    smallest = FACE_WIDTH_MM[0] * frame.intrinsics.fx / layer_mm[1] / _DEPTH_STRIDE
    columns = np.flatnonzero(layer.sum(axis=0) > smallest / 3)
    rows = np.flatnonzero(layer.sum(axis=1) > smallest / 3)
    if np.count_nonzero(layer) < smallest**2 / 2 or columns.size == 0 or rows.size == 0:
        return None
    margin = 40 * frame.intrinsics.fx / layer_mm[0]
    width, height = frame.size
    left = max(int(columns[0] * _DEPTH_STRIDE - margin), 0)
    top = max(int(rows[0] * _DEPTH_STRIDE - margin), 0)
    right = min(int((columns[-1] + 1) * _DEPTH_STRIDE + margin), width)
    bottom = min(int((rows[-1] + 1) * _DEPTH_STRIDE + margin), height)
    return left, top, right - left, bottom - top


def _middle(box: Box, depth_mm: float) -> FacePoint:
    x, y, width, height = box
    return FacePoint(x + width / 2, y + height / 2, depth_mm)


def _depth_in(frame: Frame, box: Box) -> float | None:
    """Median depth in the middle of a box; None where too little of it has depth."""
    x, y, width, height = box
    middle = frame.depth_mm[
        max(y + height * 3 // 10, 0) : y + height * 7 // 10, max(x + width * 3 // 10, 0) : x + width * 7 // 10
    ]
    readings = middle[middle > 0]
    if readings.size == 0 or readings.size < _SHARE_WITH_DEPTH * middle.size:
        return None
    return float(np.median(readings))


def _is_cut(frame: Frame, point: FacePoint) -> bool:
    """Whether the image's border takes away more of the face than its rim."""
    half_width = OVAL_MM[0] * (1 - 2 * _CUT_SHARE) * frame.intrinsics.fx / point.depth_mm
    half_height = OVAL_MM[1] * (1 - 2 * _CUT_SHARE) * frame.intrinsics.fy / point.depth_mm
    width, height = frame.size
    across = half_width <= point.u_px <= width - half_width
    down = half_height <= point.v_px <= height - half_height
    return not (across and down)
