"""How far the int8 model is from the float one: the same tensors through both, under every runtime."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.encoder import RUNTIMES, TFLiteModel, load_interpreter, runtime_version, to_unit
from facelatch.errors import ConfigError
from facelatch.matching import FARTHEST
from facelatch_converter import metrics, tflite_inspect
from facelatch_converter.evaluate import operating_points
from facelatch_converter.metrics import Comparisons
from facelatch_converter.processes import processes
from facelatch_converter.tensors import LabelledTensors

Embeddings = npt.NDArray[np.float32]

_AT_ONCE = 64
"""Tensors that go through a model, or to another process, together: 13 MB of them."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model's own figures."""

    keras_bytes: int
    tflite_bytes: int
    keras_sha256: str
    tflite_sha256: str
    parameters: int
    macs: int


def describe(data: bytes, keras: bytes, source: str) -> Model:
    """Sizes, checksums, parameters and multiply-accumulates of an int8 file and the `.keras` it came from."""
    found = tflite_inspect.inspect(data, source)
    keras_sha256, tflite_sha256 = (hashlib.sha256(file).hexdigest() for file in (keras, data))
    return Model(len(keras), len(data), keras_sha256, tflite_sha256, found.parameters, found.macs)


def float_embeddings(model: Any, tensors: npt.NDArray[np.float32]) -> Embeddings:
    """The Keras model's embeddings, of unit length."""
    raw = [np.asarray(model(some, training=False)) for some in _portions(tensors)]
    return np.stack([to_unit(vector.astype(np.float32)) for vector in np.concatenate(raw)])


def int8_embeddings(data: bytes, tensors: npt.NDArray[np.float32], runtime: str, source: str) -> Embeddings:
    """The int8 model's embeddings under one runtime, of unit length, by the board's own code.

    Runs in a process of its own: tflite-runtime fails in one that has loaded TensorFlow.
    """
    with processes(1) as pool:
        pending = [pool.submit(_embed, data, some, runtime, source) for some in _portions(tensors)]
        return np.concatenate([future.result() for future in pending])


