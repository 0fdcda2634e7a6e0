"""The siamese encoder: one network, applied to both faces of a pair; and the seed work's network as the baseline.

Built from SqueezeNet's fire modules (Iandola et al., 2016): squeeze with 1x1 convolutions, then expand with 1x1 and
3x3 side by side. Here each branch has its own batch normalisation, which folds into the convolution; normalising
after the concatenation would leave multiplications behind that cost an int8 runtime more than the convolutions.
"""

from dataclasses import dataclass
from typing import Any

EMBEDDING_SIZE = 128

STAGES = ((16, 48, 2), (32, 80, 2), (48, 128, 2), (64, 192, 1))
"""(squeeze, expand, modules) of each stage; the picture is halved before each of the first three."""

PLACES, UNITS = 12, 128
"""Channels of the head that keep their place on the face, and hidden units that see all of it at once."""

HIDDEN = "hidden"
"""Begins the names of the layers of the hidden units, which the earlier network lacks, see `earlier`."""

POLE = "pole"
"""Begins the names of the layers that say how far a face is from the pole, see `double`."""

SIDES = "sides"
"""Begins the names of those that say in which direction."""

NETWORK = 3
"""Of the default variant: 1 had no hidden units, 2 no pole."""

VARIANTS = ("default", "seed")


@dataclass(frozen=True, slots=True)
class Kinds:
    """The classes of some of a network's layers; None is Keras' own."""

    normalisation: Any = None
    """Of every batch normalisation."""
    stem: Any = None
    """Of the default variant's first convolution."""
    depthwise: Any = None
    """Of the two convolutions that pool the default variant's last channels."""


KERAS = Kinds()


def build_encoder(variant: str = "default", size_px: int = 112, kinds: Kinds = KERAS) -> Any:
    """A Keras model: (size, size, 4) in [-1, 1] -> (128,), not yet of unit length.

    The last step, L2 normalisation, is left to whoever compares: on the board it happens after dequantising.
    Raises `ValueError` for an unknown variant.
    """
    from keras import layers  # noqa: PLC0415

    if variant == "default":
        return _default(size_px, kinds)
    if variant == "seed":
        return _seed(size_px, kinds.normalisation or layers.BatchNormalization)
    raise ValueError(f"unknown variant {variant!r}; known are {', '.join(VARIANTS)}")


def default_size_px(variant: str) -> int:
    """The side of a variant's input: the seed work took 200 pixels."""
    return 200 if variant == "seed" else 112


def with_regression(encoder: Any, coefficients: int) -> Any:
    """The encoder with a linear head that guesses the known shape coefficients; for training only."""
    from keras import Model, layers  # noqa: PLC0415

    embedding = layers.Activation("linear", dtype="float32", name="embedding")(encoder.output)
    told = before_ending(encoder) if has_pole(encoder) else embedding
    guess = layers.Dense(coefficients, dtype="float32", name="coefficients")(told)
    return Model(encoder.input, [embedding, guess], name="siamese_with_regression")


def has_pole(encoder: Any) -> bool:
    """Whether it is of a network that has one."""
    return POLE in {layer.name for layer in encoder.layers}


def before_ending(encoder: Any) -> Any:
    """What an encoder with a pole finds before the angle is doubled, (batch, 128), the pole's height first."""
    from keras import layers  # noqa: PLC0415

    parts = [encoder.get_layer(f"{name}_normalisation").output for name in (POLE, SIDES)]
    # A name of its own: a loaded network's layers may have the next ones that Keras would give.
    return layers.Concatenate(dtype="float32", name="before_ending")(parts)


def _default(size_px: int, kinds: Kinds) -> Any:
    from keras import Model, initializers, layers  # noqa: PLC0415

    normalisation = kinds.normalisation or layers.BatchNormalization
    stem, depthwise = kinds.stem or layers.Conv2D, kinds.depthwise or layers.DepthwiseConv2D
    face = layers.Input((size_px, size_px, 4), name="face")
    # One convolution without overlap: with four channels in, a first layer at full resolution would take a third
    # of the time and 4 % of the arithmetic. The 3x3 branches that follow see across the seams.
    x = stem(64, 4, strides=4, padding="same", use_bias=False)(face)
    x = layers.ReLU()(normalisation()(x))
    for number, (squeeze, expand, modules) in enumerate(STAGES):
        if number in (1, 2):
            x = layers.MaxPooling2D(2, padding="same")(x)
        for _ in range(modules):
            x = _fire(x, squeeze, expand, normalisation)
    # A depthwise-global head in two steps: 3x3 and 5x5 are the kernels that XNNPACK has fast code for, and one
    # 7x7 kernel took longer than the whole trunk.
    top = x
    x = depthwise(3, use_bias=False)(x)
    x = normalisation()(x)
    x = depthwise(x.shape[1], use_bias=False)(x)
    x = normalisation()(x)
    x = layers.Flatten()(x)
    # In float32 whatever the trunk is trained in: distances of embeddings are what training minimises.
    x = layers.Concatenate(dtype="float32")([x, _hidden(x, top, normalisation)])
    pole = _project(
        x, 1, POLE, normalisation, beta_initializer=initializers.Constant(2 * EMBEDDING_SIZE**0.5)
    )
    sides = _project(x, EMBEDDING_SIZE - 1, SIDES, normalisation)
    return Model(face, double(pole, sides), name="facelatch_encoder")


