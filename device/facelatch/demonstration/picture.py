"""One picture of a demonstration: who was enrolled; what each attempt showed, measured and decided."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.acquisition import Failure
from facelatch.attempts import Look
from facelatch.demonstration.canvas import Canvas, Colour
from facelatch.demonstration.demo import Played, Report
from facelatch.demonstration.report import to_times
from facelatch.frames import ColourImage, DepthImage, Frame
from facelatch.guidance import to_hint
from facelatch.preprocess import CropSpec, Tensor, to_tensor
from facelatch.session import Outcome

WIDTH = 1600
_MARGIN = 40
_TOP, _ENROL, _HEADS, _ROW, _FOOT = 108, 196, 46, 156, 118

_PAPER, _CARD, _EMPTY, _LINE = (244, 245, 247), (255, 255, 255), (226, 229, 233), (214, 218, 224)
_INK, _SOFT = (28, 33, 40), (104, 114, 128)
_GOOD, _BAD, _WARN, _IDLE = (33, 125, 66), (196, 43, 43), (214, 110, 12), (96, 110, 128)
_GOOD_TINT, _BAD_TINT = (205, 235, 213), (248, 218, 216)
_COLOURS: dict[Outcome, Colour] = {
    Outcome.GRANTED: _GOOD,
    Outcome.NO_MATCH: _BAD,
    Outcome.NOT_LIVE: _WARN,
    Outcome.RETRY: _IDLE,
    Outcome.LOCKED_OUT: _INK,
}
_STAGES: tuple[Colour, ...] = ((52, 101, 164), (97, 157, 196), (46, 139, 87), (201, 148, 60))

_LABEL_X, _FRAME_X, _DEPTH_X, _CROP_X, _CROP_DEPTH_X, _GAUGE_X, _OUTCOME_X = (
    60,
    322,
    538,
    754,
    882,
    1030,
    1352,
)
_THUMB = (204, 116)
_CROP = 116
_FACE, _FACE_STEP = 88, 101.8
"""Of an enrolled direction: twelve stand side by side, as far to the right as the outcomes; more move together."""
_GAUGE = (284, 18)


def to_picture(report: Report, spec: CropSpec) -> ColourImage:
    """The picture, RGB, 1600 pixels wide; `spec` is how the encoder's input was cut."""
    rows_y = _TOP + _ENROL + _HEADS
    canvas = Canvas(WIDTH, rows_y + _ROW * len(report.played) + _FOOT, _PAPER)
    _draw_top(canvas, report)
    _draw_enrolment(canvas, report, spec, _TOP)
    heads = (
        (_LABEL_X, "attempt"),
        (_FRAME_X, "frame"),
        (_DEPTH_X, "depth"),
        (_CROP_X, "what the encoder sees"),
        (_GAUGE_X, "distance to the owner"),
        (_OUTCOME_X, "outcome"),
    )
    for x, words in heads:
        canvas.text((x, rows_y - 14), words, 18, _SOFT)
    distances = [found for one in report.played for found in (*one.singles, one.verdict.distance or 0.0)]
    farthest = max([1.6, *(found for found in distances if found >= 0)])
    for place, played in enumerate(report.played):
        _draw_row(canvas, rows_y + place * _ROW, played, spec, farthest)
    _draw_times(canvas, rows_y + _ROW * len(report.played), report)
    return canvas.to_image()


def to_depth_colours(depth_mm: DepthImage) -> ColourImage:
    """Near is bright, far is dark, no reading is black; a step is as wide as the sensor's own."""
    with np.errstate(divide="ignore"):
        nearness = (1000.0 / depth_mm - 0.35) / (1000.0 / 350 - 0.35)
    steps = np.where(depth_mm > 0, np.clip(nearness, 0.02, 1), 0) * 255.0
    return _colour_map(steps, depth_mm > 0)


