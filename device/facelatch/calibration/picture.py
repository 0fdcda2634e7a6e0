"""A picture of a calibration: both distributions of distances, with the thresholds."""

from collections.abc import Mapping

import numpy as np

from facelatch.calibration.distances import Distances
from facelatch.calibration.report import BIN, FARTHEST
from facelatch.demonstration.canvas import Canvas, Colour
from facelatch.frames import ColourImage

WIDTH, HEIGHT = 1000, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 40, 96, 70

_PAPER, _INK, _SOFT, _LINE = (255, 255, 255), (28, 33, 40), (104, 114, 128), (214, 218, 224)
_GENUINE, _IMPOSTOR = (33, 125, 66), (196, 43, 43)


def to_picture(genuine: Distances, impostor: Distances, marks: Mapping[str, float]) -> ColourImage:
    """The picture, RGB, 1000x460; each distribution by shares of its own attempts, `marks` are thresholds by name."""
    canvas = Canvas(WIDTH, HEIGHT, _PAPER)
    canvas.text((_LEFT, 40), "Distances on site", 26, _INK, bold=True)
    x = float(_LEFT)
    for name, found, colour in (
        ("the same person", genuine, _GENUINE),
        ("other people", impostor, _IMPOSTOR),
    ):
        canvas.box((x, 58), (14, 14), colour)
        x += 22 + canvas.text((x + 22, 71), f"{name}: {found.size} attempts", 17, _SOFT) + 30
    _draw_axis(canvas)
    for found, colour, part in ((genuine, _GENUINE, 0), (impostor, _IMPOSTOR, 1)):
        _draw_bars(canvas, found, colour, part)
    for place, (name, at) in enumerate(marks.items()):
        canvas.line([(_to_x(at), _TOP - 6), (_to_x(at), HEIGHT - _BOTTOM)], _INK, 2)
        canvas.text((_to_x(at) + 6, _TOP + 8 + 20 * place), f"{at:.3f} {name}", 15, _INK)
    return canvas.to_image()


def _draw_axis(canvas: Canvas) -> None:
    base = HEIGHT - _BOTTOM
    canvas.line([(_LEFT, base), (WIDTH - _RIGHT, base)], _LINE, 2)
    for at in np.arange(0, FARTHEST + 0.01, 0.2):
        canvas.text((_to_x(float(at)), base + 24), f"{at:.1f}", 15, _SOFT, align=0.5)
    canvas.text(((WIDTH + _LEFT - _RIGHT) / 2, base + 50), "distance (lower is closer)", 16, _SOFT, align=0.5)


def _draw_bars(canvas: Canvas, found: Distances, colour: Colour, part: int) -> None:
    """Half as wide as a bin, the genuine ones on its left."""
    if found.size == 0:
        return
    edges = np.arange(0, FARTHEST + BIN / 2, BIN)
    counts = np.histogram(np.minimum(found, FARTHEST - 1e-6), edges)[0]
    width, base = (_to_x(BIN) - _to_x(0)) / 2, HEIGHT - _BOTTOM
    for low, count in zip(edges, counts, strict=False):
        high = (base - _TOP) * float(count) / float(counts.max())
        if count:
            canvas.box((_to_x(float(low)) + part * width, base - high), (width - 1, high), colour)


def _to_x(distance: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * min(distance, FARTHEST) / FARTHEST
