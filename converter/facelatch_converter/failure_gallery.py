"""The comparisons that went most wrong, as pictures of the rendered faces: image and depth of both sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.preprocess import CropSpec
from facelatch_converter.protocols.cast import load_generator
from facelatch_converter.protocols.crop_scores import Pair
from facelatch_converter.protocols.named import Protocol
from facelatch_converter.protocols.take_crops import render_tensors
from facelatch_converter.protocols.takes import attempt_take, reference_take

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Case:
    """A pair to be shown."""

    protocol: Protocol
    pair: Pair
    by_twin: bool = False


def draw_cases(face_model: Path, cases: Sequence[Case], spec: CropSpec) -> list[Picture]:
    """Each case as (2 size, 2 size, 3): at the door above, enrolled below; image left, depth right."""
    return [_draw(face_model, case, spec) for case in cases]


def to_rows(pictures: Sequence[Picture], captions: Sequence[str], each_row: int) -> bytes:
    """Several pictures with a line of text below each, as one PNG on white."""
    tiles = [_with_caption(image, text) for image, text in zip(pictures, captions, strict=True)]
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % each_row)
    rows = [np.hstack(tiles[start : start + each_row]) for start in range(0, len(tiles), each_row)]
    _, encoded = cv2.imencode(".png", np.vstack(rows)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return encoded.tobytes()


def _draw(face_model: Path, case: Case, spec: CropSpec) -> Picture:
    generator, pair = load_generator(face_model), case.pair
    door = attempt_take(generator, case.protocol, pair.caller, pair.attempt, 1, by_twin=case.by_twin)
    enrolled = reference_take(generator, case.protocol.cohort, pair.enrolled, pair.place)
    both = [to_picture(render_tensors(generator, take, [0], spec)[0]) for take in (door, enrolled)]
    return np.vstack(both)


def to_picture(tensor: npt.NDArray[np.float16]) -> Picture:
    """A tensor (size, size, 4) as the encoder sees it: image and depth side by side."""
    shown = (np.clip(tensor.astype(np.float32), -1, 1) + 1) * 127.5
    depth = np.repeat(shown[..., 3:], 3, axis=2)
    return np.hstack([shown[..., :3], depth]).astype(np.uint8)


def _with_caption(image: Picture, text: str) -> Picture:
    framed = cv2.copyMakeBorder(image, 6, 24, 6, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    foot = (6, framed.shape[0] - 9)
    cv2.putText(framed, text, foot, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (40, 40, 40), 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)
