"""An evaluation's numbers: error rates at the card's threshold and beyond, as far as the data shows them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from facelatch.card import OperatingPoint
from facelatch_converter import metrics
from facelatch_converter.errors import ClaimError, DatasetError
from facelatch_converter.measure import MeasuredCapture
from facelatch_converter.metrics import Comparisons, Rate
from facelatch_converter.scores import Scores

SEED_WORK = {"genuine_mean": 0.30, "impostor_mean": 1.1, "threshold": 0.4}
"""What the seed work reported for its own network, pairs and pictures."""

NEAR_ZERO = 0.1
"""Two captures of one person are seldom as close: two subjects that are may be one person."""

Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """All that was measured on one set of captures."""

    captures: list[MeasuredCapture]
    scores: Scores
    comparisons: Comparisons
    """The scores' distances, sorted."""
    threshold: float


def evaluate(captures: list[MeasuredCapture], scores: Scores, threshold: float) -> Evaluation:
    """The evaluation, if there is anything to count: at least one genuine and one impostor comparison."""
    if scores.genuine.size == 0 or scores.impostor.size == 0:
        raise DatasetError(
            f"{len(scores.subjects)} live captures with a usable face give {scores.genuine.size} genuine and "
            f"{scores.impostor.size} impostor comparisons; at least one of both is needed: two captures "
            "of one person and captures of two people"
        )
    return Evaluation(captures, scores, scores.comparisons(), threshold)


def summarise(evaluation: Evaluation) -> Numbers:
    """Everything as plain JSON values; a rate carries its errors, trials and 95 % bounds."""
    measured = evaluation.comparisons
    equal = metrics.eer(measured)
    return {
        "comparisons": {"genuine": measured.genuine.size, "impostor": measured.impostor.size},
        "at_threshold": {
            "threshold": evaluation.threshold,
            "fmr": to_numbers(measured.fmr_at(evaluation.threshold)),
            "fnmr": to_numbers(measured.fnmr_at(evaluation.threshold)),
        },
        "eer": {"rate": equal.rate, "threshold": equal.threshold},
        "fnmr_at_fmr": [_at_fmr(measured, target) for target in metrics.TARGET_FMRS],
        "distances": {
            "genuine_mean": float(np.mean(measured.genuine, dtype=np.float64)),
            "impostor_mean": float(np.mean(measured.impostor, dtype=np.float64)),
            "impostor_near_zero": int(np.count_nonzero(measured.impostor < NEAR_ZERO)),
            "seed_work": SEED_WORK,
        },
        "failures_to_acquire": _failures(evaluation.captures),
        "pad": _pad(evaluation.captures),
    }


def operating_points(measured: Comparisons) -> tuple[OperatingPoint, ...]:
    """A point for each of the usual FMRs that these comparisons can show, the loosest first."""
    points = []
    for target in metrics.TARGET_FMRS:
        try:
            threshold = metrics.threshold_at_fmr(measured.impostor, target)
        except ClaimError:
            break
        if threshold <= 0:
            break  # Every two faces look alike: no distance tells them apart.
        points.append(
            OperatingPoint(target, threshold, measured.fnmr_at(threshold).value, measured.impostor.size)
        )
    return tuple(points)


def to_numbers(rate: Rate) -> Numbers:
    """A rate as JSON values; `worth` is there where it is known how much trials depend on each other."""
    low, high = rate.bounds
    numbers = {"value": rate.value, "errors": rate.errors, "trials": rate.trials, "low": low, "high": high}
    return numbers if rate.worth is None else numbers | {"worth": round(rate.worth, 1)}


def _at_fmr(measured: Comparisons, target: float) -> Numbers:
    try:
        threshold = metrics.threshold_at_fmr(measured.impostor, target)
    except ClaimError as error:
        return {"fmr": target, "not_shown": str(error)}
    return {"fmr": target, "threshold": threshold, "fnmr": to_numbers(measured.fnmr_at(threshold))}


def _failures(captures: Sequence[MeasuredCapture]) -> Numbers:
    """Over live captures: whole captures without an embedding, single frames without a sample, and why.

    `samples_disagree` is how many of the captures gave samples that a session would not have compared.
    """
    live = [capture for capture in captures if capture.attack is None]
    reasons = Counter(reason for capture in live for reason in capture.failures)
    frames = sum(capture.frames for capture in live)
    return {
        "captures": to_numbers(Rate(sum(capture.embedding is None for capture in live), len(live))),
        "frames": to_numbers(Rate(reasons.total(), frames)),
        "reasons": dict(reasons.most_common()),
        "samples_disagree": sum(capture.disagrees for capture in live),
    }


def _pad(captures: Sequence[MeasuredCapture]) -> Numbers:
    """Liveness by presentation: a capture counts as live where every check of every sample passed.

    An attack in which no face was found met no check and is no trial of one: it counts as `no_response`.
    """
    live = [capture for capture in captures if capture.attack is None and capture.checks]
    species = sorted({capture.attack for capture in captures if capture.attack is not None})
    attacks = {name: [capture for capture in captures if capture.attack == name] for name in species}
    return {
        "bpcer": to_numbers(metrics.bpcer([capture.live for capture in live])) if live else None,
        "apcer": {name: _apcer(found) for name, found in attacks.items()},
        "refusals_by_check": {
            name: _refusals(found) for name, found in {"live": live, **attacks}.items() if found
        },
    }


def _apcer(attacks: Sequence[MeasuredCapture]) -> Numbers:
    """The share of attacks that passed, among those with a face; `value` is None where no attack had one."""
    judged = [capture.live for capture in attacks if capture.checks]
    rate = to_numbers(metrics.apcer(judged)) if judged else {"value": None, "errors": 0, "trials": 0}
    return rate | {"no_response": to_numbers(Rate(len(attacks) - len(judged), len(attacks)))}


def _refusals(captures: Sequence[MeasuredCapture]) -> dict[str, int]:
    """How many presentations each check refused; one presentation may be refused by several."""
    refused = Counter(
        name
        for capture in captures
        for name in {check.name for sample in capture.checks for check in sample if not check.passed}
    )
    return dict(sorted(refused.items()))
