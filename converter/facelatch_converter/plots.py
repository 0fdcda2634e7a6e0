"""The pictures of an evaluation as PNG bytes; each in a light and a dark look."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from facelatch_converter import metrics
from facelatch_converter.metrics import Comparisons
from facelatch_converter.projections import Projection

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS_PER_INCH = 160
MOST_COLOURED = 20
"""More colours than these cannot be told apart."""

DET_TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.4)
_MARKERS = ("o", "s")


@dataclass(frozen=True, slots=True)
class Look:
    """Colours for one background."""

    surface: str
    ink: str
    quiet: str
    """Secondary text and ticks."""
    grid: str
    genuine: str
    impostor: str
    people: tuple[str, ...]


LIGHT = Look(
    surface="#fcfcfb",
    ink="#0b0b0b",
    quiet="#52514e",
    grid="#e1e0d9",
    genuine="#2a78d6",
    impostor="#eb6834",
    people=(
        "#2a78d6", "#eb6834", "#1baf7a", "#e34948", "#4a3aa7",
        "#eda100", "#e87ba4", "#008300", "#7a5230", "#0e9bb5",
    ),
)  # fmt: skip
DARK = Look(
    surface="#1a1a19",
    ink="#ffffff",
    quiet="#c3c2b7",
    grid="#383835",
    genuine="#3987e5",
    impostor="#d95926",
    people=(
        "#3987e5", "#d95926", "#199e70", "#e66767", "#9085e9",
        "#c98500", "#d55181", "#56a84f", "#b08968", "#35b3cc",
    ),
)  # fmt: skip


def distances(measured: Comparisons, threshold: float, look: Look) -> bytes:
    """Both distributions of distances with the threshold between them."""

    def draw(axes: "Axes") -> None:
        top = max(float(measured.genuine[-1]), float(measured.impostor[-1]), threshold) * 1.03
        edges = np.linspace(0, top, 81)
        for name, values, colour in (
            ("genuine", measured.genuine, look.genuine),
            ("impostor", measured.impostor, look.impostor),
        ):
            share = np.histogram(values, edges)[0] / values.size
            label = f"{name}, {values.size:,} comparisons, mean {np.mean(values, dtype=np.float64):.2f}"
            axes.stairs(share, edges, fill=True, color=colour, alpha=0.35, lw=0)
            axes.stairs(share, edges, color=colour, lw=1.6, label=label)
        axes.axvline(threshold, color=look.ink, lw=1.2, ls=(0, (4, 3)))
        for text, side, offset in (
            (f"threshold {threshold:.3f}\n← match", "right", -6),
            ("\nno match →", "left", 6),
        ):
            axes.annotate(
                text,
                (threshold, 1.0),
                (offset, -3),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha=side,
                va="top",
                color=look.ink,
                fontsize=9,
            )
        axes.set(xlim=(0, top), ylim=(0, axes.get_ylim()[1] * 1.18))
        axes.set_xlabel("Euclidean distance between two captures (lower is closer)")
        axes.set_ylabel("share of comparisons per bin")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.3g}%")
        axes.legend(loc="upper left", bbox_to_anchor=(0, 1.14), ncols=2, frameon=False, fontsize=9)

    return picture(draw, look, (8.4, 4.6))


def det(measured: Comparisons, threshold: float, look: Look) -> bytes:
    """The detection error trade-off on normal-deviate axes, down to what the comparisons can show."""

    def draw(axes: "Axes") -> None:
        curve = metrics.det_curve(measured)
        shown = (curve.fmr > 0) & (curve.fnmr > 0) & (curve.fmr < 0.6) & (curve.fnmr < 0.6)
        lowest = min(1 / measured.impostor.size, 1 / measured.genuine.size, 0.01)
        ticks = [tick for tick in DET_TICKS if tick >= lowest * 0.9]
        low, high = deviate(min(ticks[0], lowest) * 0.8), deviate(0.5)
        axes.plot(
            [low, high], [low, high], color=look.quiet, lw=0.9, ls=(0, (1, 3)), label="FMR = FNMR (EER)"
        )
        if shown.any():
            x, y = _deviates(curve.fmr[shown]), _deviates(curve.fnmr[shown])
            axes.plot(x, y, color=look.genuine, lw=2, label="int8 model", solid_joinstyle="round")
        else:
            note = "no threshold shows both errors:\nthe distances do not overlap"
            axes.text(0.5, 0.5, note, transform=axes.transAxes, ha="center", color=look.ink)
        fmr, fnmr = measured.fmr_at(threshold).value, measured.fnmr_at(threshold).value
        if 0 < fmr < 0.5 and 0 < fnmr < 0.5:
            axes.plot(
                deviate(fmr), deviate(fnmr), "o", ms=8, color=look.impostor,
                markeredgecolor=look.surface, markeredgewidth=1.5, label=f"card's threshold {threshold:.3f}",
            )  # fmt: skip
        set_det_ticks(axes, ticks)
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        axes.set_xlabel("FMR: impostor comparisons that match")
        axes.set_ylabel("FNMR: genuine comparisons that do not match")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=9)

    return picture(draw, look, (6.2, 6.0))


def people(projection: Projection, names: Sequence[str], look: Look) -> bytes:
    """Embeddings in two dimensions coloured by person; the people with most captures get a colour."""
    subjects, counts = np.unique(names, return_counts=True)
    coloured = [str(name) for name in subjects[np.argsort(-counts, kind="stable")][:MOST_COLOURED]]

    def draw(axes: "Axes") -> None:
        others = ~np.isin(names, coloured)
        if others.any():
            x, y = projection.points[others].T
            axes.scatter(x, y, s=8, color=look.quiet, alpha=0.3, lw=0, zorder=1)
        for index, name in enumerate(coloured):
            x, y = projection.points[np.asarray(names) == name].T
            axes.scatter(
                x,
                y,
                s=26,
                color=look.people[index % len(look.people)],
                marker=_MARKERS[index // len(look.people) % len(_MARKERS)],
                edgecolor=look.surface,
                lw=0.6,
                zorder=2,
                label=name,
            )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.margins(0.05)
        axes.set_xlabel(projection.axes[0])
        axes.set_ylabel(projection.axes[1])
        note = f"{len(subjects)} people, {len(names)} captures"
        rest = "" if len(subjects) <= len(coloured) else f"; {len(coloured)} people in colour, the rest grey"
        axes.set_title(f"{projection.name}: {note}{rest}", loc="left", fontsize=10, color=look.ink)
        if len(coloured) <= len(look.people):
            axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=8)

    return picture(draw, look, (6.8, 5.6))


def picture(draw: Callable[["Axes"], None], look: Look, size: tuple[float, float]) -> bytes:
    """A PNG of `size` inches with one pair of axes, drawn in a look."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - keeps --help fast
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure: Figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor=look.surface, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=look.surface)
    axes.grid(color=look.grid, lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=look.quiet, length=0, labelsize=9)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    draw(axes)
    axes.xaxis.label.set_color(look.quiet)
    axes.yaxis.label.set_color(look.quiet)
    legend = axes.get_legend()
    for text in legend.get_texts() if legend else ():
        text.set_color(look.ink)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def deviate(share: float) -> float:
    """Where a share lies on the axes of a DET curve."""
    return NormalDist().inv_cdf(share)


def _deviates(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.array([deviate(float(share)) for share in shares])


def set_det_ticks(axes: "Axes", ticks: Sequence[float]) -> None:
    """Name the ticks of both axes; side by side every other long name is left out, or they would overlap."""
    positions, names = [deviate(tick) for tick in ticks], [percent(tick) for tick in ticks]
    shown = [place % 2 == 0 or tick >= 1e-3 for place, tick in enumerate(ticks)]
    axes.set_xticks(positions, [name if wanted else "" for name, wanted in zip(names, shown, strict=True)])
    axes.set_yticks(positions, names)


def percent(share: float) -> str:
    """A share as a tick's name."""
    return f"{share * 100:.10f}".rstrip("0").rstrip(".") + "%"
