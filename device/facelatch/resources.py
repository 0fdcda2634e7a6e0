"""Where the files that come with this release lie."""

from collections.abc import Sequence
from pathlib import Path

from facelatch.card import CARD_FILE
from facelatch.errors import CaptureError, ModelError


def bundle_folder(name: str) -> Path:
    """The folder of a bundle as the config names it: `default`, or a path."""
    return default_bundle_folder() if name == "default" else Path(name)


def default_bundle_folder() -> Path:
    """The shipped model: beside the installed package, or in the checkout that the package runs from."""
    package = Path(__file__).resolve().parent
    return find_bundle((package / "models" / "default", package.parents[1] / "models" / "default"))


def demo_folder() -> Path:
    """The recordings that `facelatch demo` plays; a checkout has them, an installed package does not."""
    folder = Path(__file__).resolve().parents[2] / "tests" / "data" / "demo"
    if not folder.is_dir():
        raise CaptureError(
            f"{folder}: the demonstration's recordings come with the source code only; "
            "run it from a checkout, or name a folder by --recordings"
        )
    return folder


def find_bundle(candidates: Sequence[Path]) -> Path:
    """The first folder that holds a card; raises `ModelError` naming all of them."""
    for folder in candidates:
        if (folder / CARD_FILE).is_file():
            return folder
    raise ModelError(
        f"no default model was found in {' or '.join(map(str, candidates))}; "
        "install facelatch again, or name a bundle's folder in the config"
    )
