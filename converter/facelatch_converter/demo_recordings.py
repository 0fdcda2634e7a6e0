"""`facelatch-convert render-demo`: the recordings that `facelatch demo` plays.

An owner who enrols and comes back, two strangers, the owner's printed photograph, and an empty room.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch.captures import CaptureWriter
from facelatch.enrolment import ROUND
from facelatch.frames import Frame
from facelatch_converter import options, places
from facelatch_converter.attacks import Sheet
from facelatch_converter.datasets import RENDERED
from facelatch_converter.face_model import FaceModel, load_face_model
from facelatch_converter.people import Person, draw_person
from facelatch_converter.progress import progress_bar
from facelatch_converter.regions import find_regions
from facelatch_converter.render import Backdrop, Lamp, Light, View
from facelatch_converter.staging import CAMERAS, Room, film, film_attack, film_room, photograph

DESCRIPTION = """Render the recordings that `facelatch demo` plays: an owner who enrols and comes back with other poses,
expressions and light, two strangers, the owner's photograph flat and bent, and an empty room."""

ENROLMENT_FRAMES = 2 + 2 * len(ROUND)
"""Two straight ahead, then two for each direction: a pose is measured a few degrees beside what it is."""
ATTEMPT_FRAMES = 5
DOUBLES = 12
"""Among so many people the one whose skin is most like the owner's plays the second stranger."""

Real = npt.NDArray[np.float32]

DAY = Light(ambient=(0.42, 0.43, 0.45), lamps=(Lamp((0.36, -0.48, -0.8), (0.5, 0.5, 0.5)),))
EVENING = Light(ambient=(0.3, 0.27, 0.23), lamps=(Lamp((-0.64, -0.48, -0.6), (0.6, 0.52, 0.42)),))

SMILE = {"mouthSmile_L": 0.9, "mouthSmile_R": 0.9, "cheekSquint_L": 0.5, "cheekSquint_R": 0.5}
TALK = {"jawOpen": 0.35, "mouthFunnel": 0.3}
FROWN = {"browDown_L": 0.8, "browDown_R": 0.8, "mouthFrown_L": 0.6, "mouthFrown_R": 0.6}
WONDER = {
    "browInnerUp_L": 0.7,
    "browInnerUp_R": 0.7,
    "browOuterUp_L": 0.6,
    "browOuterUp_R": 0.6,
    "jawOpen": 0.2,
}
CALM: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Scene:
    """One recording and what the demo expects of it."""

    path: str
    label: str
    expected: tuple[str, ...]
    attack: str | None = None


