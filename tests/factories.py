"""Small made-up parts that many tests need; nothing here looks like a person."""

import numpy as np

from facelatch.card import Card, OperatingPoint
from facelatch.frames import Frame, Intrinsics
from facelatch.matching import EMBEDDING_SIZE, Embedding, Template
from facelatch.preprocess import CropSpec

ENCODER_SHA256 = "0123456789abcdef" * 4
MOMENT = "2026-03-01T07:30:00.250Z"


def make_frame(
    depth_mm: int = 500,
    size: tuple[int, int] = (640, 480),
    *,
    grey: int = 128,
    infrared: int | None = None,
    focal_px: float | None = None,
    timestamp_ns: int = 0,
    noise_seed: int | None = None,
) -> Frame:
    """A frame of one grey level and one depth; `size` is (width, height).

    `infrared` is its grey level or None for a camera without one. `noise_seed` makes every pixel random
    (depth: up to 39 mm more; 0 stays 0), so that a lost, swapped or shifted pixel shows.
    """
    width, height = size
    colour = np.full((height, width, 3), grey, np.uint8)
    depth = np.full((height, width), depth_mm, np.uint16)
    dark = None if infrared is None else np.full((height, width), infrared, np.uint8)
    if noise_seed is not None:
        random = np.random.default_rng(noise_seed)
        colour = random.integers(0, 256, colour.shape, np.uint8)
        depth = np.where(depth > 0, depth + random.integers(0, 40, depth.shape, np.uint16), 0).astype(
            np.uint16
        )
        dark = None if dark is None else random.integers(0, 256, dark.shape, np.uint8)
    focal = width * 0.95 if focal_px is None else focal_px
    return Frame(
        colour=colour,
        depth_mm=depth,
        intrinsics=Intrinsics(fx=focal, fy=focal, cx=width / 2, cy=height / 2),
        timestamp_ns=timestamp_ns,
        infrared=dark,
    )


def make_embedding(seed: int, broken: float | None = None) -> Embedding:
    """A unit vector; two seeds give two directions, about 1.4 apart. `broken` replaces one of its numbers."""
    drawn = np.random.default_rng(seed).normal(size=EMBEDDING_SIZE)
    embedding: Embedding = (drawn / np.linalg.norm(drawn)).astype(np.float32)
    if broken is not None:
        embedding[seed % EMBEDDING_SIZE] = broken
    return embedding


def make_near(embedding: Embedding, distance: float, seed: int = 0) -> Embedding:
    """A unit vector at a Euclidean distance (0 to 2) from another, in a direction that `seed` chooses."""
    start = embedding.astype(np.float64)
    aside = np.random.default_rng((seed, 1)).normal(size=EMBEDDING_SIZE)
    aside -= start * (aside @ start)
    angle = 2 * np.arcsin(distance / 2)
    moved: Embedding = (start * np.cos(angle) + aside / np.linalg.norm(aside) * np.sin(angle)).astype(
        np.float32
    )
    return moved


def make_template(
    user: str = "ada", count: int = 3, seed: int = 1, encoder_sha256: str = ENCODER_SHA256
) -> Template:
    """A template whose first embedding is `make_embedding(seed)` and whose others lie 0.2 from it."""
    first = make_embedding(seed)
    return Template(
        user=user,
        encoder_sha256=encoder_sha256,
        embeddings=np.stack([first, *(make_near(first, 0.2, place) for place in range(count - 1))]),
        made_at=(MOMENT,) * count,
        poses=tuple((float(place), -float(place)) for place in range(count)),
    )


def make_card(encoder_sha256: str = ENCODER_SHA256, threshold: float = 0.8) -> Card:
    """A card that fits this release."""
    return Card(
        name="made-up",
        encoder_sha256=encoder_sha256,
        crop=CropSpec(),
        operating_points=(
            OperatingPoint(fmr=0.01, threshold=0.9, fnmr=0.02, comparisons=5000),
            OperatingPoint(fmr=0.001, threshold=0.8, fnmr=0.05, comparisons=5000),
        ),
        threshold=threshold,
        training={"data": "none", "seed": 1},
        licence="MIT",
        accuracy={"int8": {"eer": 0.02}},
        pad={"flat-photo": {"apcer": 0.0, "n": 10}},
    )
