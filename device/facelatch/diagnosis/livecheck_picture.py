"""One picture of a camera check: what the camera sees, how far everything is, and what that means."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.demonstration.canvas import Canvas, Colour
from facelatch.diagnosis.checks import Finding, Status
from facelatch.frames import ColourImage, DepthImage, Frame, intensity
from facelatch.locate import Located, Missing

Real = npt.NDArray[np.float64]

WIDTH = 1400
_MARGIN, _TOP, _GAP, _BAR = 36, 112, 24, 96
_PANEL = (WIDTH - 2 * _MARGIN - _GAP - _BAR) / 2
_TILE, _HINTED, _TILE_GAP = 54, 80, 10
_PAPER, _CARD = (244, 245, 247), (255, 255, 255)
_INK, _SOFT = (28, 33, 40), (88, 98, 112)
_STATUS: dict[Status, Colour] = {
    Status.OK: (33, 125, 66),
    Status.WARN: (190, 96, 8),
    Status.FAIL: (196, 43, 43),
}
_BOX: Colour = (64, 220, 120)
_NOTHING: Colour = (24, 24, 28)
_NEAREST_MM, _FARTHEST_MM = 250.0, 3000.0
_TICKS_MM = (250, 300, 400, 500, 700, 1000, 1500, 3000)


def to_picture(frame: Frame, face: Located | Missing, title: str, findings: Sequence[Finding]) -> ColourImage:
    """The picture, RGB: image and depth side by side with the face's box, the findings below."""
    panel_height = _PANEL * frame.size[1] / frame.size[0]
    tiles = sum(_tile_height(finding) + _TILE_GAP for finding in findings)
    height = _TOP + panel_height + 56 + tiles + _MARGIN - _TILE_GAP
    canvas = Canvas(WIDTH, round(height), _PAPER)
    canvas.text((_MARGIN, 52), "Facelatch camera check", 34, _INK, bold=True)
    canvas.text((_MARGIN, 86), _cut(title, WIDTH - 2 * _MARGIN, 19), 19, _SOFT)
    depth_x = _MARGIN + _PANEL + _GAP
    _draw_panel(canvas, _MARGIN, panel_height, intensity(frame), face)
    _draw_panel(canvas, depth_x, panel_height, to_depth_colours(frame.depth_mm), face)
    _draw_scale(canvas, depth_x + _PANEL + 16, panel_height)
    below = _TOP + panel_height + 28
    source = "colour" if intensity(frame) is frame.colour else "infrared, because colour is dark"
    canvas.text((_MARGIN, below), f"what the encoder sees ({source})", 17, _SOFT)
    share = float((frame.depth_mm > 0).mean())
    canvas.text((depth_x, below), f"depth, on {share:.0%} of the view; dark is no reading", 17, _SOFT)
    y = below + 28
    for finding in findings:
        _draw_tile(canvas, y, finding)
        y += _tile_height(finding) + _TILE_GAP
    return canvas.to_image()


def to_depth_colours(depth_mm: DepthImage) -> ColourImage:
    """Near is red, far is blue, no reading is dark; even steps are even steps of disparity."""
    seen = depth_mm > 0
    nearness = _to_nearness(np.where(seen, depth_mm, _FARTHEST_MM).astype(np.float64))
    colours = cv2.applyColorMap(np.rint(nearness * 255).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    return np.where(seen[..., None], colours, np.array(_NOTHING, np.uint8)).astype(np.uint8)


def _to_nearness(depth_mm: Real) -> Real:
    """1 at the near end of the scale, 0 at the far end; the colour map's outermost, darkest ends are left out."""
    part = (1 / depth_mm - 1 / _FARTHEST_MM) / (1 / _NEAREST_MM - 1 / _FARTHEST_MM)
    return 0.06 + 0.86 * np.clip(part, 0, 1)


def _draw_panel(
    canvas: Canvas, x: float, height: float, picture: ColourImage, face: Located | Missing
) -> None:
    canvas.image((x, _TOP), picture, (_PANEL, height))
    if isinstance(face, Missing):
        return
    scale = _PANEL / picture.shape[1]
    left, top, width, tall = (value * scale for value in face.box)
    # What lies outside of the image is not drawn into the page.
    left_x, right_x = max(x + left, x), min(x + left + width, x + _PANEL)
    top_y, bottom_y = max(_TOP + top, _TOP), min(_TOP + top + tall, _TOP + height)
    corners = [(left_x, top_y), (right_x, top_y), (right_x, bottom_y), (left_x, bottom_y), (left_x, top_y)]
    canvas.line(corners, _INK, 4.5)
    canvas.line(corners, _BOX, 2.5)
    words = f"{face.point.depth_mm / 10:.0f} cm"
    label_y = top_y - 6 if top_y - 34 > _TOP else bottom_y - 6
    canvas.box((left_x, label_y - 24), (14 + 14 * len(words), 28), _BOX, 4)
    canvas.text((left_x + 7, label_y - 4), words, 20, _INK)
    canvas.dot((x + face.point.u_px * scale, _TOP + face.point.v_px * scale), 4, _INK)
    canvas.dot((x + face.point.u_px * scale, _TOP + face.point.v_px * scale), 2.5, _BOX)


def _draw_scale(canvas: Canvas, x: float, height: float) -> None:
    """The colours of the distances, near at the top."""
    rows = np.linspace(1 / _NEAREST_MM, 1 / _FARTHEST_MM, round(height))
    strip = to_depth_colours(np.repeat(np.rint(1 / rows).astype(np.uint16)[:, None], 8, axis=1))
    canvas.image((x, _TOP), strip, (18, height))
    for tick_mm in _TICKS_MM:
        share = (1 / _NEAREST_MM - 1 / tick_mm) / (1 / _NEAREST_MM - 1 / _FARTHEST_MM)
        y = _TOP + share * height
        canvas.line([(x + 18, y), (x + 24, y)], _SOFT, 1.5)
        words = f"{tick_mm / 10:.0f} cm" if tick_mm < 1000 else f"{tick_mm / 1000:g} m"
        canvas.text((x + 28, min(max(y + 5, _TOP + 12), _TOP + height)), words, 15, _SOFT)


def _tile_height(finding: Finding) -> float:
    return _HINTED if finding.hint else _TILE


def _draw_tile(canvas: Canvas, y: float, finding: Finding) -> None:
    colour = _STATUS[finding.status]
    canvas.box((_MARGIN, y), (WIDTH - 2 * _MARGIN, _tile_height(finding)), _CARD, 10)
    canvas.box((_MARGIN + 16, y + 14), (64, 26), colour, 13)
    canvas.text((_MARGIN + 48, y + 33), finding.status.value, 17, _CARD, align=0.5)
    canvas.text((_MARGIN + 96, y + 34), finding.name, 20, _INK, bold=True)
    x = _MARGIN + 196
    canvas.text((x, y + 33), _cut(finding.found, WIDTH - _MARGIN - 12 - x, 18), 18, _INK)
    if finding.hint:
        canvas.text((x, y + 63), _cut(finding.hint, WIDTH - _MARGIN - 12 - x, 17), 17, colour)


def _cut(words: str, width_px: float, size_px: float) -> str:
    """The words, or as many letters of them as fit."""
    words = _ascii(words)
    most = int(width_px / (0.64 * size_px))
    return words if len(words) <= most else f"{words[: most - 3].rstrip()}..."


def _ascii(words: str) -> str:
    """Without letters that the canvas cannot draw."""
    return words.replace("°", " deg").encode("ascii", "replace").decode()
