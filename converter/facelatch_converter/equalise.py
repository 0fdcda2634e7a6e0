"""Channels of one activation brought to like ranges before a network is quantised; what it computes stays the same.

An int8 runtime has one scale for all channels of an activation, so that the loudest leaves few steps to the quiet
ones. Where a channel is divided by a number and the weights that read it are multiplied by the same, nothing changes in
real numbers: a ReLU and a maximum pass positive factors on.
Sources: Nagel et al., "Data-free quantization through weight equalization and bias correction", ICCV 2019, section
4.1, between activations instead of weights, which have a scale for each filter.
"""

from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]
Crops = Sequence[Real]

SHARE = 0.75
"""How much of the differences between channels' ranges is taken away; the rest is left for the weights that read them.
`fidelity` tries others beside it."""

_SAME = 1e-4
"""Of the greatest output: by how much rounding may move one."""

_FACTORS = (1e-2, 1e2)
"""Of a channel, from and to: what hardly ever speaks is not blown up beyond all measure."""

_QUIETEST = 1e-3
"""The least range that counts, of the widest one's; a channel that never speaks has none."""

_BATCH = 50

_LAST = "channels_last"


class Extent(NamedTuple):
    """How much of a network was equalised."""

    equalised: int
    """Batch normalisations whose channels have like ranges."""
    normalised: int
    """Batch normalisations in all."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """A layer that reads an activation's channels."""

    layer: Any
    offset: int
    """The first of its inputs that is one of them."""
    places: int
    """How often all of them come after another, as in a picture that was flattened."""


@contextmanager
def equalised(model: Any, tensors: Crops, share: float = SHARE) -> Iterator[Extent]:
    """Give the activations of a Keras encoder channels of like ranges on `tensors`, for the block; yields how many.

    `tensors` are (size, size, 4) each; `share` is how much of the differences between ranges is taken away. What lies
    between other layers than batch normalisations, convolutions and dense layers is left as it is, and so is a network
    that would compute anything else. After the block the weights are what they were.
    """
    before = model.get_weights()
    try:
        yield _equalise(model, before, tensors, share)
    finally:
        model.set_weights(before)


def _equalise(model: Any, before: Sequence[Real], tensors: Crops, share: float) -> Extent:
    from keras import layers  # noqa: PLC0415 - takes seconds to load

    operations = _operations(model)
    every = sum(isinstance(layer, layers.BatchNormalization) for layer in operations)
    sources = [(layer, *found) for layer in operations if (found := _source(layer, operations)) is not None]
    if not sources:
        return Extent(0, every)
    expected = _outputs(model, tensors)
    # From input to output; ranges of an activation do not change by the factors of those before it.
    ranges = _ranges(model, [spoken for _, spoken, _ in sources], tensors)
    for (normalisation, _, readers), heard in zip(sources, ranges, strict=True):
        _scale(normalisation, readers, factors(heard, share))
    # A layer may do more than its class tells.
    if np.allclose(_outputs(model, tensors), expected, rtol=0, atol=_SAME * np.abs(expected).max()):
        return Extent(len(sources), every)
    model.set_weights(before)
    return Extent(0, every)


def factors(heard: Real, share: float = SHARE) -> Real:
    """What each channel is to be divided by, (channels,): geometric mean 1 before the outermost are held to limits.

    `heard` (channels,) are the greatest activations.
    """
    loud = np.maximum(heard / max(float(heard.max()), 1e-12), _QUIETEST) ** share
    clipped: Real = np.clip(loud / np.exp(np.log(loud).mean()), *_FACTORS).astype(np.float32)
    return clipped


def _source(layer: Any, operations: Container[Any]) -> tuple[Any, list[_Reader]] | None:
    """Where a batch normalisation's result is quantised, and who reads it; None for what cannot be scaled."""
    from keras import layers  # noqa: PLC0415

    if not isinstance(layer, layers.BatchNormalization) or not (layer.scale and layer.center):
        return None
    if not _is_applied_once(layer) or layer.axis not in (-1, len(layer.output.shape) - 1):
        return None
    after = _after(layer, operations)
    spoken = after[0] if len(after) == 1 and _is_plain_relu(after[0]) else layer
    try:
        readers = list(_readers(spoken, operations, 0, 1, int(spoken.output.shape[-1])))
    except _UnknownReaderError:
        return None
    return spoken, readers


class _UnknownReaderError(Exception):
    """A layer that is not known to pass factors on, or the network's output."""