SCENES = (
    Scene("owner/poses", "owner, other poses, evening light", ("granted",)),
    Scene("owner/expressions", "owner, other expressions", ("granted",)),
    Scene("stranger-1/visit", "first stranger", ("no-match",)),
    Scene("stranger-2/visit", "second stranger", ("no-match",)),
    Scene("owner/photo-flat", "owner's photograph, flat", ("not-live",), "flat-photo"),
    Scene("owner/photo-bent", "owner's photograph, bent", ("not-live",), "bent-photo"),
    Scene("nobody/empty-room", "empty room", ("retry",)),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--face-model", type=Path, required=True, help="npz written by import-face-model")
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
    parser.add_argument(
        "--seed", type=options.seed, default=7, help="of the people and all noise (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Render and write; returns 0."""
    places.refuse_taken_folder(arguments.out)
    model = load_face_model(arguments.face_model)
    with progress_bar(1 + len(SCENES), "recordings") as advance:
        write_recordings(model, arguments.out, arguments.seed, progress=advance)
    return 0


def write_recordings(
    model: FaceModel,
    root: Path,
    seed: int,
    compression: int = 9,
    progress: Callable[[int], object] = lambda _: None,
) -> None:
    """All recordings and `attempts.json`, which lists them; `compression` is the PNGs', 0 to 9.

    `progress` is told of each recording.
    """
    regions = find_regions(model)
    owner, first, *others = (
        draw_person(model, regions, np.random.default_rng([seed, n])) for n in range(2 + DOUBLES)
    )
    second = min(others, key=lambda other: _colour_difference(owner, other, regions.cheek > 0.3))
    rng = np.random.default_rng([seed, 100])
    _write(root / "owner/enrol", _enrolment(model, owner, rng), None, seed, compression)
    progress(1)
    for scene in SCENES:
        person = {"stranger-1": first, "stranger-2": second}.get(scene.path.split("/", maxsplit=1)[0], owner)
        _write(root / scene.path, _play(scene, model, person, rng), scene.attack, seed, compression)
        progress(1)
    attempts = [
        {"capture": scene.path, "label": scene.label, "expected": list(scene.expected)} for scene in SCENES
    ]
    document = {"format": 1, "enrol": "owner/enrol", "attempts": attempts}
    (root / "attempts.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _colour_difference(one: Person, other: Person, where: npt.NDArray[np.bool_]) -> float:
    """How far apart two people's skin is; the second stranger has nearly the owner's."""
    return float(np.abs(np.sqrt(one.albedo[where]).mean(0) - np.sqrt(other.albedo[where]).mean(0)).sum())


def _write(folder: Path, frames: Iterator[Frame], attack: str | None, seed: int, compression: int) -> None:
    with CaptureWriter(
        folder,
        driver=RENDERED,
        serial=f"seed-{seed}",
        subject=folder.parent.name,
        attack=attack,
        compression=compression,
    ) as writer:
        for frame in frames:
            writer.write(frame)


def _enrolment(model: FaceModel, owner: Person, rng: np.random.Generator) -> Iterator[Frame]:
    """Straight ahead, then the head turned in a circle."""
    circle = np.linspace(0, 2 * np.pi, ENROLMENT_FRAMES - 2, endpoint=False)
    poses = [(0.0, 0.0), (2.0, 1.0)] + [(20 * np.cos(a), 17 * np.sin(a)) for a in circle]
    views = [_view(float(yaw), float(pitch), 430, rng) for yaw, pitch in poses]
    return film(model, owner, views, [_weights(model, CALM)] * len(views), _room(DAY), rng)


def _play(scene: Scene, model: FaceModel, person: Person, rng: np.random.Generator) -> Iterator[Frame]:
    if scene.attack is not None:
        picture = photograph(model, person, DAY, (200.0, 260.0))
        return film_attack(picture, _sheets(scene.attack, rng), _room(DAY), rng)
    if scene.path.startswith("nobody"):
        return film_room(ATTEMPT_FRAMES, _room(DAY), rng)
    poses = ((14.0, 4.0), (-12.0, 6.0), (6.0, -9.0), (-7.0, -6.0), (10.0, 9.0))
    views = [_view(yaw, pitch, 480, rng) for yaw, pitch in poses]
    if scene.path == "owner/expressions":
        views = [_view(yaw / 2, pitch / 2, 400, rng) for yaw, pitch in poses]
        faces = (SMILE, TALK, FROWN, WONDER, CALM)
        return film(model, person, views, [_weights(model, face) for face in faces], _room(DAY), rng)
    light = EVENING if scene.path == "owner/poses" else DAY
    return film(model, person, views, [_weights(model, CALM)] * len(views), _room(light), rng)


def _sheets(species: str, rng: np.random.Generator) -> list[Sheet]:
    bend = 120.0 if species == "bent-photo" else float("inf")
    return [
        Sheet(
            species,
            size_mm=(200.0, 260.0),
            bend_radius_mm=bend,
            tilt_deg=(float(rng.uniform(-8, 8)), float(rng.uniform(-8, 8))),
            position_mm=(float(rng.normal(0, 5)), float(rng.normal(0, 5)), float(rng.uniform(400, 450))),
        )
        for _ in range(ATTEMPT_FRAMES)
    ]


def _view(yaw_deg: float, pitch_deg: float, far_mm: float, rng: np.random.Generator) -> View:
    x, y, z, roll = rng.normal((0, 10, far_mm, 0), (8, 5, 10, 2))
    return View(yaw_deg, pitch_deg, float(roll), (float(x), float(y), float(z)))


def _room(light: Light) -> Room:
    stains = (np.random.default_rng(11).normal(size=(6, 9)) * 16).astype(np.float32)
    backdrop = Backdrop(distance_mm=1600, slant=(0.1, 0.02), colour=(150.0, 158.0, 154.0), pattern=stains)
    # Little grain, as after a camera's own denoising: noise is what fills a PNG.
    return Room(light, backdrop, CAMERAS["d435-small"], torso_seed=3, grain=(0.25, 0.4))


def _weights(model: FaceModel, face: dict[str, float]) -> Real:
    """Expression weights by name; movements that a model lacks are left out."""
    return np.array([face.get(name, 0.0) for name in model.expression_names], np.float32)
