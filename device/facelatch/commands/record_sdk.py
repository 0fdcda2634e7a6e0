"""A new file in the RealSense SDK's own format: written beside its place, checked, and only then put there."""

import errno
import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from facelatch.config import Config
from facelatch.errors import CameraError, CaptureError, ConfigError
from facelatch.frames import Frame

SUFFIX = ".db3"


@contextmanager
def kept(
    path: Path, config: Config, warn: Callable[[str], object], sdk: Any = None
) -> Iterator[Iterator[Frame]]:
    """The frames of the live camera, while the SDK writes all it sends; the file is there when the block ends.

    What came before Ctrl-C or a camera's failure is kept as well. A recording that cannot be played is deleted, and
    the `CaptureError` says so.
    """
    _refuse(path, config)
    try:
        folder = tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise CaptureError(
            f"{path}: cannot be recorded to ({error.strerror}); choose a folder that you may write"
        ) from None
    with folder as name:
        partial = Path(name) / path.name
        try:
            with closing(_open(config, sdk, partial)) as camera:
                yield camera.frames()
        except (KeyboardInterrupt, CameraError):
            # The SDK writes the end of the file when the last of its objects is gone.
            gc.collect()
            if partial.exists():
                warn(_kept_or_not(partial, path, config))
            raise
        gc.collect()
        _keep(partial, path, config)


def _refuse(path: Path, config: Config) -> None:
    if config.camera.driver != "realsense" or config.camera.recording:
        raise ConfigError(
            "--sdk records a live RealSense camera; leave --recording and --capture out, and set camera.driver to "
            "realsense and camera.recording to nothing"
        )
    if path.suffix != SUFFIX:
        raise CaptureError(f"{path}: the RealSense SDK writes {SUFFIX} files; give it that ending")
    if path.exists() or path.is_symlink():
        raise CaptureError(f"{path}: is there already; choose a new name, nothing is overwritten")


def _open(config: Config, sdk: Any, record_to: Path | None = None, recording: Path | None = None) -> Any:
    # Imported here, so that a board without the SDK can record to folders.
    from facelatch.cameras.realsense import RealSenseCamera  # noqa: PLC0415
    from facelatch.cameras.realsense_options import parse_options  # noqa: PLC0415

    camera = config.camera
    return RealSenseCamera(
        "" if recording else camera.serial,
        recording,
        round(camera.stall_s * 1000),
        sdk,
        options=parse_options(camera.options),
        record_to=record_to,
    )


def _kept_or_not(partial: Path, path: Path, config: Config) -> str:
    """Keep what came before a failure, and say whether that went well: the failure itself is told by others."""
    try:
        _keep(partial, path, config)
    except CaptureError as error:
        return str(error)
    return f"what came before is kept in {path}"


def _keep(partial: Path, path: Path, config: Config) -> None:
    """Play one frame of the recording, and give it its name, which nobody took meanwhile."""
    try:
        with closing(_open(config, None, recording=partial)) as camera:
            next(camera.frames(), None)
    except (CaptureError, CameraError) as error:
        reason = str(error).removeprefix(f"{partial}: ")
        raise CaptureError(
            f"{path}: the recording is damaged and was deleted ({reason}); record it again"
        ) from None
    gc.collect()
    partial.chmod(0o600)
    try:
        os.link(partial, path)
    except FileExistsError:
        raise CaptureError(f"{path}: appeared meanwhile; nothing is overwritten, record again") from None
    except OSError as error:
        # Not every file system of a memory card knows links.
        if error.errno not in (errno.EPERM, errno.ENOTSUP):
            raise CaptureError(f"{path}: cannot be written ({error.strerror}); record it again") from None
        partial.rename(path)
