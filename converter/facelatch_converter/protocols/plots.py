"""The pictures of protocols as PNG bytes: curves of several networks, and bars of attempts' errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facelatch_converter.metrics import DetCurve
from facelatch_converter.plots import DET_TICKS, Look, deviate, percent, picture, set_det_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = 0.6
"""Errors beyond are of no interest."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One protocol's rate with its bounds; None for what was not measured."""

    name: str
    value: float | None
    low: float = 0.0
    high: float = 0.0


def curves(by_name: Mapping[str, DetCurve], look: Look) -> bytes:
    """Detection error trade-offs of several networks or protocols on normal-deviate axes."""

    def draw(axes: "Axes") -> None:
        lowest = 1.0
        for place, (name, curve) in enumerate(by_name.items()):
            shown = (curve.fmr > 0) & (curve.fnmr > 0) & (curve.fmr < _SHOWN) & (curve.fnmr < _SHOWN)
            if not shown.any():
                continue
            x = [deviate(float(share)) for share in curve.fmr[shown]]
            y = [deviate(float(share)) for share in curve.fnmr[shown]]
            lowest = min(lowest, float(curve.fmr[shown].min()), float(curve.fnmr[shown].min()))
            colour, style = look.people[place % len(look.people)], "-" if place < len(look.people) else "--"
            axes.plot(x, y, style, color=colour, lw=1.8, label=name, solid_joinstyle="round")
        ticks = [tick for tick in DET_TICKS if tick >= min(lowest, 0.01) * 0.9]
        low, high = deviate(min(ticks[0], lowest) * 0.8), deviate(0.5)
        axes.plot([low, high], [low, high], color=look.quiet, lw=0.9, ls=(0, (1, 3)))
        set_det_ticks(axes, ticks)
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        axes.set_xlabel("FMR: impostor comparisons that match")
        axes.set_ylabel("FNMR: genuine comparisons that do not match")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8)

    return picture(draw, look, (8.6, 5.8))


def bars(rows: Mapping[str, Sequence[Bar]], bar_at: float, what: str, look: Look) -> bytes:
    """Horizontal bars, a group of one bar of each of `rows` for every protocol, with 95 % bounds."""
    names = [bar.name for bar in next(iter(rows.values()))]

    def draw(axes: "Axes") -> None:
        from matplotlib.patches import Patch  # noqa: PLC0415 - keeps --help fast

        height, handles = 0.8 / len(rows), []
        for place, (label, found) in enumerate(rows.items()):
            colour = look.people[place % len(look.people)]
            handles.append(Patch(color=colour, label=label))
            for number, bar in enumerate(found):
                if bar.value is None:
                    continue
                y = number + (place - (len(rows) - 1) / 2) * height
                axes.barh(y, bar.value, height * 0.9, color=colour)
                error = [[bar.value - bar.low], [bar.high - bar.value]]
                axes.errorbar(bar.value, y, xerr=np.maximum(error, 0), color=look.ink, lw=0.9, capsize=2)
        axes.axvline(bar_at, color=look.ink, lw=1.0, ls=(0, (4, 3)))
        axes.set_yticks(range(len(names)), names)
        axes.set(ylim=(len(names) - 0.4, -0.6), xlim=(0, None))
        axes.xaxis.set_major_formatter(lambda value, _: percent(value))
        axes.set_xlabel(what)
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=9
        )

    return picture(draw, look, (8.4, 1.6 + 0.24 * len(names)))
