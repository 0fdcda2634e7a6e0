"""Frames and crops of one take: the same head, the same light, and only what the camera can see."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.frames import intensity
from facelatch.preprocess import CropSpec, FacePoint, to_tensor
from facelatch_converter.protocols.cast import load_generator
from facelatch_converter.protocols.named import Circumstances, Cohort, Lighting, Protocol
from facelatch_converter.protocols.take_crops import render_tensors
from facelatch_converter.protocols.take_frames import film_frame
from facelatch_converter.protocols.take_heads import make_head
from facelatch_converter.protocols.takes import Take, attempt_take
from facelatch_converter.staging import CAMERAS

SPEC = CropSpec(size_px=48)
PLAIN = Protocol("plain", "nothing special", 6, Cohort("people", 5), Circumstances(camera="d435-small"))


def take_of(face_model: Path, circumstances: Circumstances) -> Take:
    return attempt_take(load_generator(face_model), replace(PLAIN, attempt=circumstances), 0, 0, 2)


def tensors_of(face_model: Path, circumstances: Circumstances) -> npt.NDArray[np.float32]:
    generator = load_generator(face_model)
    return render_tensors(generator, take_of(face_model, circumstances), [0, 1], SPEC).astype(np.float32)


def test_crops_are_what_the_encoder_takes_and_the_same_in_any_order(face_model: Path) -> None:
    generator, take = load_generator(face_model), take_of(face_model, PLAIN.attempt)
    tensors = render_tensors(generator, take, [0, 1], SPEC)
    assert tensors.shape == (2, 48, 48, 4)
    assert tensors.dtype == np.float16
    assert np.abs(tensors).max() <= 1
    np.testing.assert_array_equal(render_tensors(generator, take, [1], SPEC)[0], tensors[1])
    assert np.abs(tensors[0] - tensors[1]).max() > 0.1


def test_a_crop_agrees_with_the_frame_of_the_same_view(face_model: Path) -> None:
    generator, take = load_generator(face_model), take_of(face_model, PLAIN.attempt)
    frame = film_frame(generator, take, make_head(generator, take), 0)
    camera = CAMERAS["d435-small"].intrinsics
    x, y, z = take.views[0].position_mm
    point = FacePoint(camera.fx * x / z + camera.cx, camera.fy * (y - 14) / z + camera.cy, z + 12)
    framed = to_tensor(frame, point, SPEC)
    cropped = render_tensors(generator, take, [0], SPEC)[0].astype(np.float32)
    both = (framed[..., 3] > -1) & (cropped[..., 3] > -1)
    assert both.mean() > 0.2
    # The crop lies where the locator would put it, give or take some millimetres.
    assert np.corrcoef(framed[both][:, 3], cropped[both][:, 3])[0, 1] > 0.85
    np.testing.assert_allclose(framed[both].mean(0), cropped[both].mean(0), atol=0.1)


def test_in_the_dark_the_image_is_infrared_and_the_frame_says_so(face_model: Path) -> None:
    dark = Circumstances(camera="d435-small", lighting=Lighting.INFRARED)
    tensors = tensors_of(face_model, dark)
    np.testing.assert_array_equal(tensors[..., 0], tensors[..., 1])
    assert tensors[..., 0].std() > 0.05
    generator, take = load_generator(face_model), take_of(face_model, dark)
    frame = film_frame(generator, take, make_head(generator, take), 0)
    assert frame.colour.mean() < 12
    assert frame.infrared is not None
    np.testing.assert_array_equal(intensity(frame)[..., 0], frame.infrared)


def test_without_an_image_only_depth_is_left(face_model: Path) -> None:
    tensors = tensors_of(face_model, Circumstances(camera="d435-small", lighting=Lighting.NONE))
    assert not tensors[..., :3].any()
    assert tensors[..., 3].std() > 0.1


@pytest.mark.parametrize(
    "circumstances",
    [
        pytest.param(Circumstances(camera="d435-small", accessory="medical-mask"), id="accessory"),
        pytest.param(Circumstances(camera="d435-small", fault="misregistered"), id="image-fault"),
        pytest.param(Circumstances(camera="d435-small", fault="low-coverage"), id="depth-fault"),
    ],
)
def test_what_differs_at_the_door_shows_in_crops_and_frames(
    face_model: Path, circumstances: Circumstances
) -> None:
    generator = load_generator(face_model)
    plain, other = take_of(face_model, PLAIN.attempt), take_of(face_model, circumstances)
    crops = [render_tensors(generator, take, [0], SPEC).astype(np.float32) for take in (plain, other)]
    assert np.abs(crops[0] - crops[1]).mean() > 0.005
    frames = [film_frame(generator, take, make_head(generator, take), 0) for take in (plain, other)]
    changed = (frames[0].depth_mm != frames[1].depth_mm).any() or (frames[0].colour != frames[1].colour).any()
    assert changed


def test_a_kinect_sends_colour_without_infrared(face_model: Path) -> None:
    generator, take = load_generator(face_model), take_of(face_model, Circumstances(camera="kinect-v1"))
    frame = film_frame(generator, take, make_head(generator, take), 0)
    assert frame.infrared is None
    assert frame.size == (640, 480)


@pytest.mark.parametrize("accessory", ["medical-mask", "hand", "sunglasses"])
def test_a_longer_take_begins_with_the_same_frames(face_model: Path, accessory: str) -> None:
    generator = load_generator(face_model)
    circumstances = Circumstances(camera="d435-small", accessory=accessory)
    protocol = replace(PLAIN, attempt=circumstances)
    short, long = (attempt_take(generator, protocol, 3, 0, frames) for frames in (1, 5))
    crops = [render_tensors(generator, take, [0], SPEC) for take in (short, long)]
    np.testing.assert_array_equal(crops[0], crops[1])
    frames = [film_frame(generator, take, make_head(generator, take), 0) for take in (short, long)]
    np.testing.assert_array_equal(frames[0].depth_mm, frames[1].depth_mm)
    np.testing.assert_array_equal(frames[0].colour, frames[1].colour)
