"""Camera drivers of other packages, found by the entry-point group `facelatch.cameras`."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from facelatch.cameras import Camera
from facelatch.cameras.guarded import FAILURES, describe, guard
from facelatch.errors import CameraError, ConfigError, FacelatchError
from facelatch.fields import printable, show

GROUP = "facelatch.cameras"


def installed_drivers() -> dict[str, list[str]]:
    """The names of drivers and, for each, the packages that bring one of that name."""
    found: dict[str, list[str]] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, []).append(_package(entry))
    return {name: sorted(packages) for name, packages in sorted(found.items())}


def open_installed(driver: str, settings: object, built_in: tuple[str, ...]) -> Camera:
    """The camera that the one package with this driver opens, guarded against its mistakes.

    Raises `ConfigError` for a driver that is not there, is there twice or is broken, and `CameraError` for
    one that fails in a way of its own; our own errors pass.
    """
    entry = _choose(driver, built_in)
    package = _package(entry)
    name = f"the camera driver {printable(driver)} of package {package}"
    try:
        opener = entry.load()
    except FAILURES as error:
        raise ConfigError(
            f"{name} cannot be loaded ({describe(error)}); install that package anew"
        ) from error
    if not callable(opener):
        raise ConfigError(
            f"{name} must be something that opens a camera, found {show(opener)}; tell its makers"
        )
    return guard(_open(opener, settings, name), driver, name)


def _choose(driver: str, built_in: tuple[str, ...]) -> EntryPoint:
    found = tuple(entry_points(group=GROUP, name=driver))
    if not found:
        known = ", ".join(dict.fromkeys((*built_in, *installed_drivers())))
        raise ConfigError(
            f"there is no camera driver {show(driver)}; known are {known}; "
            "set camera.driver to one of them, or install the package that brings it"
        )
    if len(found) > 1:
        packages = ", ".join(sorted(_package(entry) for entry in found))
        raise ConfigError(
            f"several packages bring a camera driver {printable(driver)}: {packages}; uninstall all but one"
        )
    return found[0]


def _open(opener: Callable[[Any], Any], settings: object, name: str) -> Any:
    try:
        return opener(settings)
    except (FacelatchError, MemoryError):
        raise
    except FAILURES as error:
        raise CameraError(
            f"{name} failed to open its camera ({describe(error)}); check the camera, or tell the driver's makers"
        ) from error


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module