def _colour_map(steps: npt.NDArray[Any], seen: npt.NDArray[np.bool_]) -> ColourImage:
    colours = cv2.applyColorMap(np.asarray(steps, np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1]
    return np.where(seen[..., None], colours, np.uint8(16)).astype(np.uint8)


def _draw_top(canvas: Canvas, report: Report) -> None:
    canvas.text((_MARGIN, 52), "Facelatch demo", 36, _INK, bold=True)
    good = sum(played.is_as_expected for played in report.played)
    words = f"{good} of {len(report.played)} attempts ended as expected"
    canvas.text((_MARGIN, 86), words, 20, _GOOD if report.is_as_expected else _BAD)
    note = "rendered people: nobody here exists" if report.is_rendered else "recorded frames"
    canvas.text((WIDTH - _MARGIN, 52), note, 18, _SOFT, align=1)
    limit = f"a distance of at most {report.threshold:.3f} matches"
    canvas.text((WIDTH - _MARGIN, 86), limit, 18, _SOFT, align=1)


def _draw_enrolment(canvas: Canvas, report: Report, spec: CropSpec, y: float) -> None:
    canvas.box((_MARGIN, y), (WIDTH - 2 * _MARGIN, _ENROL - 24), _CARD, 12)
    canvas.text((_LABEL_X, y + 70), "enrolled: the owner", 21, _INK)
    canvas.text((_LABEL_X, y + 98), f"{len(report.enrolled)} directions", 18, _SOFT)
    step = min(_FACE_STEP, 11 * _FACE_STEP / max(len(report.enrolled) - 1, 1))
    for place, (sector, look) in enumerate(report.enrolled.items()):
        x = _FRAME_X + place * step
        tensor = _tensor(look, spec)
        if tensor is not None:
            canvas.image((x, y + 26), _visible(tensor), (_FACE, _FACE))
        canvas.text((x + _FACE / 2, y + 144), sector, 14, _SOFT, align=0.5)


def _draw_row(canvas: Canvas, y: float, played: Played, spec: CropSpec, farthest: float) -> None:
    canvas.box((_MARGIN, y), (WIDTH - 2 * _MARGIN, _ROW - 12), _CARD, 12)
    for place, words in enumerate(_wrap(played.planned.label, 22)[:3]):
        canvas.text((_LABEL_X, y + 48 + 26 * place), words, 21, _INK)
    expected = " or ".join(outcome.value for outcome in played.planned.expected)
    canvas.text((_LABEL_X, y + 124), f"expected: {expected}", 16, _SOFT)
    _draw_look(canvas, y + 14, played.look, spec)
    _draw_gauge(canvas, y + 54, played, farthest)
    _draw_outcome(canvas, y + 28, played)


def _draw_look(canvas: Canvas, y: float, look: Look | None, spec: CropSpec) -> None:
    for x, width in (
        (_FRAME_X, _THUMB[0]),
        (_DEPTH_X, _THUMB[0]),
        (_CROP_X, _CROP_DEPTH_X + _CROP - _CROP_X),
    ):
        canvas.box((x, y), (width, _THUMB[1]), _EMPTY if x != _CROP_X or not _has_face(look) else _CARD)
    if look is None:
        return
    canvas.image((_FRAME_X, y), _boxed(look), _THUMB)
    canvas.image((_DEPTH_X, y), to_depth_colours(look.frame.depth_mm), _THUMB)
    tensor = _tensor(look, spec)
    if tensor is None:
        canvas.text(
            ((_CROP_X + _CROP_DEPTH_X + _CROP) / 2, y + _CROP / 2 + 6),
            "no face to show",
            17,
            _SOFT,
            align=0.5,
        )
        return
    canvas.image((_CROP_X, y), _visible(tensor), (_CROP, _CROP))
    depth = tensor[..., 3]
    canvas.image((_CROP_DEPTH_X, y), _colour_map((depth + 1) * 127.5, depth > -1), (_CROP, _CROP))


def _draw_gauge(canvas: Canvas, y: float, played: Played, farthest: float) -> None:
    """A scale from 0 to `farthest`, green up to the threshold: small dots are frames, the large one decided."""
    width, height = _GAUGE
    verdict = played.verdict
    reason_y = y + 66
    if played.singles:
        limit_x = _GAUGE_X + width * verdict.threshold / farthest
        canvas.box((_GAUGE_X, y), (limit_x - _GAUGE_X, height), _GOOD_TINT)
        canvas.box((limit_x, y), (_GAUGE_X + width - limit_x, height), _BAD_TINT)
        canvas.line([(limit_x, y - 8), (limit_x, y + height + 8)], _INK, 1.5)
        for at, words, align in ((_GAUGE_X, "0", 0.0), (_GAUGE_X + width, f"{farthest:.1f}", 1.0)):
            canvas.text((at, y + height + 24), words, 16, _SOFT, align=align)
        canvas.text((limit_x, y + height + 24), f"{verdict.threshold:.2f}", 16, _SOFT, align=0.5)
        for found in played.singles:
            if found >= 0:
                canvas.dot((_GAUGE_X + width * min(found / farthest, 1.0), y + height / 2), 4, _SOFT)
    else:
        reason_y = y
    if verdict.distance is not None:
        found_x = _GAUGE_X + width * verdict.distance / farthest
        canvas.dot((found_x, y + height / 2), 12, _CARD)
        canvas.dot((found_x, y + height / 2), 9, _COLOURS[verdict.outcome])
        at_x = min(max(found_x, _GAUGE_X + 30), _GAUGE_X + width - 30)
        canvas.text((at_x, y - 14), f"{verdict.distance:.3f}", 21, _COLOURS[verdict.outcome], align=0.5)
    for place, words in enumerate(_wrap(to_hint(verdict.reason), 32)[: 1 if played.singles else 3]):
        canvas.text((_GAUGE_X, reason_y + 26 * place), words, 17, _SOFT)


def _draw_outcome(canvas: Canvas, y: float, played: Played) -> None:
    canvas.box((_OUTCOME_X, y), (178, 42), _COLOURS[played.verdict.outcome], 21)
    canvas.text((_OUTCOME_X + 89, y + 29), played.verdict.outcome.value, 22, _CARD, align=0.5)
    lock = "lock released, secured" if played.lock else "lock stays secured"
    canvas.text((_OUTCOME_X, y + 68), lock, 16, _SOFT)
    if played.is_as_expected:
        canvas.line(
            [(_OUTCOME_X + 1, y + 88), (_OUTCOME_X + 7, y + 94), (_OUTCOME_X + 18, y + 80)], _GOOD, 2.5
        )
        canvas.text((_OUTCOME_X + 27, y + 94), "as expected", 16, _GOOD)
    else:
        for ends in (((0, 80), (14, 94)), ((14, 80), (0, 94))):
            canvas.line([(_OUTCOME_X + x, y + down) for x, down in ends], _BAD, 2.5)
        canvas.text((_OUTCOME_X + 27, y + 94), "not as expected", 16, _BAD)


def _draw_times(canvas: Canvas, y: float, report: Report) -> None:
    """The stages' shares of one frame, and the numbers."""
    stages = {name: spent for name, spent in report.stages_ms.items() if name != "together"}
    total = sum(stages.values())
    if not total > 0:
        return
    x, width = float(_MARGIN), WIDTH - 2 * _MARGIN
    for colour, (name, spent) in zip(_STAGES, stages.items(), strict=False):
        share = width * spent / total
        canvas.box((x, y + 14), (share, 34), colour)
        if share > 12 * len(name):
            canvas.text((x + share / 2, y + 37), name, 17, _CARD, align=0.5)
        x += share
    canvas.text((_MARGIN, y + 78), f"time from frame to decision: {to_times(report)}", 18, _SOFT)


def _boxed(look: Look) -> ColourImage:
    """The frame, with the face's box where there is one."""
    picture = look.frame.colour.copy()
    if not isinstance(look.found, Failure):
        x, y, width, height = look.found.located.box
        cv2.rectangle(
            picture, (x, y), (x + width, y + height), (64, 220, 120), _stroke(look.frame), cv2.LINE_AA
        )
    return picture


def _stroke(frame: Frame) -> int:
    return max(1, round(frame.size[0] / 200))


def _has_face(look: Look | None) -> bool:
    return look is not None and not isinstance(look.found, Failure)


def _tensor(look: Look, spec: CropSpec) -> Tensor | None:
    return None if isinstance(look.found, Failure) else to_tensor(look.frame, look.found.located.point, spec)


def _visible(tensor: Tensor) -> ColourImage:
    """The encoder's three image channels as a picture."""
    levels = np.clip(np.rint((tensor[..., :3] + 1) * 127.5), 0, 255)
    return np.asarray(levels, np.uint8)


def _wrap(words: str, width: int) -> Sequence[str]:
    """Lines of at most `width` letters, broken between words."""
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