def _portions(tensors: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Views of the tensors, a few at a time."""
    return [tensors[start : start + _AT_ONCE] for start in range(0, len(tensors), _AT_ONCE)]


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
    """Cosine distances between both models' embeddings and, with subjects, the errors of each over all pairs.

    `integer` has the embeddings of each runtime. An output of all zeros has no direction: its distance is 2.
    """
    own = errors_of(floating, subjects)
    runtimes = {}
    for runtime, found in integer.items():
        cosine, errors = cosine_distances(floating, found), errors_of(found, subjects)
        runtimes[runtime] = {
            "version": runtime_version(runtime),
            "cosine_p50": float(np.percentile(cosine, 50)),
            "cosine_p99": float(np.percentile(cosine, 99)),
            **errors,
            "eer_points_above_float": _points(errors["eer"], own["eer"]),
        }
    return {
        "tensors": len(floating),
        "people": None if subjects is None else len(np.unique(subjects)),
        "comparisons": None if own["eer"] is None or subjects is None else _count(subjects),
        "float": own,
        "runtimes": runtimes,
    }


def _count(subjects: npt.NDArray[np.str_]) -> dict[str, int]:
    _, sizes = np.unique(subjects, return_counts=True)
    genuine = int((sizes * (sizes - 1) // 2).sum())
    return {"genuine": genuine, "impostor": len(subjects) * (len(subjects) - 1) // 2 - genuine}


def _points(eer: float | None, reference: float | None) -> float | None:
    """The difference of two error rates in percentage points."""
    return None if eer is None or reference is None else 100 * (eer - reference)


def report(model: Any, data: bytes, labelled: LabelledTensors, keras: bytes, source: str) -> dict[str, Any]:
    """The whole parity report as JSON values, under every installed runtime; `keras` is the float model's file."""
    own = describe(data, keras, source)
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
    people = "" if numbers["people"] is None else f" of {numbers['people']:,} people"
    lines = [
        f"{model['parameters'] / 1e6:.3f} M parameters, {model['macs'] / 1e6:.1f} MMAC; "
        f"{model['keras_bytes'] / 1e6:.2f} MB Keras, {model['tflite_bytes'] / 1e6:.2f} MB int8",
        *([equalised_in_words(numbers["equalised"])] if "equalised" in numbers else []),
        f"the same {numbers['tensors']:,} tensors{people} through both models{_counted(numbers)}:",
        f"  float: {errors_in_words(numbers['float'])}",
    ]
    for runtime, found in numbers["runtimes"].items():
        lines.append(f"  int8, {runtime} {found['version']}: {errors_in_words(found)}")
        lines.append(
            f"    cosine distance to float: p50 {found['cosine_p50']:.4f}, p99 {found['cosine_p99']:.4f}"
        )
    return lines


def equalised_in_words(found: Mapping[str, Any]) -> str:
    """How far channels were brought to like ranges before, and what else was tried."""
    tried = ", ".join(f"{one['share']:g}: {one['cosine_mean']:.4f}" for one in found["tried"])
    if not found["activations"]:
        done = f"no channels were brought to like ranges, of {found['of']} normalised activations"
    else:
        done = (
            f"channels of {found['activations']} of {found['of']} normalised activations were brought to like ranges, "
            f"{found['share']:.0%} of their differences taken away"
        )
    return f"{done} (mean cosine distance to float while calibrating, by share: {tried})"


def errors_in_words(found: Mapping[str, Any]) -> str:
    """A model's EER and mean distances; of an int8 model also how far it is from the float one."""
    if found["eer"] is None:
        return "EER not measured (needs subjects with two tensors each)"
    above = found.get("eer_points_above_float")
    return (
        f"EER {found['eer']:.2%}"
        + ("" if above is None else f" ({above:+.2f} points against float)")
        + f", mean distance genuine {found['genuine_mean']:.3f}, impostor {found['impostor_mean']:.3f}"
        + _thresholds_in_words(found.get("operating_points", []))
    )


def _thresholds_in_words(points: Sequence[Mapping[str, float]]) -> str:
    if not points:
        return ""
    each = ", ".join(f"{point['threshold']:.4f} at {point['fmr']:g}" for point in points)
    return f"; threshold by FMR: {each}"


def _counted(numbers: Mapping[str, Any]) -> str:
    counts = numbers["comparisons"]
    if counts is None:
        return ""
    return f", {counts['genuine']:,} genuine and {counts['impostor']:,} impostor comparisons"


def errors_of(embeddings: Embeddings, subjects: npt.NDArray[np.str_] | None) -> dict[str, Any]:
    """The EER, the mean distances and the operating points over all pairs of tensors.

    Without both kinds of pairs, None and no points.
    """
    measured = _pairs(embeddings, subjects)
    if measured is None:
        return {"eer": None, "genuine_mean": None, "impostor_mean": None, "operating_points": []}
    return {
        "eer": metrics.eer(measured).rate,
        "genuine_mean": float(np.mean(measured.genuine, dtype=np.float64)),
        "impostor_mean": float(np.mean(measured.impostor, dtype=np.float64)),
        "operating_points": [
            {"fmr": point.fmr, "threshold": point.threshold, "fnmr": point.fnmr}
            for point in operating_points(measured)
        ],
    }


def _pairs(embeddings: Embeddings, subjects: npt.NDArray[np.str_] | None) -> Comparisons | None:
    """Every two tensors compared; None without labels, or where one kind of pair is missing."""
    if subjects is None:
        return None
    _, identity = np.unique(subjects, return_inverse=True)
    genuine: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)]
    impostor: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)]
    broken = ~np.isfinite(embeddings).all(axis=1)
    for block in metrics.pair_blocks(np.where(broken[:, None], np.float32(0), embeddings)):
        same = identity[block.first] == identity[block.second]
        # What has no direction matches nobody.
        distance = np.where(broken[block.first] | broken[block.second], np.float32(FARTHEST), block.distance)
        genuine.append(distance[same])
        impostor.append(distance[~same])
    found = metrics.comparisons(np.concatenate(genuine), np.concatenate(impostor))
    return found if found.genuine.size and found.impostor.size else None


def cosine_distances(one: Embeddings, other: Embeddings) -> npt.NDArray[np.float64]:
    """1 - cosine of each two embeddings (n, 128) of unit length, (n,); 2 where one has no direction."""
    similarity = np.einsum("ij,ij->i", one.astype(np.float64), other)
    return np.where(np.isfinite(similarity), 1 - similarity, 2.0)
