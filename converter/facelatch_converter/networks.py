"""Networks as training runs them: which layers, in which precision, with whose weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from facelatch_converter import architecture
from facelatch_converter.earlier import fit_weights
from facelatch_converter.errors import ConversionError


def build(variant: str, kinds: architecture.Kinds = architecture.KERAS) -> Any:
    """An encoder of a variant at its own size, with random weights."""
    return architecture.build_encoder(variant, architecture.default_size_px(variant), kinds)


def take_over(encoder: Any, target: Any, variant: str, source: str) -> None:
    """Copy an encoder's weights; raises `ConversionError`, which names the source, for another network's."""
    try:
        target.set_weights(fit_weights(target, encoder.get_weights()))
    except ValueError as error:
        raise ConversionError(
            f"{source}: is another network than the {variant} variant ({str(error).splitlines()[0]})"
        ) from None


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers built inside compute in this precision."""
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(usual)
