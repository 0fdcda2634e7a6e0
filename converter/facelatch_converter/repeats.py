"""Training crops shown again: mirrored, moved and lit a little differently.

Rendering a crop and taking it with a simulated sensor costs more than the gradient step that learns from it; showing
it again costs a thirtieth.
"""

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import oval
from facelatch_converter.face_model import FaceModel

Tensor = npt.NDArray[np.int8]
Real = npt.NDArray[np.float32]

NO_READING = -127
NO_IMAGE = 0
REACH_PX = 3
"""How far a crop is moved at most; `locate` errs by more only rarely."""


def show_again(tensor: Tensor, mirrored: bool, rng: np.random.Generator) -> Tensor:
    """A kept crop (size, size, 4) int8 as another moment would show it; `mirrored` is another person's face."""
    turned = tensor[:, ::-1] if mirrored else tensor
    right, down = np.clip(np.rint(rng.normal(0, 1.2, 2)), -REACH_PX, REACH_PX).astype(int)
    shown = move(turned, int(right), int(down))
    shown[..., :3] = _brightness(rng)[shown[..., :3].view(np.uint8)]
    nearer = int(np.clip(np.rint(rng.normal(0, 1)), -3, 3))
    shown[..., 3] = _nearness(nearer)[shown[..., 3].view(np.uint8)]
    return shown


def move(tensor: Tensor, right: int, down: int) -> Tensor:
    """A copy with the face moved within the oval; what comes in from outside was not seen."""
    size = len(tensor)
    moved = np.empty_like(tensor)
    moved[..., :3], moved[..., 3] = NO_IMAGE, NO_READING
    moved[max(down, 0) : size + min(down, 0), max(right, 0) : size + min(right, 0)] = tensor[
        max(-down, 0) : size + min(-down, 0), max(-right, 0) : size + min(-right, 0)
    ]
    outside = ~oval(size)
    moved[outside] = (NO_IMAGE, NO_IMAGE, NO_IMAGE, NO_READING)
    return moved


def mirror_signs(model: FaceModel) -> Real:
    """What becomes of each shape coefficient (identities,) when a face is mirrored: 1 it stays, -1 it turns round.

    On the middle of a face a symmetric shape moves the skin up, down, forth and back; an antisymmetric one sideways.
    """
    width = np.ptp(model.vertices_mm[:, 0])
    middle = np.abs(model.vertices_mm[:, 0]) < 0.01 * width
    sideways, within = model.identity_mm[:, middle, 0], model.identity_mm[:, middle, 1:]
    symmetric = (within**2).sum((1, 2)) >= (sideways**2).sum(1)
    return np.where(symmetric, np.float32(1), np.float32(-1))


def _brightness(rng: np.random.Generator) -> Tensor:
    """For each value of the image, as an unsigned byte, the same under other light."""
    values = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.float32)
    lit = np.clip((values + 127) * np.float32(rng.uniform(0.85, 1.15)) - 127, -127, 127)
    lit[NO_IMAGE] = NO_IMAGE
    return np.rint(lit).astype(np.int8)


def _nearness(nearer: int) -> Tensor:
    """For each value of the depth, as an unsigned byte, the same with the crop's middle elsewhere."""
    values = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int16)
    moved = np.clip(values + nearer, -126, 127)
    return np.where(values == NO_READING, NO_READING, moved).astype(np.int8)