def _readers(
    layer: Any, operations: Container[Any], offset: int, places: int, channels: int
) -> Iterator[_Reader]:
    from keras import layers  # noqa: PLC0415

    following = _after(layer, operations)
    if not following:
        raise _UnknownReaderError
    for reader in following:
        if getattr(reader, "data_format", _LAST) != _LAST or not _is_applied_once(reader):
            raise _UnknownReaderError
        if _is_reader(reader):
            yield _Reader(reader, offset, places)
        elif isinstance(reader, _passing()):
            yield from _readers(reader, operations, offset, places, channels)
        # All channels must be this activation's: those of several alternate from place to place.
        elif isinstance(reader, layers.Flatten) and layer.output.shape[-1] == channels:
            yield from _readers(reader, operations, 0, int(np.prod(layer.output.shape[1:-1])), channels)
        elif isinstance(reader, layers.Concatenate) and reader.axis in (-1, len(layer.output.shape) - 1):
            yield from _readers(reader, operations, offset + _begins_at(layer, reader), places, channels)
        else:
            raise _UnknownReaderError


def _passing() -> tuple[type, ...]:
    """Layers that treat each channel by itself and pass positive factors on."""
    from keras import layers  # noqa: PLC0415

    pools = layers.MaxPooling2D, layers.AveragePooling2D, layers.GlobalAveragePooling2D
    return *pools, layers.Dropout


def _is_reader(layer: Any) -> bool:
    """Whether each of a layer's weights reads one channel; a class of somebody's own may make others of its weights."""
    from keras import layers  # noqa: PLC0415

    known = type(layer) in (layers.Conv2D, layers.Dense, layers.DepthwiseConv2D)
    return known and getattr(layer, "groups", 1) == 1


def _operations(model: Any) -> list[Any]:
    """All layers from input to output; a sequential model keeps its graph to itself."""
    return list((getattr(model, "_functional", None) or model).operations)


def _after(layer: Any, operations: Container[Any]) -> list[Any]:
    """The layers of this network that a layer's output goes to; Keras has no public list of them."""
    return [node.operation for node in layer._outbound_nodes if node.operation in operations]


def _is_applied_once(layer: Any) -> bool:
    """Whether a layer has one place in the network: factors of one place would be wrong at another."""
    return len(layer._inbound_nodes) == 1


def _is_plain_relu(layer: Any) -> bool:
    from keras import activations, layers  # noqa: PLC0415

    if not _is_applied_once(layer):
        return False
    if isinstance(layer, layers.Activation):
        return layer.activation is activations.relu
    return isinstance(layer, layers.ReLU) and layer.max_value is None and not layer.threshold


def _begins_at(layer: Any, concatenation: Any) -> int:
    """Before how many other channels; an activation that is there twice has no one place."""
    inputs = concatenation._inbound_nodes[0].input_tensors
    places = [place for place, one in enumerate(inputs) if one is layer.output]
    if len(places) != 1:
        raise _UnknownReaderError
    return sum(int(one.shape[-1]) for one in inputs[: places[0]])


def _outputs(model: Any, tensors: Crops) -> Real:
    outputs = [np.asarray(model(some, training=False)) for some in _portions(tensors)]
    return np.concatenate(outputs)


def _portions(tensors: Crops) -> Iterator[Real]:
    for start in range(0, len(tensors), _BATCH):
        yield np.stack(tensors[start : start + _BATCH])


def _ranges(model: Any, spoken: Sequence[Any], tensors: Crops) -> list[Real]:
    """The greatest magnitude of each channel of each layer's output."""
    import keras  # noqa: PLC0415

    # A dictionary, because Keras gives a list of one output without the list.
    probe = keras.Model(model.inputs[0], {str(place): layer.output for place, layer in enumerate(spoken)})
    found: list[Real] = []
    for some in _portions(tensors):
        outputs = probe(some, training=False)
        loud = [np.abs(np.asarray(outputs[str(place)])) for place in range(len(spoken))]
        peaks = [one.reshape(-1, one.shape[-1]).max(0) for one in loud]
        found = [np.maximum(*pair) for pair in zip(found, peaks, strict=True)] if found else peaks
    return found


def _scale(normalisation: Any, readers: Sequence[_Reader], divisors: Real) -> None:
    normalisation.gamma.assign(normalisation.gamma / divisors)
    normalisation.beta.assign(normalisation.beta / divisors)
    for reader in readers:
        kernel = reader.layer.kernel.numpy()
        inputs = slice(reader.offset, reader.offset + reader.places * len(divisors))
        # The inputs are the last axis but one of every kernel: (..., inputs, filters).
        kernel[..., inputs, :] *= np.tile(divisors, reader.places)[:, None]
        reader.layer.kernel.assign(kernel)
