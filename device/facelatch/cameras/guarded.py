"""A foreign driver's camera, held to the protocol: whatever it does wrong is a `CameraError`."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from facelatch.cameras import Camera, Resettable
from facelatch.errors import CameraError, ConfigError, FacelatchError
from facelatch.fields import printable, show
from facelatch.frames import Frame

FAILURES = (Exception, SystemExit)
"""What a driver's code may raise: a library that gives up by `sys.exit` must not end the daemon."""


def guard(camera: Any, driver: str, name: str) -> Camera:
    """The camera behind checks; `name` says in messages whose it is. Raises `ConfigError` for what is none."""
    try:
        serial = _check(camera, name)
        kind = GuardedResettable if isinstance(camera, Resettable) else GuardedCamera
        return kind(camera, driver, serial, name)
    except BaseException:
        # Nobody else knows of it, and its device is open.
        with suppress(*FAILURES):
            camera.close()
        raise


def _check(camera: Any, name: str) -> str:
    """The camera's serial number, if it is a camera."""
    missing = [part for part in ("frames", "close") if not callable(_part(camera, part))]
    try:
        serial = getattr(camera, "serial", None)
    except FacelatchError:
        raise
    except FAILURES as error:
        # Its device may have gone meanwhile, and come back: no fault of the settings.
        raise CameraError(
            f"{name} does not tell its camera's serial number ({describe(error)}); check the camera"
        ) from error
    if isinstance(serial, str) and not missing:
        return serial
    if not isinstance(serial, str):
        missing.append("serial (text)")
    raise ConfigError(
        f"{name} opened {show(camera)}, which is no camera: it has no {', '.join(missing)}; tell its makers"
    )


class GuardedCamera:
    """Passes on frames, and our own errors; everything else becomes a `CameraError`."""

    def __init__(self, camera: Any, driver: str, serial: str, name: str) -> None:
        self._camera = camera
        self._name = name
        self.driver = driver
        self.serial = serial

    def frames(self) -> Iterator[Frame]:
        """Yield frames, and nothing that is none."""
        try:
            for frame in self._camera.frames():
                if not isinstance(frame, Frame):
                    raise CameraError(f"{self._name} gave {show(frame)} for a frame; tell its makers")
                yield frame
        except (FacelatchError, MemoryError):
            raise
        except FAILURES as error:
            raise CameraError(f"{self._name} failed ({describe(error)}); tell its makers") from error

    def close(self) -> None:
        """Free the device; what goes wrong meanwhile concerns nobody any more."""
        with suppress(*FAILURES):
            self._camera.close()


class GuardedResettable(GuardedCamera):
    """One whose device can be reset."""

    def reset(self) -> None:
        """Reset the device itself."""
        try:
            self._camera.reset()
        except FacelatchError:
            raise
        except FAILURES as error:
            raise CameraError(f"{self._name} could not reset its camera ({describe(error)})") from error


def _part(camera: Any, name: str) -> Any:
    """What the camera has under that name; a property that fails is none."""
    try:
        return getattr(camera, name, None)
    except FAILURES:
        return None


def describe(error: BaseException) -> str:
    """An exception on one line, with its class; one that cannot say what it is has its class alone."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    return printable(f"{type(error).__name__}: {text}" if text else type(error).__name__)
