"""How far the int8 model is from the float one: the same tensors through both, under every runtime."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.encoder import RUNTIMES, TFLiteModel, load_interpreter, runtime_version, to_unit
from facelatch.errors import ConfigError
from facelatch_converter import metrics, tflite_inspect
from facelatch_converter.errors import ClaimError
from facelatch_converter.tensors import LabelledTensors

Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Model:
    """A model's own figures."""

    keras_bytes: int
    tflite_bytes: int
    parameters: int
    macs: int


def describe(data: bytes, keras_bytes: int, source: str) -> Model:
    """Sizes, parameters and multiply-accumulates of an int8 file and the `.keras` it came from."""
    found = tflite_inspect.inspect(data, source)
    return Model(keras_bytes, len(data), found.parameters, found.macs)


def float_embeddings(model: Any, tensors: npt.NDArray[np.float32]) -> Embeddings:
    """The Keras model's embeddings, of unit length."""
    raw = [
        np.asarray(model(tensors[start : start + 64], training=False)) for start in range(0, len(tensors), 64)
    ]
    return np.stack([to_unit(vector.astype(np.float32)) for vector in np.concatenate(raw)])


def int8_embeddings(data: bytes, tensors: npt.NDArray[np.float32], runtime: str, source: str) -> Embeddings:
    """The int8 model's embeddings under one runtime, of unit length, by the board's own code.

    Runs in a process of its own: tflite-runtime fails in one that has loaded TensorFlow.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_embed, data, tensors, runtime, source).result()


def _embed(data: bytes, tensors: npt.NDArray[np.float32], runtime: str, source: str) -> Embeddings:
    model = TFLiteModel(data, source, runtime)
    return np.stack([to_unit(model.run(tensor[None])[0]) for tensor in tensors])


def installed_runtimes() -> list[str]:
    """The runtimes that load here."""
    found = []
    for runtime in RUNTIMES:
        try:
            load_interpreter(runtime)
        except ConfigError:
            continue
        found.append(runtime)
    return found


def compare(
    floating: Embeddings, integer: Mapping[str, Embeddings], subjects: npt.NDArray[np.str_] | None
) -> dict[str, Any]:
    """Cosine distances between both models' embeddings and, with subjects, the EER of each.

    `integer` has the embeddings of each runtime. An output of all zeros has no direction: its distance is 2.
    """
    return {
        "tensors": len(floating),
        "float": {"eer": eer_of(floating, subjects)},
        "runtimes": {
            runtime: {
                "version": runtime_version(runtime),
                "cosine_p50": float(np.percentile(_cosine(floating, found), 50)),
                "cosine_p99": float(np.percentile(_cosine(floating, found), 99)),
                "eer": eer_of(found, subjects),
            }
            for runtime, found in integer.items()
        },
    }


def report(
    model: Any, data: bytes, labelled: LabelledTensors, keras_bytes: int, source: str
) -> dict[str, Any]:
    """The whole parity report as JSON values, under every installed runtime."""
    own = describe(data, keras_bytes, source)
    integer = {
        runtime: int8_embeddings(data, labelled.tensors, runtime, source) for runtime in installed_runtimes()
    }
    return {
        "model": {name: getattr(own, name) for name in Model.__dataclass_fields__},
        **compare(float_embeddings(model, labelled.tensors), integer, labelled.subjects),
    }


def to_lines(numbers: Mapping[str, Any]) -> list[str]:
    """The report for a terminal."""
    model = numbers["model"]
    lines = [
        f"{model['parameters'] / 1e6:.3f} M parameters, {model['macs'] / 1e6:.1f} MMAC; "
        f"{model['keras_bytes'] / 1e6:.2f} MB Keras, {model['tflite_bytes'] / 1e6:.2f} MB int8",
        f"cosine distance float to int8 over {numbers['tensors']} tensors, and EER over their pairs:",
        f"  {'float':28} {'':>10} {'':>10}   EER {_share(numbers['float']['eer'])}",
    ]
    for runtime, found in numbers["runtimes"].items():
        lines.append(
            f"  {runtime + ' ' + found['version']:28} p50 {found['cosine_p50']:.4f} p99 "
            f"{found['cosine_p99']:.4f}   EER {_share(found['eer'])}"
        )
    return lines


def eer_of(embeddings: Embeddings, subjects: npt.NDArray[np.str_] | None) -> float | None:
    """The EER over all pairs of tensors; None without labels, or where one kind of pair is missing."""
    if subjects is None:
        return None
    _, identity = np.unique(subjects, return_inverse=True)
    genuine: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)]
    impostor: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)]
    broken = ~np.isfinite(embeddings).all(axis=1)
    for block in metrics.pair_blocks(np.where(broken[:, None], np.float32(0), embeddings)):
        same = identity[block.first] == identity[block.second]
        farthest = np.float32(2)  # What has no direction matches nobody.
        distance = np.where(broken[block.first] | broken[block.second], farthest, block.distance)
        genuine.append(distance[same])
        impostor.append(distance[~same])
    try:
        return metrics.eer(metrics.comparisons(np.concatenate(genuine), np.concatenate(impostor))).rate
    except ClaimError:
        return None


def _cosine(one: Embeddings, other: Embeddings) -> npt.NDArray[np.float64]:
    similarity = np.einsum("ij,ij->i", one.astype(np.float64), other)
    return np.where(np.isfinite(similarity), 1 - similarity, 2.0)


def _share(eer: float | None) -> str:
    return "not measured (needs subjects)" if eer is None else f"{eer:.2%}"
