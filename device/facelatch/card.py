"""A model bundle: `encoder.tflite` and the `card.json` that says what the file itself cannot.

The card is believed only as far as it can be checked: the sha256 binds the file, the preprocessing version
this release, and an operating point with too few comparisons to show its FMR is refused.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from facelatch import preprocess
from facelatch.errors import ModelError
from facelatch.fields import Fields, build, decode_object
from facelatch.matching import EMBEDDING_SIZE
from facelatch.preprocess import CropSpec

FORMAT = 1
CHANNELS = ("red", "green", "blue", "depth")
ENCODER_FILE = "encoder.tflite"
CARD_FILE = "card.json"

_LARGEST_ENCODER_BYTES = 512 << 20


REACHED_BY = 0.01
"""The share of strangers that is nearer than the enrolment limit."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The errors of one comparison at one threshold, as measured on the int8 model."""

    fmr: float
    threshold: float
    fnmr: float
    comparisons: int
    """Impostor comparisons behind the FMR."""

    def __post_init__(self) -> None:
        """Refuse a claim that its own number of comparisons cannot show."""
        if not 0 < self.fmr < 1 or not 0 <= self.fnmr <= 1 or not 0 < self.threshold <= 2:
            raise ValueError(f"an operating point needs rates and a distance from 0 to 2, found {self}")
        if not self.comparisons * self.fmr >= 1 - 1e-9:
            raise ValueError(
                f"{self.comparisons} impostor comparisons cannot show an FMR of {self.fmr:g}; "
                f"at least {math.ceil(1 / self.fmr)} are needed"
            )


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of an encoder beyond its file."""

    name: str
    encoder_sha256: str
    crop: CropSpec
    operating_points: tuple[OperatingPoint, ...]
    """Stricter points (lower FMR) have lower thresholds."""
    threshold: float
    """The distance in use: at or below it a probe matches."""
    training: Mapping[str, object]
    """Data, loss, seed, identities: free form."""
    licence: str
    accuracy: Mapping[str, object]
    """Measured on the float and on the int8 model: free form."""
    pad: Mapping[str, object]
    """APCER per attack species and BPCER with their numbers: free form."""
    preprocess_version: int = preprocess.VERSION
    channels: tuple[str, ...] = CHANNELS
    embedding_size: int = EMBEDDING_SIZE
    format: int = FORMAT

    def __post_init__(self) -> None:
        """Refuse what this release cannot run, or a threshold that nobody measured."""
        if self.format != FORMAT:
            raise ValueError(
                f"card format {self.format} is unknown, this release reads {FORMAT}; convert again"
            )
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.name):
            raise ValueError(f"name must be 1 to 64 letters, digits, '.', '_' or '-', found {self.name!r}")
        if not re.fullmatch(r"[0-9a-f]{64}", self.encoder_sha256):
            raise ValueError("encoder_sha256 must be 64 lower-case hexadecimal digits")
        if self.channels != CHANNELS or self.embedding_size != EMBEDDING_SIZE:
            raise ValueError(
                f"this release runs encoders of {', '.join(CHANNELS)} with {EMBEDDING_SIZE} numbers, "
                f"found {', '.join(self.channels)} with {self.embedding_size}"
            )
        points = sorted(self.operating_points, key=lambda point: point.fmr)
        if not points or any(strict.threshold > loose.threshold for strict, loose in pairwise(points)):
            raise ValueError("operating_points must hold at least one, and a lower FMR a lower threshold")
        if not 0 < self.threshold <= points[-1].threshold:
            raise ValueError(
                f"threshold {self.threshold} is looser than every measured operating point "
                f"(the loosest is {points[-1].threshold})"
            )

    @property
    def claim(self) -> OperatingPoint:
        """The strictest operating point that the threshold in use keeps to."""
        return min(
            (point for point in self.operating_points if point.threshold >= self.threshold),
            key=lambda point: point.fmr,
        )

    @property
    def enrolment_limit(self) -> float:
        """What one stranger in a hundred is within: two neighbouring poses of one enrolment must keep to it.

        A head turned by 20 degrees is farther from the one before than a visitor from a template of all sides. A card
        that was measured at a higher FMR alone gives its strictest threshold.
        """
        points = self.operating_points
        usual = [point.threshold for point in points if point.fmr <= REACHED_BY]
        return max(usual, default=min(point.threshold for point in points))


@dataclass(frozen=True, slots=True)
class Bundle:
    """A card and the encoder it is bound to, both checked."""

    card: Card
    encoder: bytes
    """The content of the TFLite file."""
    source: str = field(default=ENCODER_FILE, compare=False)
    """The TFLite file, for messages."""


def parse(text: str, source: str) -> Card:
    """The card in `text`; raises `ModelError` that names `source` and what does not fit."""
    fields = decode_object(text, source, ModelError)
    found = fields.whole("format", 0, 1_000_000)
    if found != FORMAT:
        raise ModelError(
            f"{source}: is card format {found}, this release reads {FORMAT}; convert the model again"
        )
    version = fields.whole("preprocess_version", 0, 1_000_000)
    card = build(lambda: _read(fields, version), source, ModelError)
    fields.done()
    return card


def to_json(card: Card) -> str:
    """The card as `parse` reads it; raises `ValueError` for what JSON cannot say, such as NaN."""
    return json.dumps(asdict(card), indent=2, allow_nan=False) + "\n"


def load_bundle(folder: Path) -> Bundle:
    """The bundle in a folder; raises `ModelError` unless it is complete, whole and made for this release."""
    text = _read_file(folder / CARD_FILE)
    try:
        card = parse(text.decode("utf-8"), str(folder / CARD_FILE))
    except UnicodeDecodeError as problem:
        raise ModelError(f"{folder / CARD_FILE}: is not text; the file is damaged or foreign") from problem
    if card.preprocess_version != preprocess.VERSION:
        raise ModelError(
            f"{folder}: needs preprocessing {card.preprocess_version}, this release has "
            f"{preprocess.VERSION}; convert the model again"
        )
    encoder = _read_file(folder / ENCODER_FILE)
    if hashlib.sha256(encoder).hexdigest() != card.encoder_sha256:
        raise ModelError(
            f"{folder}: {ENCODER_FILE} is not the one {CARD_FILE} names; install or convert the model again"
        )
    return Bundle(card, encoder, str(folder / ENCODER_FILE))


def _read(fields: Fields, version: int) -> Card:
    crop = fields.child("crop")
    spec = CropSpec(
        crop.whole("size_px", 1, 4096), crop.real("span_mm", 0, 1e4), crop.real("depth_span_mm", 0, 1e4)
    )
    crop.done()
    return Card(
        name=fields.text("name"),
        encoder_sha256=fields.text("encoder_sha256"),
        crop=spec,
        operating_points=tuple(_read_point(point) for point in fields.children("operating_points")),
        threshold=fields.real("threshold", 0, 2),
        training=fields.mapping("training"),
        licence=fields.text("licence"),
        accuracy=fields.mapping("accuracy"),
        pad=fields.mapping("pad"),
        preprocess_version=version,
        channels=tuple(str(channel) for channel in fields.items("channels")),
        embedding_size=fields.whole("embedding_size", 1, 1_000_000),
    )


def _read_point(fields: Fields) -> OperatingPoint:
    point = OperatingPoint(
        fmr=fields.real("fmr", 0, 1),
        threshold=fields.real("threshold", 0, 2),
        fnmr=fields.real("fnmr", 0, 1),
        comparisons=fields.whole("comparisons", 1, 10**15),
    )
    fields.done()
    return point


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_ENCODER_BYTES + 1)
    except OSError as problem:
        raise ModelError(
            f"{path}: cannot be read ({problem.strerror}); a model bundle is a folder with {CARD_FILE} "
            f"and {ENCODER_FILE}"
        ) from problem
    if len(data) > _LARGEST_ENCODER_BYTES:
        raise ModelError(f"{path}: is larger than {_LARGEST_ENCODER_BYTES >> 20} MiB; it is not an encoder")
    return data
