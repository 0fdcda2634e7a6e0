"""Channels of one activation brought to like ranges before a network is quantised; what it computes stays the same.

An int8 runtime has one scale for all channels of an activation, so that the loudest leaves few steps to the quiet
ones. Where a channel is divided by a number and the weights that read it are multiplied by the same, nothing changes in
real numbers: a ReLU and a maximum pass positive factors on.
Sources: Nagel et al., "Data-free quantization through weight equalization and bias correction", ICCV 2019, section
4.1; the exponent between activations and weights as in Xiao et al., "SmoothQuant", ICML 2023, equation 4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]
Tensors = Sequence[npt.NDArray[np.float32]]

SHARE = 0.75
"""How much of the channels' ranges the factors take away; the rest is left for the weights that read them."""

_FACTORS = (1e-2, 1e2)
"""Of a channel, from and to: what hardly ever speaks is not blown up beyond all measure."""

_QUIETEST = 1e-3
"""The least range that counts, of the widest one's; a channel that never speaks has none."""

_BATCH = 50

_LAST = "channels_last"


@dataclass(frozen=True, slots=True)
class _Reader:
    """A layer that reads an activation's channels, from which of its inputs on, at how many places each."""

    layer: Any
    offset: int
    places: int


def equalised(model: Any, tensors: Tensors) -> Any:
    """A copy of a Keras encoder with the same outputs whose activations' channels have like ranges on `tensors`.

    `tensors` are (size, size, 4) each. Of a network that is not built from batch normalisations between convolutions
    and dense layers, what is not is left as it is.
    """
    import keras  # noqa: PLC0415 - takes seconds to load

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    sources = [(layer, *found) for layer in copy.layers if (found := _source(layer)) is not None]
    if not sources:
        return copy
    ranges = _ranges(copy, [spoken for _, spoken, _ in sources], tensors)
    # From input to output; ranges of an activation do not change by the factors of those before it.
    for (normalisation, _, readers), heard in zip(sources, ranges, strict=True):
        _scale(normalisation, readers, factors(heard, _read_ranges(readers, len(heard))))
    return copy


def factors(heard: Real, read: Real) -> Real:
    """What each channel is to be divided by: (channels,), geometric mean 1.

    `heard` (channels,) are the greatest activations, `read` (channels,) the greatest weights that read them.
    """
    loud, wide = (np.maximum(one / max(float(one.max()), 1e-12), _QUIETEST) for one in (heard, read))
    found = loud**SHARE / wide ** (1 - SHARE)
    found = found / np.exp(np.log(found).mean())
    clipped: Real = np.clip(found, *_FACTORS).astype(np.float32)
    return clipped


def _source(layer: Any) -> tuple[Any, list[_Reader]] | None:
    """Where a batch normalisation's result is quantised, and who reads it; None for what cannot be scaled."""
    from keras import layers  # noqa: PLC0415

    if not isinstance(layer, layers.BatchNormalization) or not (layer.scale and layer.center):
        return None
    if not _is_applied_once(layer) or layer.axis not in (-1, len(layer.output.shape) - 1):
        return None
    after = _after(layer)
    spoken = after[0] if len(after) == 1 and _is_plain_relu(after[0]) else layer
    try:
        readers = list(_readers(spoken, 0, 1, int(spoken.output.shape[-1])))
    except _UnknownReaderError:
        return None
    return (spoken, readers) if readers else None


class _UnknownReaderError(Exception):
    """A layer that is not known to pass factors on, or the network's output."""


def _readers(layer: Any, offset: int, places: int, channels: int) -> Iterator[_Reader]:
    from keras import layers  # noqa: PLC0415

    following = _after(layer)
    if not following:
        raise _UnknownReaderError
    for reader in following:
        if getattr(reader, "data_format", _LAST) != _LAST or not _is_applied_once(reader):
            raise _UnknownReaderError
        if _is_reader(reader):
            yield _Reader(reader, offset, places)
        elif isinstance(reader, layers.MaxPooling2D | layers.Dropout):
            yield from _readers(reader, offset, places, channels)
        # All channels must be this activation's: those of several alternate from place to place.
        elif isinstance(reader, layers.Flatten) and layer.output.shape[-1] == channels:
            yield from _readers(reader, 0, int(np.prod(layer.output.shape[1:-1])), channels)
        elif isinstance(reader, layers.Concatenate) and reader.axis in (-1, len(layer.output.shape) - 1):
            yield from _readers(reader, offset + _begins_at(layer, reader), places, channels)
        else:
            raise _UnknownReaderError


