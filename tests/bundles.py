"""Model bundles around the tiny random networks of tests/data/models."""

import hashlib
from pathlib import Path

from facelatch.card import CARD_FILE, ENCODER_FILE, Bundle, to_json
from tests.factories import make_card

MODELS = Path(__file__).parent / "data" / "models"


def make_bundle(model: str = "encoder", data: bytes | None = None) -> Bundle:
    """A bundle whose card names the file `model` or the bytes `data`, and always says 112 px and 128-d."""
    encoder = (MODELS / f"{model}.tflite").read_bytes() if data is None else data
    return Bundle(make_card(hashlib.sha256(encoder).hexdigest()), encoder)


def write_bundle(folder: Path, bundle: Bundle) -> Path:
    """The folder, now holding the bundle's two files."""
    folder.mkdir(parents=True)
    (folder / ENCODER_FILE).write_bytes(bundle.encoder)
    (folder / CARD_FILE).write_text(to_json(bundle.card))
    return folder
