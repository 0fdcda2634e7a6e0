"""Rates of whole attempts on whole frames: what the board's own session decides of what was filmed."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from facelatch.attempts import follow
from facelatch.matching import Template
from facelatch.session import Outcome, Session, SessionRule, Verdict
from facelatch_converter.evaluate import Numbers, to_numbers
from facelatch_converter.metrics import Rate
from facelatch_converter.protocols.attempt_scores import Embeddings, Samples, attempt_scores, stack
from facelatch_converter.protocols.attempt_trials import Enrolled, Found
from facelatch_converter.protocols.trials import Calls


def count_enrolments(enrolled: Sequence[Enrolled]) -> Numbers:
    """Failures to enrol and how many frames an enrolment took."""
    failed = [one for one in enrolled if one.template is None]
    done = [one.frames for one in enrolled if one.template is not None]
    return {
        "failures_to_enrol": to_numbers(Rate(len(failed), len(enrolled))),
        "endings": dict(Counter(str(one.ending) for one in failed)),
        "frames_median": float(np.median(done)) if done else None,
    }


def count_attempts(
    enrolled: Sequence[Enrolled],
    calls: Sequence[Sequence[tuple[Found, ...]]],
    rule: SessionRule,
    threshold: float,
) -> Numbers | None:
    """FRR and FTA of everybody's attempts against their own template; None where nobody is enrolled."""
    verdicts = verify_all(enrolled, calls, rule, threshold)
    if not verdicts:
        return None
    outcomes = Counter(str(verdict.outcome) for verdict in verdicts)
    granted = outcomes[Outcome.GRANTED]
    reasons = Counter(verdict.reason for verdict in verdicts if verdict.reason)
    return {
        "frr": to_numbers(Rate(len(verdicts) - granted, len(verdicts))),
        "fta": to_numbers(Rate(outcomes[Outcome.RETRY], len(verdicts))),
        "outcomes": dict(sorted(outcomes.items())),
        "reasons": dict(sorted(reasons.items())),
        "looks_mean": float(np.mean([verdict.looks for verdict in verdicts])),
    }


def verify_all(
    enrolled: Sequence[Enrolled],
    calls: Sequence[Sequence[tuple[Found, ...]]],
    rule: SessionRule,
    threshold: float,
) -> list[Verdict]:
    """The session's verdict on every attempt, each person's against that person's own template."""
    return [
        verify(attempt, own.template, rule, threshold)
        for own, attempts in zip(enrolled, calls, strict=True)
        if own.template is not None
        for attempt in attempts
    ]


def verify(found: Sequence[Found], template: Template, rule: SessionRule, threshold: float) -> Verdict:
    """The board's verdict on one attempt."""
    session = Session(rule)
    for look in found:
        session = follow(session, look)
        verdict = session.verdict([template], threshold)
        if verdict is not None:
            return verdict
    raise ValueError(f"the film ended after {len(found)} frames, before the session did")


def count_impostors(
    calls: Sequence[Sequence[tuple[Found, ...]]], templates: Embeddings, rule: SessionRule, threshold: float
) -> Numbers:
    """FAR of everybody's attempts against everybody else's template (people, poses, 128), of crops.

    An attempt that failed a liveness check or showed too little counts as one that was refused everywhere.
    """
    usable = [
        (number, samples)
        for number, attempts in enumerate(calls)
        for samples in (usable_samples(found, rule) for found in attempts)
        if samples is not None
    ]
    accepted = 0
    if usable:
        granted = (
            attempt_scores(stack([samples for _, samples in usable]), templates, rule.reach) <= threshold
        )
        granted[np.arange(len(usable)), [number for number, _ in usable]] = False
        accepted = int(np.count_nonzero(granted))
    trials = sum(len(attempts) for attempts in calls) * (len(templates) - 1)
    return {"far": to_numbers(Rate(accepted, trials))}


def usable_samples(found: Sequence[Found], rule: SessionRule) -> Samples | None:
    """The samples (frames,) that a session compares; None where it refuses before it compares."""
    session = Session(rule)
    for look in found:
        session = follow(session, look)
    if session.not_live is not None or len(session.embeddings) < rule.frames:
        return None
    return Samples(np.stack(session.embeddings), np.array(session.coverages))


def of_contender(calls: Calls, name: str) -> list[list[tuple[Found, ...]]]:
    """One contender's looks of each attempt of each person."""
    return [[attempt[name] for attempt in attempts] for attempts in calls]
