"""Options that choose frames, model and store in place of the config's, and what they open."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2

from facelatch import resources
from facelatch.acquisition import acquire
from facelatch.attempts import Examine
from facelatch.cameras import Camera
from facelatch.cameras.drivers import DriverSettings, open_camera
from facelatch.card import Bundle, load_bundle
from facelatch.config import Config, StoreSettings, effective_threshold, load
from facelatch.encoder import RUNTIMES, Encoder
from facelatch.locate import Locator
from facelatch.progress import Progress
from facelatch.store import Store


@dataclass(frozen=True, slots=True)
class Model:
    """An encoder that is loaded, with what goes before it."""

    bundle: Bundle
    examine: Examine
    threshold: float


def add_source(parser: argparse.ArgumentParser) -> None:
    """`--recording` and `--capture`, one of them at most."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--recording",
        type=Path,
        metavar="FILE",
        help="frames from a file of the RealSense SDK's recorder (.db3, .bag), not from the camera",
    )
    group.add_argument(
        "--capture",
        type=Path,
        metavar="FOLDER",
        help="frames from a folder made by `facelatch record`, not from the camera",
    )


def add_model(parser: argparse.ArgumentParser, usual: str = "the config's") -> None:
    """`--bundle` and `--runtime`; `usual` says where they come from when they are left out."""
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", help=f"the model (default: {usual})")
    parser.add_argument("--runtime", choices=tuple(RUNTIMES), help=f"the TFLite runtime (default: {usual})")


def add_store(parser: argparse.ArgumentParser) -> None:
    """`--store`."""
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", help="the folder of the templates (default: the config's)"
    )


def to_config(arguments: argparse.Namespace) -> Config:
    """The settings of the config file, with those that the command line names in their place."""
    config = load(arguments.config)
    given = vars(arguments)
    if given.get("bundle") is not None:
        config = replace(config, model=replace(config.model, bundle=str(given["bundle"])))
    if given.get("runtime") is not None:
        config = replace(config, model=replace(config.model, runtime=given["runtime"]))
    if given.get("store") is not None:
        config = replace(config, store=StoreSettings(folder=str(given["store"].absolute())))
    for option, driver in (("recording", "realsense"), ("capture", "replay")):
        if given.get(option) is not None:
            camera = replace(config.camera, driver=driver, serial="", recording=str(given[option]))
            if driver != config.camera.driver:
                camera = replace(camera, options={})  # They are another driver's.
            config = replace(config, camera=camera)
    return config


def to_model(config: Config) -> Model:
    """The model that the settings name, loaded and ready; OpenCV keeps to the same number of cores."""
    cv2.setNumThreads(config.model.threads)
    bundle = load_bundle(resources.bundle_folder(config.model.bundle))
    threshold = effective_threshold(bundle.card.threshold, config)
    encoder = Encoder(bundle, config.model.runtime, config.model.threads)
    examine = partial(
        acquire, locator=Locator(), embedder=encoder, spec=bundle.card.crop, clock=time.perf_counter_ns
    )
    return Model(bundle, examine, threshold)


def to_camera(
    config: Config,
    longest_wait_s: float = 60.0,
    open_named: Callable[[str, DriverSettings], Camera] = open_camera,
) -> Camera:
    """The camera or recording that the settings name, open; stalls are noticed within `longest_wait_s`."""
    return open_named(config.camera.driver, to_driver_settings(config, longest_wait_s))


def to_driver_settings(config: Config, longest_wait_s: float = 60.0) -> DriverSettings:
    """What a driver is told of the settings."""
    settings = config.camera
    return DriverSettings(
        serial=settings.serial,
        recording=Path(settings.recording) if settings.recording else None,
        stall_s=min(settings.stall_s, longest_wait_s),
        options=settings.options,
    )


def to_store(config: Config) -> Store:
    """The templates' store."""
    key = config.store.key
    return Store(Path(config.store.folder), Path(key) if key else None)


def to_progress() -> Progress:
    """Progress on standard error, which leaves standard output to the result."""
    return Progress(sys.stderr, columns=lambda: _width(sys.stderr.fileno))


def warn(text: str) -> None:
    """Something that does not stop the command but should be known; nor does nobody being there to read it."""
    with suppress(OSError):
        print(f"facelatch: {text}", file=sys.stderr)


def _width(descriptor: Callable[[], int]) -> int:
    try:
        # A serial console, and a terminal nobody has sized yet, report 0.
        return os.get_terminal_size(descriptor()).columns or 80
    except (OSError, ValueError):
        return 80
