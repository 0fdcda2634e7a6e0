"""What every camera delivers: one colour image, the depth registered to it, and when."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ColourImage = npt.NDArray[np.uint8]
DepthImage = npt.NDArray[np.uint16]
GreyImage = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """A pinhole camera, in pixels of the image it belongs to; distortion is already removed."""

    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        """Refuse what cannot be a camera."""
        if not all(np.isfinite(value) for value in (self.fx, self.fy, self.cx, self.cy)):
            raise ValueError(f"intrinsics must be finite numbers, found {self}")
        if self.fx <= 0 or self.fy <= 0:
            raise ValueError(f"focal lengths must be positive pixels, found fx={self.fx}, fy={self.fy}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One colour image and the depth image registered to it.

    Cameras convert to these units and this registration; nothing downstream
    asks which camera took the frame.
    """

    colour: ColourImage
    """(height, width, 3), RGB, 0-255."""
    depth_mm: DepthImage
    """(height, width), millimetres along the optical axis; 0 means no reading."""
    intrinsics: Intrinsics
    """Of the colour image, and so of the registered depth."""
    timestamp_ns: int
    """Monotonic; only differences mean anything."""
    infrared: GreyImage | None = None
    """(height, width) in the same view, or None where the camera has none."""

    def __post_init__(self) -> None:
        """Refuse a wrong dtype, shapes that do not register and a time that cannot be compared."""
        _require("colour", self.colour, np.uint8, 3)
        _require("depth_mm", self.depth_mm, np.uint16, 2)
        if self.colour.shape[2] != 3:
            raise ValueError(f"colour must have 3 channels (RGB), found {self.colour.shape[2]}")
        if self.depth_mm.shape != self.colour.shape[:2]:
            raise ValueError(
                f"depth {self.depth_mm.shape} is not registered to colour {self.colour.shape[:2]}; "
                "the camera must resample it into the colour view"
            )
        if self.infrared is not None:
            _require("infrared", self.infrared, np.uint8, 2)
            if self.infrared.shape != self.depth_mm.shape:
                raise ValueError(
                    f"infrared {self.infrared.shape} is not registered to depth {self.depth_mm.shape}"
                )

        if not isinstance(self.timestamp_ns, int):
            raise ValueError(f"timestamp_ns must be a whole number, found {self.timestamp_ns!r}")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        height, width = self.depth_mm.shape
        return width, height


def _require(name: str, image: npt.NDArray[np.generic], dtype: type[np.generic], dimensions: int) -> None:
    if image.dtype != dtype or image.ndim != dimensions:
        raise ValueError(
            f"{name} must be {np.dtype(dtype).name} with {dimensions} dimensions, "
            f"found {image.dtype} with {image.ndim}"
        )
    if 0 in image.shape:
        raise ValueError(f"{name} is empty: {image.shape}")


def intensity(frame: Frame, dark_below: float = 12.0) -> ColourImage:
    """The image the encoder sees: colour, or infrared three times where colour is too dark to use.

    `dark_below` is the mean grey level (0-255) under which colour carries noise only; every fourth pixel of every
    fourth row is enough to tell.
    """
    if frame.infrared is None or float(frame.colour[::4, ::4].mean()) >= dark_below:
        return frame.colour
    return np.repeat(frame.infrared[..., None], 3, axis=2)
