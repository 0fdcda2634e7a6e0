"""A drawn face that the detector takes for one: a cartoon on an egg, of nobody."""

import cv2
import numpy as np

from facelatch.frames import Frame, Intrinsics


def draw_face(
    distance_mm: float = 500.0, size: tuple[int, int] = (640, 480), focal_px: float = 600.0
) -> Frame:
    """A frame with the drawing in its middle and a wall 1.5 m away; its parts are given in millimetres."""
    width, height = size
    picture = np.full((height, width), 200, np.uint8)
    px_per_mm = focal_px / distance_mm

    def blob(x_mm: float, y_mm: float, half_width_mm: float, half_height_mm: float, grey: int) -> None:
        middle = (int(width / 2 + x_mm * px_per_mm), int(height / 2 + y_mm * px_per_mm))
        axes = (max(1, int(half_width_mm * px_per_mm)), max(1, int(half_height_mm * px_per_mm)))
        cv2.ellipse(picture, middle, axes, 0, 0, 360, (grey,), -1)

    blob(0, 10, 75, 105, 60)
    blob(0, 12, 70, 98, 170)
    blob(0, -75, 70, 40, 60)
    blob(0, -30, 60, 22, 160)
    for side in (-1, 1):
        blob(32 * side, -22, 20, 5, 70)
        blob(32 * side, -5, 17, 9, 90)
        blob(32 * side, -5, 14, 6, 225)
        blob(32 * side, -5, 6, 6, 30)
        blob(45 * side, 30, 16, 14, 185)
    blob(0, 20, 8, 26, 190)
    blob(0, 42, 17, 5, 110)
    blob(0, 68, 26, 7, 95)
    soft = cv2.GaussianBlur(picture, (5, 5), 1.5)

    rows, columns = np.mgrid[:height, :width]
    x_mm = (columns + 0.5 - width / 2) / px_per_mm
    y_mm = (rows + 0.5 - height / 2) / px_per_mm
    off_axis = (x_mm / 75) ** 2 + ((y_mm - 10) / 105) ** 2
    egg = distance_mm + 30 - 60 * np.sqrt(np.clip(1 - off_axis, 0, 1))
    nose = 25 * np.exp(-((x_mm / 10) ** 2) - ((y_mm - 25) / 18) ** 2)
    return Frame(
        colour=np.repeat(soft[..., None], 3, axis=2),
        depth_mm=np.where(off_axis < 1, egg - nose, 1500).astype(np.uint16),
        intrinsics=Intrinsics(focal_px, focal_px, width / 2, height / 2),
        timestamp_ns=0,
    )
