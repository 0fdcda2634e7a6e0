"""A Keras encoder as a full-integer int8 TFLite file: int8 in, int8 out, nothing in between that is not."""

import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.matching import EMBEDDING_SIZE
from facelatch_converter import tflite_inspect
from facelatch_converter.equalise import SHARE, Extent, equalised
from facelatch_converter.errors import ConversionError
from facelatch_converter.quiet import without_stderr

Tensors = npt.NDArray[np.float32]
"""(n, size, size, 4), each as `preprocess.to_tensor` makes it."""

CHANNELS = 4

_ROUNDING = 1e-3


def load_keras(path: Path) -> Any:
    """The float encoder in a `.keras` file; raises `ConversionError` for anything but an encoder."""
    if not path.is_file():
        raise ConversionError(f"{path}: no such file; train one with facelatch-convert train")
    try:
        with without_stderr():
            import keras  # noqa: PLC0415 - takes seconds to load

            model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever the damaged part makes it stumble over.
        reason = str(error).strip().partition("\n")[0]
        raise ConversionError(f"{path}: not a Keras model that can be loaded ({reason})") from error
    require_encoder(model, str(path))
    return model


def require_keras(path: Path, size_px: int) -> None:
    """Pass a `.keras` file that holds an encoder for `size_px`; raises `ConversionError` for any other."""
    found = int(load_keras(path).input_shape[1])
    if found != size_px:
        raise ConversionError(
            f"{path}: takes {found} pixels, the int8 encoder {size_px}; they are two models"
        )


def require_encoder(model: Any, source: str) -> int:
    """The input's side in pixels of a model that is an encoder; raises `ConversionError` for any other."""
    try:
        taken, given = tuple(model.input_shape), tuple(model.output_shape)
    except (AttributeError, TypeError, ValueError, RuntimeError):  # As Keras says it of a layer never called.
        raise ConversionError(
            f"{source}: has no fixed input and output; save a model that is built"
        ) from None
    if len(taken) != 4 or taken[1] is None or taken[1] != taken[2] or taken[3] != CHANNELS:
        raise ConversionError(f"{source}: takes {taken}, an encoder takes (batch, size, size, {CHANNELS})")
    if given[1:] != (EMBEDDING_SIZE,):
        raise ConversionError(f"{source}: gives {given}, an encoder gives (batch, {EMBEDDING_SIZE})")
    return int(taken[1])


def to_int8(model: Any, calibration: Iterable[Tensors], source: str, share: float = SHARE) -> bytes:
    """An encoder's TFLite file; `calibration` gives tensors (size, size, 4) that show what faces look like.

    `share` is as in `equalise`. Raises `ConversionError` for tensors that do not fit and for a network that does not
    become integer.
    """
    return to_int8_equalised(model, calibration, source, share)[0]


def to_int8_equalised(
    model: Any, calibration: Iterable[Tensors], source: str, share: float
) -> tuple[bytes, Extent]:
    """The same, and how much of the network was equalised."""
    size_px = require_encoder(model, source)
    tensors = checked(calibration, size_px, source)
    with equalised(model, tensors, share) as extent:
        data = to_tflite(model, tensors, source)
    require_integer(data, source)
    return data, extent


def checked(calibration: Iterable[Tensors], size_px: int, source: str) -> list[Tensors]:
    """The tensors as float32; raises `ConversionError` for those that do not fit an encoder, and for none."""
    tensors = [_checked(tensor, size_px, source) for tensor in calibration]
    if not tensors:
        raise ConversionError(f"{source}: no tensor to calibrate with; give at least one, better 300")
    return tensors


def to_tflite(model: Any, tensors: Sequence[Tensors], source: str) -> bytes:
    """The int8 TFLite file of any Keras network with one input and one output, calibrated on its inputs.

    Raises `ConversionError` for a network that does not convert; whether all of it is integer is not looked at.
    """
    with without_stderr():
        import tensorflow as tf  # noqa: PLC0415 - takes seconds to load

    try:
        with without_stderr(), tempfile.TemporaryDirectory() as folder:
            # A fixed batch of one leaves no shape arithmetic in the graph.
            spec = tf.TensorSpec((1, *tensors[0].shape), tf.float32)
            model.export(folder, format="tf_saved_model", verbose=False, input_signature=[spec])
            converter = tf.lite.TFLiteConverter.from_saved_model(folder)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
            converter.representative_dataset = lambda: ([tensor[None]] for tensor in tensors)
            return bytes(converter.convert())
    except Exception as error:  # The converter's own error class is private.
        raise ConversionError(f"{source}: {_reason(str(error))}") from error


def require_integer(data: bytes, source: str) -> None:
    """Pass a TFLite encoder that is integer throughout; raises `ConversionError` naming what is not."""
    found = tflite_inspect.inspect(data, source)
    foreign = found.not_integer()
    if foreign:
        raise ConversionError(f"{source}: {_not_integer(foreign)}")
    ports = [*found.inputs, *found.outputs]
    if [port.kind for port in ports] != ["INT8", "INT8"]:
        kinds = ", ".join(f"{port.kind} {port.shape}" for port in ports)
        raise ConversionError(f"{source}: an encoder has one int8 input and one int8 output, found {kinds}")
    size_px = found.inputs[0].shape[1] if len(found.inputs[0].shape) == 4 else 0
    expected = ((1, size_px, size_px, CHANNELS), (1, EMBEDDING_SIZE))
    if tuple(port.shape for port in ports) != expected:
        raise ConversionError(
            f"{source}: an encoder takes (1, size, size, {CHANNELS}) and gives (1, {EMBEDDING_SIZE}), "
            f"found {ports[0].shape} and {ports[1].shape}"
        )


def _checked(tensor: Tensors, size_px: int, source: str) -> Tensors:
    if tensor.shape != (size_px, size_px, CHANNELS):
        raise ConversionError(
            f"{source}: calibration tensors must be {(size_px, size_px, CHANNELS)}, found {tensor.shape}; "
            "make them with the crop that the encoder was trained with"
        )
    low, high = float(tensor.min()), float(tensor.max())
    if not (low >= -1 - _ROUNDING and high <= 1 + _ROUNDING):
        raise ConversionError(
            f"{source}: calibration tensors must lie in [-1, 1], found {low:g} to {high:g}; make them with "
            "preprocess.to_tensor"
        )
    return tensor.astype(np.float32)


def _reason(text: str) -> str:
    """The converter's complaint in one line; it lists the operators that no TFLite runtime has."""
    lists = re.findall(r"(?:TF Select|Custom) ops: (.+)", text)
    names = sorted({name.strip() for found in lists for name in found.split(",")})
    if names:
        return _not_integer(names)
    return f"does not convert: {text.strip().partition(chr(10))[0][:300]}"


def _not_integer(names: list[str]) -> str:
    return f"not full-integer, these operators need floats or TensorFlow: {', '.join(names)}; replace them"
