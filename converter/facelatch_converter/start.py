"""The encoder that a run begins with: only one whose origin says that it fits this release."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facelatch import card, resources
from facelatch.preprocess import CropSpec
from facelatch_converter import records
from facelatch_converter.architecture import default_size_px
from facelatch_converter.errors import ConversionError
from facelatch_converter.runs import ENCODER_FILE, RECORD_FILE

SHA256_KEY = "float_encoder_sha256"
"""Where a card's training record names the `encoder.keras` beside it."""


@dataclass(frozen=True, slots=True)
class Start:
    """An encoder's file and what is known of it."""

    path: Path
    sha256: str
    name: str
    """Of the bundle or the run."""
    crop: CropSpec
    training: Mapping[str, Any]
    """How it was trained, as its card or its run's record says."""


def find_start(path: Path | None) -> Start:
    """The encoder in `path`, or the shipped one for None.

    Raises `ConversionError` where nothing beside it says how its inputs are made, where that is another
    preprocessing than this release's, and where a card names another file; `ModelError` for a bundle that is not whole.
    """
    chosen = resources.default_bundle_folder() / ENCODER_FILE if path is None else path
    if not chosen.is_file():
        hint = (
            "an installed package has none; take the source code's, or name one by --from"
            if path is None
            else "name the encoder.keras of a bundle or of a run"
        )
        raise ConversionError(f"{chosen}: no such file; {hint}")
    digest = hashlib.sha256(chosen.read_bytes()).hexdigest()
    folder = chosen.absolute().parent
    if (folder / card.CARD_FILE).is_file():
        return _of_bundle(chosen, digest, folder)
    if (folder / RECORD_FILE).is_file():
        return _of_run(chosen, digest, folder)
    raise ConversionError(
        f"{chosen}: there is neither a card.json nor a run.json beside it, so nobody knows how its inputs are made; "
        "name the encoder.keras of a bundle or of a run"
    )


def origin(start: Start) -> dict[str, Any]:
    """What a run's record says of the encoder that it began with."""
    return {"name": start.name, "sha256": start.sha256, "training": dict(start.training)}


def _of_bundle(path: Path, digest: str, folder: Path) -> Start:
    found = card.load_bundle(folder).card
    named = found.training.get(SHA256_KEY)
    if named != digest:
        raise ConversionError(
            f"{path}: its card names {str(named)[:12]}, the file is {digest[:12]}; take the encoder.keras of its run"
            if named
            else f"{path}: its card does not name it ({SHA256_KEY}), so it may be another's; make the bundle "
            "again with --keras, or name the encoder.keras of its run"
        )
    return Start(path, digest, found.name, found.crop, found.training)


def _of_run(path: Path, digest: str, folder: Path) -> Start:
    record = records.read_record(folder / RECORD_FILE)
    records.require_preprocessing(record, path)
    tuned = record.get("fine_tuning") or {}
    # A run from scratch has the crop of its variant.
    usual = CropSpec(size_px=default_size_px(str(record["arguments"].get("variant"))))
    return Start(path, digest, folder.name, CropSpec(**tuned["crop"]) if "crop" in tuned else usual, record)
