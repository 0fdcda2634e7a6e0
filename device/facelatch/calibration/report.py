"""A calibration for people and for programs: histogram, what the numbers can show, and the advice."""

from collections.abc import Mapping, Sequence

import numpy as np

from facelatch.calibration.distances import Advice, Distances, Reason, Series, join, pairs, upper_bound

BIN = 0.05
FARTHEST = 1.6
"""Upper end of histograms; strangers are seldom farther apart."""
_BAR = 28

_REMEDY = "enrol again, mind the light, or take a model that was trained for this camera"

_REASONS: Mapping[Reason, str] = {
    Reason.ENOUGH: "the threshold in use keeps everybody else out; keep it",
    Reason.NEAR_IMPOSTOR: "somebody else came nearer than the threshold allows for",
    Reason.SHIFTED: "other people are nearer here than where the model was measured",
    Reason.INSEPARABLE: f"no threshold keeps other people out and lets anybody in; {_REMEDY}",
    Reason.NO_IMPOSTOR: "nobody else was compared; enrol a second person, or name recordings of others by --strangers",
}


def to_histogram(genuine: Distances, impostor: Distances, marks: Mapping[str, float]) -> list[str]:
    """Lines for a terminal: the same person's attempts on the left, others' on the right, near at the top.

    `marks` are thresholds by name, each drawn where it lies.
    """
    edges = np.arange(0, FARTHEST + BIN / 2, BIN)
    left, right = (np.histogram(np.minimum(one, FARTHEST - 1e-6), edges)[0] for one in (genuine, impostor))
    lines = [f"{'distance':<11} {'the same person':<{_BAR + 7}}other people"]
    waiting = sorted(marks.items(), key=lambda mark: mark[1])
    shown = np.flatnonzero(left + right)
    first, last = (int(shown[0]), int(shown[-1])) if shown.size else (0, -1)
    for place in range(first, last + 1):
        low, high = edges[place], edges[place + 1]
        while waiting and waiting[0][1] < high:
            name, at = waiting.pop(0)
            lines.append(f"{'-' * 12}{at:.3f} {name} {'-' * 30}")
        bars = [f"{_bar(int(one[place]), int(one.max())):<{_BAR}}" for one in (left, right)]
        counts = [f"{int(one[place]) or '':>5}" for one in (left, right)]
        line = f"{low:.2f}-{high:.2f}  {counts[0]} {bars[0]} {counts[1]} {bars[1]}"
        lines.append(line.rstrip())
    lines += [f"{'-' * 12}{at:.3f} {name} {'-' * 30}" for name, at in waiting]
    return lines


def to_lines(series: Sequence[Series], advice: Advice, in_use: float) -> list[str]:
    """All that a person should read: who was compared, the histogram, the bounds, the advice."""
    genuine = join(one.attempts for one in series if one.is_genuine)
    impostor = join(one.attempts for one in series if not one.is_genuine)
    return [
        *(_describe(one) for one in series if one.attempts.size),
        "",
        *to_histogram(genuine, impostor, to_marks(advice, in_use)),
        "",
        *_bounds(series, genuine, impostor, advice.threshold or in_use),
        to_sentence(advice, in_use),
    ]


def to_marks(advice: Advice, in_use: float) -> dict[str, float]:
    """The thresholds to draw, by name."""
    marks = {"in use": in_use}
    if advice.threshold is not None and advice.threshold < in_use:
        marks["recommended"] = advice.threshold
    return marks


def to_sentence(advice: Advice, in_use: float) -> str:
    """The advice on one line."""
    words = _REASONS[advice.reason]
    if advice.threshold is None:
        return f"no threshold is recommended: {words}"
    if advice.threshold < in_use:
        return f"recommended: {advice.threshold:.3f} in place of {in_use:.3f}: {words}"
    return f"recommended: {in_use:.3f} as it is: {words}"


def to_record(series: Sequence[Series], advice: Advice, in_use: float) -> dict[str, object]:
    """For programs: distances and counts, no embedding."""
    threshold = advice.threshold or in_use
    return {
        "threshold_in_use": in_use,
        "recommended": advice.threshold,
        "reason": advice.reason.value,
        "genuine": _counts(join(one.attempts for one in series if one.is_genuine), threshold, within=False),
        "impostor": _counts(
            join(one.attempts for one in series if not one.is_genuine), threshold, within=True
        )
        | {"pairs_of_people": pairs([one for one in series if not one.is_genuine])},
        "series": [
            {
                "frames_of": one.who,
                "template_of": one.user,
                "genuine": one.is_genuine,
                "attempts": [round(float(found), 4) for found in one.attempts],
            }
            for one in series
        ],
    }


def _counts(attempts: Distances, threshold: float, *, within: bool) -> dict[str, object]:
    """Attempts and those among them that would go wrong at the threshold, with what they can show."""
    wrong = int(np.count_nonzero((attempts <= threshold) == within))
    return {"attempts": attempts.size, "errors": wrong, "at_most": upper_bound(wrong, attempts.size)}


def _describe(series: Series) -> str:
    kind = (
        f"{series.who} at own template" if series.is_genuine else f"{series.who} at {series.user}'s template"
    )
    found = series.attempts
    return (
        f"{kind}: {found.size} attempt{'s' * (found.size != 1)}, distance {found.min():.3f} to {found.max():.3f}, "
        f"median {float(np.median(found)):.3f}"
    )


def _bounds(series: Sequence[Series], genuine: Distances, impostor: Distances, threshold: float) -> list[str]:
    """What the numbers of comparisons can show at the threshold, and what they cannot."""
    lines = []
    if genuine.size:
        wrong = int(np.count_nonzero(genuine > threshold))
        bound = 100 * upper_bound(wrong, genuine.size)
        lines.append(
            f"at {threshold:.3f}, {wrong} of {genuine.size} genuine attempts would be refused (at most {bound:.1f} %)"
            + f": most of them; {_REMEDY}" * (wrong * 2 > genuine.size)
        )
    if impostor.size:
        wrong = int(np.count_nonzero(impostor <= threshold))
        people = pairs([one for one in series if not one.is_genuine])
        bound = 100 * upper_bound(wrong, impostor.size)
        lines.append(
            f"at {threshold:.3f}, {wrong} of {impostor.size} impostor attempts would be granted (at most {bound:.1f} % "
            f"with 95 % confidence, if all were independent)"
        )
        lines.append(_people_sentence(people))
    return lines


def _people_sentence(people: int) -> str:
    """Frames of one pair of people resemble each other: only pairs are independent."""
    most = upper_bound(0, people)
    what = f"at most {100 * most:.0f} % of pairs" if most < 1 else "nothing about other pairs"
    return (
        f"they come from {people} pair{'s' * (people != 1)} of people, which can show {what}; how seldom strangers "
        "match is on the model's card, this finds out whether that fails here"
    )


def _bar(count: int, most: int) -> str:
    return "#" * max(round(_BAR * count / most), 1) if count else ""
