"""The int8 encoder on a TFLite runtime: a tensor in, an embedding out.

No other module imports a runtime.
"""

import importlib
import importlib.metadata
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch import tflite_file
from facelatch.card import Bundle
from facelatch.errors import ConfigError, ModelError
from facelatch.quantise import Quantisation

Real = npt.NDArray[np.float32]

STDERR_FD = 2
RUNTIMES: Mapping[str, str] = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
"""The name in the config, which is the pip package's too, and the module that holds `Interpreter`."""


def load_interpreter(runtime: str) -> Callable[..., Any]:
    """The runtime's `Interpreter` class; `ConfigError` where it is unknown or does not load."""
    if runtime not in RUNTIMES:
        raise ConfigError(f"the runtime {runtime!r} is unknown; use one of {', '.join(RUNTIMES)}")
    try:
        interpreter: Callable[..., Any] = importlib.import_module(RUNTIMES[runtime]).Interpreter
    except (ImportError, AttributeError) as error:
        other = next(name for name in RUNTIMES if name != runtime)
        raise ConfigError(
            f"the runtime {runtime} does not load ({error}); pip install {runtime}, "
            f'or set runtime = "{other}" under [model]'
        ) from error
    return interpreter


def runtime_version(runtime: str) -> str:
    """The installed version, such as `2.3.0`; `ConfigError` where the runtime does not load."""
    load_interpreter(runtime)
    return importlib.metadata.version(runtime)


class TFLiteModel:
    """Any full-integer model with one int8 input and one int8 output, fed with real numbers.

    `source` names the file in errors. Raises `ModelError` for bytes that are no such model.
    """

    def __init__(self, data: bytes, source: str, runtime: str, threads: int = 1) -> None:
        tflite_file.check(data, source)
        make = load_interpreter(runtime)
        try:
            with _without_chatter():
                self._interpreter = make(model_content=data, num_threads=threads)
                self._interpreter.allocate_tensors()
            inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ModelError(
                f"{source}: {runtime} cannot run this model ({reason}); convert it again"
            ) from error
        self._input, self._input_map = _only_int8(inputs, "input", source)
        self._output, self._output_map = _only_int8(outputs, "output", source)
        self.input_shape: tuple[int, ...] = tuple(int(length) for length in inputs[0]["shape"])
        self.output_shape: tuple[int, ...] = tuple(int(length) for length in outputs[0]["shape"])

    @property
    def output_step(self) -> float:
        """What one int8 step of the output is worth."""
        return self._output_map.scale

    def take(self, tensor: Real) -> None:
        """Make the tensor, with its batch axis, the input of the next `invoke`."""
        self._interpreter.set_tensor(self._input, self._input_map.quantise(tensor))

    def invoke(self) -> None:
        """Run the network alone, on the input that it has: what a benchmark of the runtime measures."""
        self._interpreter.invoke()

    def run(self, tensor: Real) -> Real:
        """The model's real output for a real input; both carry the batch axis."""
        self.take(tensor)
        self.invoke()
        return self._output_map.dequantise(self._interpreter.get_tensor(self._output))


class Encoder:
    """A bundle's encoder, ready to run. Not for use by two threads at once."""

    def __init__(self, bundle: Bundle, runtime: str = "ai-edge-litert", threads: int = 1) -> None:
        card, source = bundle.card, bundle.source
        self._model = TFLiteModel(bundle.encoder, source, runtime, threads)
        self.runtime_version = runtime_version(runtime)
        expected_in = (1, card.crop.size_px, card.crop.size_px, len(card.channels))
        _expect("takes", self._model.input_shape, expected_in, source)
        _expect("gives", self._model.output_shape, (1, card.embedding_size), source)

    def embed(self, tensor: Real) -> Real:
        """The L2-normalised embedding of a (size, size, 4) tensor; all NaN where there is none to give.

        A NaN embedding matches nobody: it stands for an input that is not finite or an output of all zeros.
        Raises `ValueError` for a tensor of another shape.
        """
        if tensor.shape != self._model.input_shape[1:]:
            raise ValueError(f"the encoder takes {self._model.input_shape[1:]}, found {tensor.shape}")
        if not np.isfinite(tensor).all():
            return np.full(self._model.output_shape[1], np.nan, np.float32)
        return to_unit(self._model.run(tensor[None])[0])


def to_unit(vector: Real) -> Real:
    """The vector scaled to length 1; all NaN for a zero vector, which has no direction."""
    exact = vector.astype(np.float64)
    length = float(np.linalg.norm(exact))
    if not (np.isfinite(length) and length > 0):
        return np.full_like(vector, np.nan)
    unit: Real = (exact / length).astype(np.float32)
    return unit


def _only_int8(details: list[Any], side: str, source: str) -> tuple[int, Quantisation]:
    if len(details) != 1:
        raise ModelError(
            f"{source}: the model has {len(details)} {side}s, an encoder has one; convert it again"
        )
    kind = np.dtype(details[0]["dtype"])
    if kind != np.int8:
        raise ModelError(
            f"{source}: the model's {side} is {kind.name}, not int8; "
            "quantise it with facelatch-convert quantise"
        )
    scale, zero_point = details[0]["quantization"]
    try:
        return details[0]["index"], Quantisation(float(scale), int(zero_point))
    except ValueError as error:
        raise ModelError(
            f"{source}: the model's {side} is not quantised ({error}); convert it again"
        ) from error


def _expect(verb: str, found: tuple[int, ...], expected: tuple[int, ...], source: str) -> None:
    if found != expected:
        raise ModelError(f"{source}: the model {verb} {found}, its card says {expected}; convert it again")


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep the runtime's `INFO:` lines off the terminal; whatever else it writes is passed on.

    The lines come from C++ and know no setting, so the descriptor itself is turned aside meanwhile.
    """
    try:
        kept = os.dup(STDERR_FD)
    except OSError:  # A process without a terminal or journal has nothing to keep clean.
        yield
        return
    with os.fdopen(os.memfd_create("runtime-stderr"), "w+b") as aside:
        os.dup2(aside.fileno(), STDERR_FD)
        try:
            yield
        finally:
            os.dup2(kept, STDERR_FD)
            os.close(kept)
            aside.seek(0)
            for line in aside:
                if not line.startswith(b"INFO:"):
                    os.write(STDERR_FD, line)
