"""What trials show of a protocol and a contender: rates with their counts and bounds, as plain JSON values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facelatch.session import SessionRule
from facelatch_converter import metrics
from facelatch_converter.errors import ClaimError
from facelatch_converter.evaluate import Numbers, to_numbers
from facelatch_converter.metrics import Comparisons, DetCurve
from facelatch_converter.protocols.attempt_trials import LOOKS
from facelatch_converter.protocols.contenders import Contender
from facelatch_converter.protocols.crop_scores import CropScores, Pair, score_crops
from facelatch_converter.protocols.crop_trials import POSES
from facelatch_converter.protocols.filmed_rates import (
    count_attempts,
    count_enrolments,
    count_impostors,
    of_contender,
)
from facelatch_converter.protocols.named import Protocol
from facelatch_converter.protocols.people_comparisons import PeopleComparisons
from facelatch_converter.protocols.trials import Trials

TARGETS = (1e-3, 1e-4, 1e-6)
EXPECTED_ERRORS = 10
"""So many false matches are expected among the comparisons where a rate is claimed: 1e-6 takes 10 million."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What pictures show of a contender in a protocol."""

    curve: DetCurve
    """Of single comparisons."""
    worst_genuine: tuple[Pair, ...]
    closest_impostors: tuple[Pair, ...]


def measure_protocol(
    trials: Trials,
    protocol: Protocol,
    contenders: Sequence[Contender],
    frames: Sequence[int],
    threshold: float,
    also_at: Sequence[float] = (),
) -> tuple[Numbers, dict[str, Shown]]:
    """Everything measured of a protocol, and what is drawn of it, by contender; `threshold` is the card's.

    `also_at` are more thresholds of the same encoder, measured on crops.
    """
    numbers: Numbers = {"crops": {}, "filmed": {}}
    shown = {}
    for one in contenders:
        own = threshold if one.keeps_threshold else None
        scores = scores_of(trials, protocol, one, frames)
        numbers["crops"][one.name] = crop_numbers(scores, own, () if own is None else also_at)
        curve = metrics.det_curve(scores.single)
        shown[one.name] = Shown(curve, scores.worst_genuine, scores.closest_impostors)
        if own is not None:
            numbers["filmed"][one.name] = film_numbers(trials, protocol, one, frames, own)
    return numbers, shown


def scores_of(trials: Trials, protocol: Protocol, contender: Contender, frames: Sequence[int]) -> CropScores:
    """All comparisons of a contender in a protocol, from crops."""
    twins = trials.twins.get(protocol.name)
    return score_crops(
        trials.cohorts[protocol.cohort.name][contender.name],
        trials.attempts[protocol.name][contender.name],
        None if twins is None else twins[contender.name],
        frames,
        contender.enrolment_limit,
    )


def crop_numbers(scores: CropScores, threshold: float | None, also_at: Sequence[float] = ()) -> Numbers:
    """Rates from crops; `threshold` is the card's, None for a network without one."""
    return {
        "single": rates(scores.single, threshold, ("fmr", "fnmr"), also_at),
        "attempts": {
            str(frames): rates(found, threshold, ("far", "frr"), also_at)
            for frames, found in scores.attempts.items()
        },
    }


def film_numbers(
    trials: Trials, protocol: Protocol, contender: Contender, frames: Sequence[int], threshold: float
) -> Numbers | None:
    """Rates from whole frames; None where none were filmed, as of what the board cannot see."""
    if protocol.name not in trials.calls:
        return None
    enrolled = [person[contender.name] for person in trials.enrolled[protocol.cohort.name]]
    calls = of_contender(trials.calls[protocol.name], contender.name)
    templates = trials.cohorts[protocol.cohort.name][contender.name][:, :POSES]
    numbers: Numbers = {"enrolment": count_enrolments(enrolled)}
    for count in frames:
        rule = SessionRule(count, LOOKS, contender.enrolment_limit)
        own = count_attempts(enrolled, calls, rule, threshold)
        if own is None:
            continue
        if protocol.name in trials.twin_calls:
            twins = of_contender(trials.twin_calls[protocol.name], contender.name)
            by_twins = count_attempts(enrolled, twins, rule, threshold)
            own["far"] = None if by_twins is None else granted(by_twins)
        else:
            own |= count_impostors(calls, templates, rule, threshold)
        numbers[str(count)] = own
    return numbers


def granted(counted: Numbers) -> Numbers:
    """The share of attempts that were granted, from what `count_attempts` says of those that were not."""
    refused = counted["frr"]
    return to_numbers(metrics.Rate(refused["trials"] - refused["errors"], refused["trials"]))


def rates(
    measured: PeopleComparisons,
    threshold: float | None,
    names: tuple[str, str],
    also_at: Sequence[float] = (),
) -> Numbers:
    """EER, both errors at the threshold, and the one where the other is as low as the comparisons can show.

    Both errors as well at the thresholds `also_at`.
    """
    false_match, false_non_match = names
    equal = metrics.eer(measured)
    numbers: Numbers = {
        "genuine": measured.genuine.size,
        "impostor": measured.impostor.size,
        "eer": equal.rate,
        "genuine_mean": float(np.mean(measured.genuine, dtype=np.float64)),
        "impostor_mean": float(np.mean(measured.impostor, dtype=np.float64)),
        f"{false_non_match}_at_{false_match}": [_at(measured, target, false_non_match) for target in TARGETS],
    }
    if threshold is not None:
        numbers |= _both_at(measured, threshold, names)
    if also_at:
        numbers["also_at"] = [_both_at(measured, other, names) for other in also_at]
    return numbers


def _both_at(measured: PeopleComparisons, threshold: float, names: tuple[str, str]) -> Numbers:
    false_match, false_non_match = names
    return {
        "threshold": threshold,
        false_match: to_numbers(measured.fmr_by_people(threshold)),
        false_non_match: to_numbers(measured.fnmr_by_people(threshold)),
    }


def _at(measured: PeopleComparisons, target: float, name: str) -> Numbers:
    try:
        threshold = threshold_shown(measured, target)
    except ClaimError as error:
        return {"at": target, "not_shown": str(error)}
    return {"at": target, "threshold": threshold, name: to_numbers(measured.fnmr_by_people(threshold))}


def threshold_shown(measured: Comparisons, target: float) -> float:
    """The loosest threshold with at most this false match rate; raises `ClaimError` where too few show it."""
    needed = round(EXPECTED_ERRORS / target)
    if measured.impostor.size < needed:
        raise ClaimError(
            f"{measured.impostor.size:,} impostor comparisons cannot show a rate of {target:g}; "
            f"at least {needed:,} are needed"
        )
    return metrics.threshold_at_fmr(measured.impostor, target)
