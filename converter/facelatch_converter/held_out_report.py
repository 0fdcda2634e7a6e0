"""What an encoder makes of people held out, for a run's record."""

import numpy as np
import numpy.typing as npt

from facelatch_converter.ending import Ending
from facelatch_converter.metrics import comparisons, eer, pair_distances

Real = npt.NDArray[np.float32]


def to_row(ending: Ending, raw: Real, labels: npt.NDArray[np.int32], offset: Real) -> dict[str, float]:
    """Errors and mean distances once `offset` (128,) is taken from `raw` (n, 128), which comes before the ending."""
    genuine, impostor = pair_distances(ending.embed(raw - offset), labels)
    before = comparisons(*pair_distances(ending.embed(raw), labels))
    return {
        "eer": round(float(eer(comparisons(genuine, impostor)).rate), 5),
        "eer_before_settling": round(float(eer(before).rate), 5),
        "genuine": round(float(genuine.mean()), 4),
        "impostor": round(float(impostor.mean()), 4),
    }
