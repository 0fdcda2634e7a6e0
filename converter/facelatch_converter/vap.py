"""Frames of the VAP RGB-D face database (Aalborg University, Kinect v1, 31 persons).

Assumed: depth is already registered to colour, as the seed work took it; colour of 1280x960 is averaged down
to the depth's 640x480. Millimetres are tab-separated, -1 means no reading.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from facelatch.frames import ColourImage, DepthImage, Frame
from facelatch_converter import kinect_v1
from facelatch_converter.errors import DatasetError


def read_pictures(depth_files: Sequence[Path]) -> Iterator[Frame]:
    """One frame per `NNN_P_d.dat` and the `NNN_P_c.bmp` beside it; timestamps only keep their order."""
    for index, file in enumerate(depth_files):
        yield Frame(
            colour=_read_colour(file.with_name(file.name.replace("_d.dat", "_c.bmp"))),
            depth_mm=_read_depth(file),
            intrinsics=kinect_v1.intrinsics(),
            timestamp_ns=index * 1_000_000_000,
        )


def _read_depth(file: Path) -> DepthImage:
    width, height = kinect_v1.SIZE
    table = kinect_v1.read_table(file)
    if table.shape != (height, width):
        rows, columns = table.shape
        raise DatasetError(f"{file}: expected {height} lines of {width} numbers, found {rows} of {columns}")
    if table.min() < -1 or table.max() > np.iinfo(np.uint16).max:
        raise DatasetError(
            f"{file}: expected millimetres up to 65535 and -1 for none, found {table.min()} to {table.max()}"
        )
    return np.maximum(table, 0).astype(np.uint16)


def _read_colour(file: Path) -> ColourImage:
    image = kinect_v1.read_colour(file)
    width, height = kinect_v1.SIZE
    if image.shape[:2] == (2 * height, 2 * width):
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    if image.shape[:2] != (height, width):
        raise DatasetError(
            f"{file}: expected a picture of 640x480 or 1280x960, found {image.shape[1]}x{image.shape[0]}"
        )
    return image
