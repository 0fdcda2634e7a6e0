"""Real numbers to int8 and back, as in the TFLite quantisation specification."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]
Int8 = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Quantisation:
    """One tensor's affine map, real = scale * (int8 - zero_point); read from the TFLite file, never copied."""

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        """Refuse a map that loses everything."""
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale must be a positive number, found {self.scale}")
        if not -128 <= self.zero_point <= 127:
            raise ValueError(f"zero_point must be an int8, found {self.zero_point}")

    def quantise(self, real: Real) -> Int8:
        """Round to nearest and saturate; `astype` alone would truncate and wrap."""
        steps = np.rint(real / np.float32(self.scale)) + np.float32(self.zero_point)
        clipped: Int8 = np.clip(steps, -128, 127).astype(np.int8)
        return clipped

    def dequantise(self, steps: Int8) -> Real:
        """Real numbers, float32, of the same shape."""
        real: Real = (steps.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)
        return real
