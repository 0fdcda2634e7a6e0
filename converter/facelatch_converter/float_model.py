"""A Keras encoder as a float TFLite file, so that processes without TensorFlow can run it."""

import tempfile
from pathlib import Path

from facelatch_converter.errors import ConversionError
from facelatch_converter.processes import processes
from facelatch_converter.quantise import CHANNELS, load_keras
from facelatch_converter.quiet import without_stderr


def convert(path: Path) -> tuple[bytes, int]:
    """The file's bytes and the side of its input in pixels; raises `ConversionError` for what is no encoder.

    Works in a process of its own: tflite-runtime fails in one that has loaded TensorFlow.
    """
    with processes(1) as pool:
        return pool.submit(_convert, path).result()


def _convert(path: Path) -> tuple[bytes, int]:
    model = load_keras(path)
    size_px = int(model.input_shape[1])
    try:
        with without_stderr(), tempfile.TemporaryDirectory() as folder:
            import tensorflow as tf  # noqa: PLC0415 - takes seconds to load

            # A fixed batch of one leaves no shape arithmetic in the graph.
            spec = tf.TensorSpec((1, size_px, size_px, CHANNELS), tf.float32)
            model.export(folder, format="tf_saved_model", verbose=False, input_signature=[spec])
            return bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert()), size_px
    except Exception as error:  # The converter's own error class is private.
        raise ConversionError(
            f"{path}: does not convert: {str(error).partition(chr(10))[0][:300]}"
        ) from error
