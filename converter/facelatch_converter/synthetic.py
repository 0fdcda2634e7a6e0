"""Captures of made-up people, rendered when they are read and the same each time."""

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from facelatch.frames import Frame
from facelatch_converter.attacks import draw_sheet
from facelatch_converter.datasets import CaptureRef
from facelatch_converter.face_model import FaceModel, load_face_model
from facelatch_converter.held_out import UNLOCK
from facelatch_converter.people import Person, draw_person
from facelatch_converter.protocols.takes import sway
from facelatch_converter.regions import Regions, find_regions
from facelatch_converter.render import View
from facelatch_converter.scenes import Range, draw_backdrop, draw_expression, draw_light, draw_view
from facelatch_converter.staging import CAMERAS, Room, film, film_attack, photograph


def synthetic_captures(
    face_model: Path,
    identities: int,
    captures: int,
    frames: int,
    seed: int,
    *,
    camera: str = "d435",
    limits: Range = UNLOCK,
    attacks: tuple[str, ...] = (),
) -> list[CaptureRef]:
    """`captures` of each of `identities` people, and one of each attack species on each of them.

    Each capture has a light, a room and a pose of its own. The person depends on `seed` and the number alone, so
    that more captures or frames of the same people can be had. Raises `FaceModelError` at once for a bad model.
    """
    _load(face_model)
    live = [
        CaptureRef(
            f"p{person:05d}",
            f"c{number:03d}",
            partial(_film_person, face_model, seed, person, number, frames, camera, limits),
        )
        for person in range(identities)
        for number in range(captures)
    ]
    attacked = [
        CaptureRef(
            f"p{person:05d}",
            species,
            partial(_film_attack, face_model, seed, person, species, frames, camera),
            attack=species,
        )
        for person in range(identities)
        for species in attacks
    ]
    return live + attacked


def known_views(
    face_model: Path, people: int, views: int, seed: int, camera: str = "d435"
) -> Iterator[tuple[Frame, View]]:
    """Frames of people with the view that each was rendered in."""
    model, _ = _load(face_model)
    for person in range(people):
        rng = np.random.default_rng([seed, person, 4])
        for _ in range(views):
            room, view = _room(camera, rng), draw_view(UNLOCK, rng)
            expression = draw_expression(model, rng, strength=0.7)
            yield next(film(model, _person(face_model, seed, person), [view], [expression], room, rng)), view


@lru_cache(maxsize=2)
def _load(face_model: Path) -> tuple[FaceModel, Regions]:
    model = load_face_model(face_model)
    return model, find_regions(model)


@lru_cache(maxsize=4)
def _person(face_model: Path, seed: int, person: int) -> Person:
    model, regions = _load(face_model)
    return draw_person(model, regions, np.random.default_rng([seed, person, 0]))


def _film_person(
    face_model: Path, seed: int, person: int, number: int, frames: int, camera: str, limits: Range
) -> Iterator[Frame]:
    model, _ = _load(face_model)
    rng = np.random.default_rng([seed, person, 1, number])
    room = _room(camera, rng)
    start = draw_view(limits, rng)
    expression = draw_expression(model, rng, strength=0.7)
    # Of its own, so that a longer capture begins with the same frames.
    moves = np.random.default_rng([seed, person, 3, number])
    views = [start] + [sway(start, moves) for _ in range(frames - 1)]
    return film(model, _person(face_model, seed, person), views, [expression] * frames, room, rng)


def _film_attack(
    face_model: Path, seed: int, person: int, species: str, frames: int, camera: str
) -> Iterator[Frame]:
    model, _ = _load(face_model)
    rng = np.random.default_rng([seed, person, 2, *species.encode()])
    position = (float(rng.normal(0, 20)), float(rng.normal(0, 20)), float(rng.uniform(350, 600)))
    sheets = [draw_sheet(species, position, rng) for _ in range(frames)]
    picture = photograph(model, _person(face_model, seed, person), draw_light(rng), sheets[0].size_mm)
    return film_attack(picture, sheets, _room(camera, rng), rng)


def _room(camera: str, rng: np.random.Generator) -> Room:
    return Room(draw_light(rng), draw_backdrop(rng), CAMERAS[camera], int(rng.integers(1 << 30)))
