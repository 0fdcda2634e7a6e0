"""The main figures of protocols for a terminal: one line each."""

from facelatch_converter import report
from facelatch_converter.evaluate import Numbers
from facelatch_converter.protocols.card import other_thresholds


def to_lines(numbers: Numbers) -> list[str]:
    """A table of the first contender, then what the others differ in."""
    first, *others = numbers["contenders"]
    lines = [
        f"{first}; the card's threshold {numbers['model']['threshold']:.4f}",
        f"{'protocol':22}{'EER':>8}{'FMR':>9}{'FNMR':>8}{'FAR':>10}{'FRR':>8}{'filmed FRR':>12}{'FTA':>7}",
    ]
    lines += [_line(name, found, first) for name, found in numbers["protocols"].items()]
    for place, threshold in enumerate(other_thresholds(numbers, first)):
        lines.append(f"{first}, crops at {threshold:.4f}: FAR, FRR of 5 frames")
        lines += [_line_elsewhere(name, found, first, place) for name, found in numbers["protocols"].items()]
    for other in others:
        lines.append(f"{other}: EER")
        lines += [
            f"{name:22}{report.percent(found['crops'][other]['single']['eer']):>8}"
            for name, found in numbers["protocols"].items()
        ]
    missing = numbers.get("runtimes_left_out")
    return [*lines, *([f"note: not installed, so not measured: {', '.join(missing)}"] if missing else [])]


def _line_elsewhere(name: str, found: Numbers, contender: str, place: int) -> str:
    rates = found["crops"][contender]["attempts"]["5"]["also_at"][place]
    return f"{name:22}{report.percent(rates['far']['value']):>10}{report.percent(rates['frr']['value']):>8}"


def _line(name: str, found: Numbers, contender: str) -> str:
    single, whole = found["crops"][contender]["single"], found["crops"][contender]["attempts"]["5"]
    filmed = (found["filmed"].get(contender) or {}).get("5")
    return (
        f"{name:22}{report.percent(single['eer']):>8}{report.percent(single['fmr']['value']):>9}"
        f"{report.percent(single['fnmr']['value']):>8}{report.percent(whole['far']['value']):>10}"
        f"{report.percent(whole['frr']['value']):>8}"
        + (
            f"{'':>12}{'':>7}"
            if filmed is None
            else f"{report.percent(filmed['frr']['value']):>12}{report.percent(filmed['fta']['value']):>7}"
        )
    )
