"""The networks that an evaluation puts through the same renderings: int8 under a runtime, or float."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch.card import Bundle
from facelatch.encoder import Encoder, TFLiteModel, load_interpreter, runtime_version, to_unit
from facelatch.errors import ModelError
from facelatch.matching import EMBEDDING_SIZE, FARTHEST, Embedding
from facelatch.preprocess import CropSpec
from facelatch_converter import float_model
from facelatch_converter.errors import ConversionError
from facelatch_converter.quantise import CHANNELS
from facelatch_converter.start import SHA256_KEY

FLOAT_RUNTIME = "ai-edge-litert"
"""What runs a float network's TFLite file; the board never does."""

Real = npt.NDArray[np.float32]
Embed = Callable[[Real], Embedding]


@dataclass(frozen=True, slots=True)
class Contender:
    """A network to be measured; picklable, each process opens its own."""

    name: str
    spec: CropSpec
    data: bytes
    """A TFLite file."""
    runtime: str
    bundle: Bundle | None = None
    """Where it is the board's own: then the board's own code runs it."""
    is_float: bool = False
    keeps_threshold: bool = True
    """Whether the card's threshold is its own; another network's distances mean something else."""
    enrolment_limit: float = FARTHEST
    """How near to each other the samples of one enrolment must be, and the reach of its sessions. Of another network it
    is not known: by default all samples are near enough, and none is taken for another face's."""

    @property
    def sha256(self) -> str:
        """Of the network, as templates name it."""
        return hashlib.sha256(self.data).hexdigest()

    def open(self) -> Embed:
        """What turns a tensor into an embedding of unit length."""
        if self.bundle is not None:
            return Encoder(self.bundle, self.runtime).embed
        if self.is_float:
            return FloatModel(self.data, self.name).embed
        model = TFLiteModel(self.data, self.name, self.runtime)
        return lambda tensor: to_unit(model.run(tensor[None])[0])


class FloatModel:
    """A float TFLite encoder, fed with single tensors."""

    def __init__(self, data: bytes, source: str) -> None:
        try:
            self._interpreter = load_interpreter(FLOAT_RUNTIME)(model_content=data, num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{source}: cannot be run ({error}); convert it again") from error
        (self._input,) = self._interpreter.get_input_details()
        (self._output,) = self._interpreter.get_output_details()
        given = tuple(self._output["shape"])
        if given != (1, EMBEDDING_SIZE) or self._output["dtype"] != np.float32:
            raise ModelError(f"{source}: gives {given}, an encoder gives (1, {EMBEDDING_SIZE}) numbers")

    def embed(self, tensor: Real) -> Embedding:
        """The embedding, of unit length."""
        self._interpreter.set_tensor(self._input["index"], tensor[None].astype(np.float32))
        self._interpreter.invoke()
        return to_unit(self._interpreter.get_tensor(self._output["index"])[0])


def of_bundle(bundle: Bundle, runtime: str) -> Contender:
    """The board's own model under one runtime."""
    name = f"int8, {runtime} {runtime_version(runtime)}"
    card = bundle.card
    return Contender(
        name, card.crop, bundle.encoder, runtime, bundle=bundle, enrolment_limit=card.enrolment_limit
    )


def of_keras(path: Path, bundle: Bundle) -> Contender:
    """The bundle's model before it was quantised.

    Raises `ConversionError` for one that takes another crop, and for another than the bundle's card names.
    """
    _require_named(path, bundle)
    data, size_px = float_model.convert(path)
    crop = bundle.card.crop
    if size_px != crop.size_px:
        raise ConversionError(
            f"{path}: takes {size_px} pixels, the bundle {crop.size_px}; they are two models"
        )
    limit = bundle.card.enrolment_limit
    return Contender("float", crop, data, FLOAT_RUNTIME, is_float=True, enrolment_limit=limit)


def _require_named(path: Path, bundle: Bundle) -> None:
    """Pass the file that the card names, and any where it names none; what is no file is refused on conversion."""
    named = bundle.card.training.get(SHA256_KEY)
    if named is None or not path.is_file():
        return
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != named:
        raise ConversionError(
            f"{path}: is {digest[:12]}, the bundle's card names {str(named)[:12]} as its float "
            "encoder; name that one by --encoder, or this one by --compare"
        )


def of_file(path: Path, crop: CropSpec, runtime: str) -> Contender:
    """Another network, .keras or int8 .tflite, on the same millimetres in as many pixels as it takes.

    Raises `ConversionError` for what is no encoder, `ModelError` for what the runtime cannot run.
    """
    name = f"compared: {path.absolute().parent.name}/{path.name}"
    if path.suffix == ".keras":
        data, size_px = float_model.convert(path)
        spec = _resized(crop, size_px, path)
        return Contender(name, spec, data, FLOAT_RUNTIME, is_float=True, keeps_threshold=False)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConversionError(
            f"{path}: cannot be read ({error.strerror}); name a .keras or .tflite file"
        ) from None
    model = TFLiteModel(data, str(path), runtime)
    taken, given = model.input_shape, model.output_shape
    size_px = taken[1] if len(taken) == 4 else 0
    if (taken, given) != ((1, size_px, size_px, CHANNELS), (1, EMBEDDING_SIZE)):
        raise ConversionError(
            f"{path}: takes {taken} and gives {given}, an encoder takes (1, size, size, {CHANNELS}) and gives "
            f"(1, {EMBEDDING_SIZE}); name another network"
        )
    return Contender(name, _resized(crop, size_px, path), data, runtime, keeps_threshold=False)


def _resized(crop: CropSpec, size_px: int, path: Path) -> CropSpec:
    try:
        return replace(crop, size_px=size_px)
    except ValueError as error:
        raise ConversionError(
            f"{path}: no crop is as large as its input ({error}); name another network"
        ) from None
