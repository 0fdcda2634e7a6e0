"""How fast an encoder is against the seed variant and against its machine, from times taken in turns."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from facelatch.benchmark import Comparison, compare

ENCODER, SEED, YARDSTICK = "encoder", "seed", "yardstick"
LABELS = {ENCODER: "encoder", SEED: "seed variant", YARDSTICK: "1x1 convolution"}
"""The networks that take turns, and what a table calls them."""


@dataclass(frozen=True, slots=True)
class Speed:
    """One network's times."""

    macs: int
    """Multiply-accumulate operations of one inference."""
    p50_ms: float
    p25_ms: float
    """What the fastest quarter of the rounds stayed within: the less disturbed ones."""
    matrix_share: float
    """Its multiply-accumulates per second over the yardstick's, the median of the rounds."""

    @property
    def gmacs_per_s(self) -> float:
        """Billions of multiply-accumulates per second, in the median round."""
        return self.macs / self.p50_ms / 1e6


@dataclass(frozen=True, slots=True)
class Finding:
    """What one runtime gave."""

    speeds: Mapping[str, Speed]
    """By `LABELS`' names."""
    lead: Comparison
    """How many times as long as the encoder the seed variant takes, round by round."""
    lead_p25: float
    """The same by the fastest quarters."""
    core_share: float
    """How much of the time the process had its core to itself: the less, the more others disturbed it."""


def split(rounds: int, portions: int) -> list[int]:
    """The rounds in as many portions, as equal as can be, none of them empty."""
    sizes = [rounds // portions + (number < rounds % portions) for number in range(portions)]
    return [size for size in sizes if size > 0]


def find(
    times_ns: Mapping[str, Sequence[int]], macs: Mapping[str, int], busy_ns: int, passed_ns: int
) -> Finding:
    """What the rounds say; a round's times stand at one place of each network's series.

    `busy_ns` is what the process had of the `passed_ns` that it was measured in.
    Raises `ValueError` for series of different lengths, and for times that are not positive.
    """
    speeds = {}
    for name in LABELS:
        # Round by round, so that a machine that slows down meanwhile does not bend the share.
        pace = compare(times_ns[name], times_ns[YARDSTICK]).ratio
        p25_ms, p50_ms = (float(np.quantile(times_ns[name], share)) / 1e6 for share in (0.25, 0.5))
        speeds[name] = Speed(macs[name], p50_ms, p25_ms, pace * macs[name] / macs[YARDSTICK])
    return Finding(
        speeds=speeds,
        lead=compare(times_ns[ENCODER], times_ns[SEED]),
        lead_p25=speeds[SEED].p25_ms / speeds[ENCODER].p25_ms,
        core_share=min(busy_ns / passed_ns, 1.0),
    )


def to_lines(runtime: str, finding: Finding) -> list[str]:
    """One runtime's table for a terminal; `runtime` is its name with its version."""
    lines = [f"{runtime:24}{'MMAC':>8}{'p25':>9}{'p50 ms':>9}{'GMAC/s':>9}{'of the matrix rate':>21}"]
    for name, speed in finding.speeds.items():
        lines.append(
            f"  {LABELS[name]:22}{speed.macs / 1e6:8.1f}{speed.p25_ms:9.3f}{speed.p50_ms:9.3f}"
            f"{speed.gmacs_per_s:9.1f}{speed.matrix_share:21.1%}"
        )
    lead = finding.lead
    sure = "too few rounds to say how sure that is"
    if not math.isnan(lead.low):
        sure = f"95 % confidence: {lead.low:.2f} to {lead.high:.2f}"
    lines.append(
        f"  the encoder is {lead.ratio:.2f} times as fast as the seed variant ({sure}); "
        f"{finding.lead_p25:.2f} times by the fastest quarters"
    )
    lines.append(f"  the process had its core for {finding.core_share:.0%} of the time")
    return lines


def to_record(finding: Finding) -> dict[str, object]:
    """What `--json` prints of one runtime; null stands for what could not be said."""
    lead = finding.lead
    return {
        "networks": {
            name: {
                "macs": speed.macs,
                "p25_ms": speed.p25_ms,
                "p50_ms": speed.p50_ms,
                "gmacs_per_s": speed.gmacs_per_s,
                "matrix_share": speed.matrix_share,
            }
            for name, speed in finding.speeds.items()
        },
        "times_as_fast_as_seed": {
            "rounds": lead.pairs,
            "ratio": lead.ratio,
            "low": lead.low if math.isfinite(lead.low) else None,
            "high": lead.high if math.isfinite(lead.high) else None,
            "ratio_p25": finding.lead_p25,
        },
        "core_share": finding.core_share,
    }
