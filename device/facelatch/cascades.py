"""OpenCV's Haar cascades and the image arithmetic around them."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.errors import ConfigError
from facelatch.frames import GreyImage

CASCADES = Path(cv2.__file__).parent / "data"
"""Where OpenCV's wheels keep them."""
SMALLEST_PX = 24
"""No cascade sees a face in fewer pixels than it was trained with."""

Box = tuple[int, int, int, int]


def load_cascade(path: Path) -> cv2.CascadeClassifier:
    """A cascade; raises `ConfigError` where the file is missing or foreign."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such cascade; opencv-python-headless below version 5 brings it")
    try:
        cascade = cv2.CascadeClassifier(str(path))
    except (cv2.error, SystemError) as error:
        raise ConfigError(f"{path}: is not a cascade that OpenCV reads; install it again") from error
    if cascade.empty():
        raise ConfigError(f"{path}: is not a cascade that OpenCV reads; install it again")
    return cascade


def find_coarsely(cascade: cv2.CascadeClassifier, image: GreyImage) -> list[Box]:
    """Boxes of any size, quickly and with some false ones."""
    smallest = (SMALLEST_PX, SMALLEST_PX)
    found = cascade.detectMultiScale(np.ascontiguousarray(image), 1.15, 3, minSize=smallest)
    return [to_full(box, 1.0, (0, 0)) for box in found]


def mirrored_borders(image: GreyImage) -> tuple[GreyImage, GreyImage]:
    """The left and the right border, each with its mirror image: half a face there becomes a whole one."""
    width = image.shape[1] // 4
    left, right = image[:, :width], image[:, -width:]
    return np.hstack([left[:, ::-1], left]), np.hstack([right, right[:, ::-1]])


def resize(image: GreyImage, scale: float) -> GreyImage:
    """The image `scale` times as large, area-averaged."""
    if scale == 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def narrow(image: GreyImage, width_px: int) -> GreyImage:
    """The image at most `width_px` wide."""
    return resize(image, min(1.0, width_px / image.shape[1]))


def to_full(box: npt.ArrayLike, scale: float, origin: tuple[int, int]) -> Box:
    """A box found in a part that was resized by `scale` and begins at `origin`, in the whole image."""
    x, y, width, height = (round(float(side) / scale) for side in np.asarray(box))
    return x + origin[0], y + origin[1], width, height