def _is_reader(layer: Any) -> bool:
    """Whether each of a layer's weights reads one channel. In Keras a depthwise convolution is no `Conv2D`."""
    from keras import layers  # noqa: PLC0415

    if isinstance(layer, layers.Conv2D):
        return bool(layer.groups == 1)
    return isinstance(layer, layers.Dense) or (_is_depthwise(layer) and layer.depth_multiplier == 1)


def _after(layer: Any) -> list[Any]:
    """The layers that a layer's output goes to; Keras has no public list of them."""
    return [node.operation for node in layer._outbound_nodes]


def _is_applied_once(layer: Any) -> bool:
    """Whether a layer has one place in the network: factors of one place would be wrong at another."""
    return len(layer._inbound_nodes) == 1


def _is_plain_relu(layer: Any) -> bool:
    from keras import layers  # noqa: PLC0415

    plain = isinstance(layer, layers.ReLU) and layer.max_value is None and _is_applied_once(layer)
    return plain and not layer.negative_slope and not layer.threshold


def _begins_at(layer: Any, concatenation: Any) -> int:
    before = 0
    for one in concatenation.input:
        if one is layer.output:
            return before
        before += int(one.shape[-1])
    raise _UnknownReaderError


def _ranges(model: Any, spoken: Sequence[Any], tensors: Tensors) -> list[Real]:
    """The greatest magnitude of each channel of each layer's output."""
    import keras  # noqa: PLC0415

    # A dictionary, because Keras gives a list of one output without the list.
    probe = keras.Model(model.input, {str(place): layer.output for place, layer in enumerate(spoken)})
    found: list[Real] = []
    for start in range(0, len(tensors), _BATCH):
        outputs = probe(np.stack(tensors[start : start + _BATCH]), training=False)
        loud = [np.abs(np.asarray(outputs[str(place)])) for place in range(len(spoken))]
        peaks = [one.reshape(-1, one.shape[-1]).max(0) for one in loud]
        found = [np.maximum(*pair) for pair in zip(found, peaks, strict=True)] if found else peaks
    return found


def _read_ranges(readers: Sequence[_Reader], channels: int) -> Real:
    """The greatest weight that reads each channel, of the greatest of each filter, which has a scale of its own.

    A depthwise filter reads one channel alone: no factor makes its weights coarser.
    """
    widest = np.zeros(channels, np.float32)
    for reader in readers:
        kernel = np.abs(reader.layer.kernel.numpy())
        if _is_depthwise(reader.layer):
            continue
        filters = kernel.reshape(-1, kernel.shape[-1])
        shares = (kernel / np.maximum(filters.max(0), 1e-12)).max(-1)
        widest = np.maximum(widest, _of_channels(shares, reader, channels).max(0))
    return widest if widest.any() else np.ones(channels, np.float32)


def _of_channels(by_input: Real, reader: _Reader, channels: int) -> Real:
    """The rows (n, channels) of an array whose last axis is a layer's inputs: (..., inputs)."""
    inputs = by_input[..., reader.offset : reader.offset + reader.places * channels]
    return inputs.reshape(-1, channels)


def _scale(normalisation: Any, readers: Sequence[_Reader], divisors: Real) -> None:
    normalisation.gamma.assign(normalisation.gamma / divisors)
    normalisation.beta.assign(normalisation.beta / divisors)
    for reader in readers:
        kernel = reader.layer.kernel.numpy()
        inputs = slice(reader.offset, reader.offset + reader.places * len(divisors))
        # The inputs are the last axis but one of every kernel: (..., inputs, filters).
        kernel[..., inputs, :] *= np.tile(divisors, reader.places)[:, None]
        reader.layer.kernel.assign(kernel)


def _is_depthwise(layer: Any) -> bool:
    from keras import layers  # noqa: PLC0415

    return isinstance(layer, layers.DepthwiseConv2D)
