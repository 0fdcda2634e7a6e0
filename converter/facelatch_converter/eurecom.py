"""Frames of EURECOM KinectFaceDB (Kinect v1, 52 persons, two sessions of nine pictures).

Assumed: pictures of 256x256 are the part of the 640x480 picture whose left top pixel is (192, 74), the part
that the pixel coordinates in `DepthKinect` name; depth is registered to colour. `DepthKinect/*.txt` holds a
line `column row millimetres` per pixel, 0 for no reading; `DepthBMP/*.bmp` is the same depth in 8 bits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelatch.frames import DepthImage, Frame
from facelatch_converter import kinect_v1
from facelatch_converter.errors import DatasetError

CROP_PX = 256
CROP_LEFT_TOP = (192, 74)


@dataclass(frozen=True, slots=True)
class Picture:
    """The files of one picture."""

    colour: Path
    depth: Path
    depth_mm: Path | None
    """The text with millimetres, where the copy of the database has it."""


def pictures(session: Path) -> list[Picture]:
    """The pictures of `NNNN/s1` or `NNNN/s2`: `RGB/rgb_X.bmp` with `Depth/DepthBMP/depth_X.bmp`."""
    found = []
    for colour in sorted((session / "RGB").glob("*.bmp")):
        name = colour.name.replace("rgb", "depth", 1)
        depth = session / "Depth" / "DepthBMP" / name
        if not depth.is_file():
            raise DatasetError(f"{colour}: has no depth; expected {depth}")
        text = (session / "Depth" / "DepthKinect" / name).with_suffix(".txt")
        found.append(Picture(colour, depth, text if text.is_file() else None))
    if not found:
        raise DatasetError(f"{session / 'RGB'}: holds no *.bmp")
    return found


def read_pictures(files: Sequence[Picture], grey_mm: tuple[float, float] | None) -> Iterator[Frame]:
    """One frame per picture; timestamps only keep their order.

    `grey_mm`: the distances that grey 1 and grey 255 of a DepthBMP stand for, linear between; grey 0 is none.
    """
    for index, picture in enumerate(files):
        colour = kinect_v1.read_colour(picture.colour)
        left, top = _left_top(picture.colour, (colour.shape[1], colour.shape[0]))
        if picture.depth_mm is not None:
            depth = _from_text(picture.depth_mm, colour.shape[:2], left, top)
        else:
            depth = _from_grey(picture.depth, colour.shape[:2], grey_mm)
        yield Frame(colour, depth, kinect_v1.intrinsics(left, top), index * 1_000_000_000)


def _left_top(file: Path, size: tuple[int, int]) -> tuple[int, int]:
    if size == (CROP_PX, CROP_PX):
        return CROP_LEFT_TOP
    if size == kinect_v1.SIZE:
        return 0, 0
    raise DatasetError(f"{file}: expected a picture of 256x256 or 640x480, found {size[0]}x{size[1]}")


def _from_text(file: Path, shape: tuple[int, ...], left: int, top: int) -> DepthImage:
    table = kinect_v1.read_table(file)
    if table.shape[1] != 3:
        raise DatasetError(
            f"{file}: expected lines of `column row millimetres`, found {table.shape[1]} numbers"
        )
    columns, rows, depth_mm = table[:, 0] - left, table[:, 1] - top, table[:, 2]
    if len(table) == 0 or min(columns.min(), rows.min()) < 0:
        raise DatasetError(f"{file}: expected pixels from ({left}, {top}) on")
    if columns.max() >= shape[1] or rows.max() >= shape[0]:
        raise DatasetError(f"{file}: names pixels outside its {shape[1]}x{shape[0]} picture")
    if depth_mm.min() < 0 or depth_mm.max() > np.iinfo(np.uint16).max:
        raise DatasetError(f"{file}: expected 0 to 65535 mm, found {depth_mm.min()} to {depth_mm.max()}")
    depth = np.zeros(shape, np.uint16)
    depth[rows, columns] = depth_mm
    return depth


def _from_grey(file: Path, shape: tuple[int, ...], grey_mm: tuple[float, float] | None) -> DepthImage:
    grey = kinect_v1.read_grey(file)
    if grey.shape != shape:
        raise DatasetError(f"{file}: is {grey.shape[1]}x{grey.shape[0]}, its colour {shape[1]}x{shape[0]}")
    if grey_mm is None:
        text = file.parent.parent / "DepthKinect" / f"{file.stem}.txt"
        raise DatasetError(
            f"{file}: holds grey levels, not millimetres, and {text} is missing; add it, or say which "
            "distances grey 1 and grey 255 stand for (--depth-grey-mm)"
        )
    first, last = grey_mm
    if not (0 < first <= 65535 and 0 < last <= 65535):
        raise DatasetError(f"grey levels stand for 1 to 65535 mm, found {first:g} and {last:g}")
    depth = first + (grey.astype(np.float64) - 1) / 254 * (last - first)
    return np.where(grey > 0, np.rint(depth), 0).astype(np.uint16)
