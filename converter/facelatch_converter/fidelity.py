"""The int8 file of an encoder that lies nearest to the float network, of several that quantising can give.

How far channels are to be brought to like ranges before depends on the network and on the faces: too little leaves
quiet channels few steps, too much leaves few to the weights that read loud ones. So each way is tried and measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from facelatch_converter import parity, quantise
from facelatch_converter.equalise import Extent

SHARES = (0.0, 0.5, 0.75, 1.0)
"""Of the differences between channels' ranges, see `equalise`; 0 leaves the network as it is."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An int8 file and how it was made."""

    share: float
    data: bytes
    extent: Extent
    cosine: float
    """The mean distance of an int8 embedding from its float one, on the tensors that it was calibrated with."""


def nearest(
    model: Any,
    calibration: quantise.Tensors,
    source: str,
    runtime: str,
    progress: Callable[[int], object] = lambda _: None,
) -> tuple[Trial, list[Trial]]:
    """The trial whose embeddings lie nearest to the float network's under a runtime, and all of them.

    `calibration` (n, size, size, 4); `progress` is told of each trial. Raises `ConversionError` as `quantise.to_int8`.
    """
    trials = []
    expected = parity.float_embeddings(model, calibration)
    for share in SHARES:
        data, extent = quantise.to_int8_equalised(model, calibration, source, share)
        distances = parity.cosine_distances(
            expected, parity.int8_embeddings(data, calibration, runtime, source)
        )
        trials.append(Trial(share, data, extent, float(distances.mean())))
        progress(1)
        if not extent.equalised:
            # Nothing to bring to like ranges: the other shares give the same file.
            break
    return min(trials, key=lambda trial: trial.cosine), trials


def to_numbers(chosen: Trial, trials: Sequence[Trial]) -> dict[str, Any]:
    """What was tried, as JSON values for the parity report."""
    return {
        "share": chosen.share,
        "activations": chosen.extent.equalised if chosen.share else 0,
        "of": chosen.extent.normalised,
        "tried": [{"share": trial.share, "cosine_mean": trial.cosine} for trial in trials],
    }
