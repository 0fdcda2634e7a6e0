"""Networks to measure an encoder against, and int8 networks taking turns on one core.

Everything here is for a process of its own: tflite-runtime fails in one that has loaded TensorFlow.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from facelatch.benchmark import interleave
from facelatch.encoder import TFLiteModel
from facelatch_converter import architecture, quantise
from facelatch_converter.errors import ConverterError
from facelatch_converter.quiet import without_stderr

WARM_UP = 10
"""Rounds before each portion that are not counted."""

_SIDE_PX, _CHANNELS = 64, 256
_TENSORS = 4
"""Of noise, to calibrate with: the ranges do not change the arithmetic."""


@dataclass(frozen=True, slots=True)
class Network:
    """An int8 TFLite file; picklable, each process opens its own."""

    source: str
    """Its name in errors."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Portion:
    """Some rounds of all networks."""

    times_ns: Mapping[str, list[int]]
    """The processor time of each network in each round."""
    busy_ns: int
    """The processor time of the process, between the rounds and the warm-up included."""
    passed_ns: int
    """The wall clock's for the same."""
    core: int | None
    """Which it was bound to; None where the system binds none."""


def make_seed() -> Network:
    """The seed variant with random weights: its arithmetic is a trained one's."""
    with without_stderr():
        import keras  # noqa: PLC0415 - takes seconds to load

        keras.utils.set_random_seed(1)
        size_px = architecture.default_size_px("seed")
        model = architecture.build_encoder("seed", size_px)
    source = "the seed variant with random weights"
    return Network(source, quantise.to_int8(model, _noise(size_px, quantise.CHANNELS), source))


def make_yardstick() -> Network:
    """One large 1x1 convolution, a matrix product and nothing else: 268 million multiply-accumulates."""
    with without_stderr():
        import keras  # noqa: PLC0415

        keras.utils.set_random_seed(1)
        taken = keras.Input((_SIDE_PX, _SIDE_PX, _CHANNELS))
        model = keras.Model(taken, keras.layers.Conv2D(_CHANNELS, 1)(taken))
    source = "the 1x1 convolution"
    return Network(source, quantise.to_tflite(model, list(_noise(_SIDE_PX, _CHANNELS)), source))


def measure(networks: Mapping[str, Network], runtime: str, rounds: int) -> Portion:
    """The networks in turns on one core and one thread, opened as the board opens its encoder.

    Measured is the process's own time on the core: by the wall clock a longer run would be interrupted by others
    more often than a short one, and look slower than it is.
    Raises `ModelError` for a network that does not run, `ConverterError` where the clock is too coarse.
    """
    core = _bind()
    models = [TFLiteModel(network.data, network.source, runtime, threads=1) for network in networks.values()]
    rng = np.random.default_rng(0)
    for model in models:
        model.take(rng.uniform(-1, 1, model.input_shape).astype(np.float32))
    busy, passed = time.process_time_ns(), time.perf_counter_ns()
    times = interleave([model.invoke for model in models], rounds, WARM_UP, time.process_time_ns)
    busy, passed = time.process_time_ns() - busy, time.perf_counter_ns() - passed
    if min(map(min, times)) <= 0:
        raise ConverterError(
            "this system's processor clock is too coarse for one inference; measure elsewhere"
        )
    return Portion(dict(zip(networks, times, strict=True)), busy, passed, core)


def _bind() -> int | None:
    """Bind this process to the last core that it may use: the first has the most other work."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def _noise(size_px: int, channels: int) -> quantise.Tensors:
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (_TENSORS, size_px, size_px, channels)).astype(np.float32)