def _project(x: Any, size: int, name: str, normalisation: Any, **start: Any) -> Any:
    from keras import layers  # noqa: PLC0415

    x = layers.Dense(size, use_bias=False, name=name, dtype="float32")(x)
    return normalisation(name=f"{name}_normalisation", dtype="float32", **start)(x)


def double(pole: Any, sides: Any) -> Any:
    """Twice the angle from the pole, in the same direction: (pole^2 - |sides|^2) / 2 and pole * sides.

    What an encoder is unsure of is short. Cut to unit length it would count as much as what is certain, unless all
    faces had so much in common that hardly anything told them apart; near the pole all of it stays small, and the
    doubled angle gives people the distances that they would have without one.
    """
    from keras import layers, ops  # noqa: PLC0415

    squares = ops.sum(layers.Multiply(dtype="float32")([sides, sides]), axis=1, keepdims=True)
    height = layers.Subtract(dtype="float32")([layers.Multiply(dtype="float32")([pole, pole]), squares])
    half = layers.Rescaling(0.5, dtype="float32")(height)
    around = layers.Multiply(dtype="float32")([pole, sides])
    return layers.Concatenate(dtype="float32")([half, around])


def _hidden(pooled: Any, top: Any, normalisation: Any) -> Any:
    """What a face is as a whole: units that see the pooled channels and, of a few, every place.

    Pooling is linear in the trunk's channels; what a pose or an expression does to all of them at once takes another
    layer. It has a quarter of the weights and a hundredth of the arithmetic.
    """
    from keras import layers  # noqa: PLC0415

    places = layers.Conv2D(PLACES, 1, use_bias=False, name=f"{HIDDEN}_places")(top)
    places = layers.ReLU()(normalisation(name=f"{HIDDEN}_places_normalisation")(places))
    x = layers.Concatenate()([pooled, layers.Flatten()(places)])
    x = layers.Dense(UNITS, use_bias=False, name=f"{HIDDEN}_units", dtype="float32")(x)
    return layers.ReLU(dtype="float32")(
        normalisation(name=f"{HIDDEN}_units_normalisation", dtype="float32")(x)
    )


def _convolve(x: Any, filters: int, kernel: int, normalisation: Any) -> Any:
    from keras import layers  # noqa: PLC0415

    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
    return layers.ReLU()(normalisation()(x))


def _fire(x: Any, squeeze: int, expand: int, normalisation: Any) -> Any:
    from keras import layers  # noqa: PLC0415

    x = _convolve(x, squeeze, 1, normalisation)
    return layers.Concatenate()(
        [_convolve(x, expand, 1, normalisation), _convolve(x, expand, 3, normalisation)]
    )


def _seed(size_px: int, normalisation: Any) -> Any:
    """The network of the seed work, layer for layer: 32.0 M parameters at 200 pixels."""
    from keras import Model, layers  # noqa: PLC0415

    face = layers.Input((size_px, size_px, 4), name="face")
    x = layers.Conv2D(64, 5, strides=2)(face)
    x = layers.ReLU()(normalisation()(x))
    x = layers.MaxPooling2D(3, 2)(x)
    for number, width in enumerate((16, 16, 32, 32, 48, 48, 64, 64)):
        if number in (2, 4):
            x = layers.MaxPooling2D(3, 2)(x)
        x = _seed_fire(x, width)
    x = layers.Dropout(0.2)(x)
    x = layers.Conv2D(512, 1, activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(512, activation="relu")(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Dense(EMBEDDING_SIZE)(x)
    return Model(face, x, name="seed_encoder")


def _seed_fire(x: Any, width: int) -> Any:
    from keras import layers  # noqa: PLC0415

    x = layers.Conv2D(width, 1, activation="relu")(x)
    narrow = layers.Conv2D(width, 1, activation="relu")(x)
    wide = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    return layers.Concatenate()([narrow, wide])
