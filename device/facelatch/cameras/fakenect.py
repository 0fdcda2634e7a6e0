"""Dumps that fakenect plays in a Kinect's place, looked at first: its answer to a bad one ends the process."""

from pathlib import Path

from facelatch.errors import CaptureError
from facelatch.optics.kinect_depth import HEIGHT, WIDTH

_LEAST_BYTES = {"d": WIDTH * HEIGHT * 2, "r": WIDTH * HEIGHT * 3}
"""How much of an image fakenect hands out, whatever its file holds."""


def check_dump(text: str) -> Path:
    """The folder of a dump that can be played; raises `CaptureError` that names what is wrong with it."""
    if not text:
        raise CaptureError(
            "fakenect plays the folder that FAKENECT_PATH names, which is not set; set it to a dump"
        )
    folder = Path(text)
    try:
        names = (folder / "INDEX.txt").read_text("utf-8", "replace").split("\n")
        for name in names:
            if name:
                _check_file(folder / name, _LEAST_BYTES.get(name[0], 1))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CaptureError(
            f"{folder}: is no dump that fakenect can play ({reason}); record it again"
        ) from None
    return folder


def _check_file(path: Path, least: int) -> None:
    with path.open("rb") as file:
        header = len(file.readline(100))
    size = path.stat().st_size
    if size < least + (header if least > 1 else 0):
        raise CaptureError(f"{path}: is cut short, {size} of {least + header} bytes; record it again")
