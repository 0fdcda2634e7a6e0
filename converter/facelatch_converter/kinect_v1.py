"""What the two public Kinect v1 databases have in common."""

import warnings
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.frames import ColourImage, Intrinsics
from facelatch_converter.errors import DatasetError

SIZE = (640, 480)

FOCAL_PX = 525.0
"""At 640x480; the default of ROS's openni_camera and of PCL. The Kinect SDK names 531.15 for colour."""


def intrinsics(left_px: int = 0, top_px: int = 0) -> Intrinsics:
    """Nominal, of a part of the 640x480 picture that starts at (left, top)."""
    return Intrinsics(fx=FOCAL_PX, fy=FOCAL_PX, cx=SIZE[0] / 2 - left_px, cy=SIZE[1] / 2 - top_px)


def read_colour(file: Path) -> ColourImage:
    """A picture as RGB, (height, width, 3)."""
    image = _read(file, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(image[..., ::-1]).astype(np.uint8)


def read_grey(file: Path) -> npt.NDArray[np.uint8]:
    """A picture of one 8-bit channel, (height, width); three equal channels count as one."""
    image = _read(file, cv2.IMREAD_UNCHANGED)
    if image.ndim == 3 and np.all(image[..., :3] == image[..., :1]):
        image = image[..., 0]
    if image.ndim != 2 or image.dtype != np.uint8:
        raise DatasetError(f"{file}: expected 8-bit grey, found {image.dtype} of shape {image.shape}")
    return np.ascontiguousarray(image)


def read_table(file: Path) -> npt.NDArray[np.int64]:
    """A text file's whole numbers, (rows, columns); white space of any kind parts them."""
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            return np.loadtxt(file, np.int64, ndmin=2)
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise DatasetError(f"{file}: expected rows of whole numbers, all as long: {error}") from None


def _read(file: Path, flag: int) -> npt.NDArray[np.generic]:
    try:
        data = np.frombuffer(file.read_bytes(), np.uint8)
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror}") from None
    image = cv2.imdecode(data, flag) if data.size else None
    if image is None:
        raise DatasetError(f"{file}: is not a picture, or is truncated")
    return image
