"""A model bundle from an int8 encoder and what was measured of it: models/<name>/, whole or not at all."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facelatch import card as cards
from facelatch.card import Bundle, Card, OperatingPoint
from facelatch.errors import ConfigError
from facelatch.preprocess import CropSpec
from facelatch_converter import metrics, model_card, places
from facelatch_converter.card_pictures import REPORT_FOLDER
from facelatch_converter.errors import ClaimError, OutputError
from facelatch_converter.evaluate import operating_points
from facelatch_converter.metrics import Comparisons

KERAS_FILE = "encoder.keras"
MODEL_CARD_FILE = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a model before it is measured."""

    name: str
    crop: CropSpec
    licence: str
    training: Mapping[str, Any] = field(default_factory=dict)


def require_card(about: About, out: Path) -> None:
    """Raise `ConfigError` for a bundle folder whose name no card can have."""
    try:
        provisional(b"", about)
    except ValueError as error:
        raise ConfigError(f"--out {out}: the folder's name is the model's: {error}") from None


def provisional(encoder: bytes, about: About) -> Bundle:
    """A bundle good enough to measure with; its card claims nothing that could be used."""
    point = OperatingPoint(fmr=0.5, threshold=1e-6, fnmr=1.0, comparisons=2)
    return Bundle(_card(encoder, about, (point,), point.threshold), encoder)


def fit(encoder: bytes, about: About, measured: Comparisons, target_fmr: float, margin: float) -> Bundle:
    """The bundle whose threshold is `margin` below the loosest that shows `target_fmr` on these comparisons of int8.

    Faces of another kind than the measured ones may lie closer together. Raises `ClaimError` where the comparisons are
    too few, and where the margin leaves nothing or reaches the next claim.
    """
    threshold = metrics.threshold_at_fmr(measured.impostor, target_fmr)
    if not margin < threshold:
        raise ClaimError(
            f"an FMR of {target_fmr:g} is reached at {threshold:.4f}, and a margin of {margin:g} leaves no threshold; "
            "choose a smaller --margin"
        )
    points = {point.fmr: point for point in operating_points(measured)}
    points[target_fmr] = OperatingPoint(
        target_fmr, threshold, measured.fnmr_at(threshold).value, measured.impostor.size
    )
    stricter = max((point.threshold for point in points.values() if point.fmr < target_fmr), default=0.0)
    if margin and threshold - margin <= stricter:
        raise ClaimError(
            f"a margin of {margin:g} below {threshold:.4f} reaches {stricter:.4f}, the threshold of a lower FMR; claim "
            "that one by --fmr, or choose a smaller --margin"
        )
    ordered = tuple(points[fmr] for fmr in sorted(points, reverse=True))
    return Bundle(_card(encoder, about, ordered, threshold - margin), encoder)


def write_bundle(
    folder: Path,
    bundle: Bundle,
    *,
    numbers: Mapping[str, Any],
    keras: Path | None = None,
    report: Path | None = None,
    force: bool = False,
) -> None:
    """Put the bundle at `folder` in one rename, with its model card, the float model and the report if given.

    Raises `OutputError` where something is there already and `force` is not given; the old bundle stays until
    the new one is complete.
    """
    refuse_existing(folder, force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        (fresh / cards.ENCODER_FILE).write_bytes(bundle.encoder)
        (fresh / cards.CARD_FILE).write_text(cards.to_json(bundle.card), encoding="utf-8")
        if keras is not None:
            shutil.copyfile(keras, fresh / KERAS_FILE)
        if report is not None:
            shutil.copytree(report, fresh / REPORT_FOLDER, copy_function=shutil.copyfile)
        text = model_card.with_pictures(model_card.to_markdown(bundle.card, numbers), fresh / REPORT_FOLDER)
        (fresh / MODEL_CARD_FILE).write_text(text, encoding="utf-8")
        cards.load_bundle(fresh)
        fresh.chmod(0o755)  # mkdtemp makes it private, but the daemon's user reads it.
        _swap(fresh, folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}; nothing was changed") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def refuse_existing(folder: Path, force: bool) -> None:
    """Raise `OutputError` for a place that is taken; with `force`, only for one that holds no bundle."""
    if not os.path.lexists(folder):
        places.refuse_unwritable(folder)
        return
    if not force:
        raise OutputError(f"{folder}: is there already; choose another name, or --force to replace it")
    if not (folder / cards.CARD_FILE).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: is no model bundle, so it is not replaced; choose another name")


def _swap(fresh: Path, folder: Path) -> None:
    """Rename into place; an old bundle steps aside first and comes back if that fails."""
    if not folder.exists():
        fresh.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    folder.rename(aside / folder.name)
    try:
        fresh.rename(folder)
    except OSError:
        (aside / folder.name).rename(folder)
        raise
    finally:
        if folder.exists():
            shutil.rmtree(aside, ignore_errors=True)


def _card(encoder: bytes, about: About, points: tuple[OperatingPoint, ...], threshold: float) -> Card:
    return Card(
        name=about.name,
        encoder_sha256=hashlib.sha256(encoder).hexdigest(),
        crop=about.crop,
        operating_points=points,
        threshold=threshold,
        training=about.training,
        licence=about.licence,
        accuracy={},
        pad={},
    )
