"""What earlier steps wrote down, read for a card: the training run's record and the parity report."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

from facelatch.preprocess import VERSION
from facelatch_converter.errors import ConversionError, DatasetError
from facelatch_converter.runs import to_network

LOSSES = {
    "all-pairs": "all pairs of a batch: supervised contrastive loss at temperature 1/16, plus the regression of the "
    "known shape coefficients with weight 2",
    "margin": "all pairs of a batch: supervised contrastive loss at temperature 1/16 with a margin of 0.2, plus the "
    "regression of the known shape coefficients with weight 2",
    "pairs": "all pairs of a batch: supervised contrastive loss at temperature 1/16",
    "regression": "the regression of the known shape coefficients",
    "contrastive": "pairs of a batch, of one person and of two: contrastive loss with margin 1",
}
"""The losses of `train` in words, by name."""

HEAD_LOSS = "head"
"""What the record of `fit-head` names in place of one of these."""
UPPER_HALF = "upper half"
"""And what it was that it fitted; earlier ones, which do not say, fitted the last layers alone."""

_POLED = 3
"""The first network whose encoders have a pole, see `architecture`."""

_EARLIER_WEIGHT = 64.0
"""Of the teachers in records that name none."""
_PARITY_MODEL = ("parameters", "macs", "tflite_bytes", "keras_bytes")
_PARITY_FILES = ("keras_sha256", "tflite_sha256")
_PARITY_ERRORS = ("eer", "genuine_mean", "impostor_mean")
_PARITY_RUNTIME = ("version", "cosine_p50", "cosine_p99", "eer_points_above_float", *_PARITY_ERRORS)


def read_record(path: Path) -> dict[str, Any]:
    """A training run's `run.json`; what JSON has no number for (`Infinity`: no limit) becomes null.

    Raises `DatasetError` naming the file for anything else.
    """
    record = _read_object(path)
    reports = record.get("reports", [])
    if not isinstance(record.get("arguments"), dict) or not isinstance(reports, list):
        raise DatasetError(
            f"{path}: not a training run's record; name the run.json that facelatch-convert train wrote"
        )
    return record


def require_preprocessing(record: Mapping[str, Any], path: Path) -> None:
    """Pass a run whose crops were made as this release makes them; raises `ConversionError` for any other."""
    versions = record.get("versions")
    version = versions.get("preprocess") if isinstance(versions, Mapping) else None
    if str(version) != str(VERSION):
        raise ConversionError(
            f"{path}: was trained with preprocessing {version}, this release has {VERSION}; train it again"
        )


def read_parity(path: Path) -> dict[str, Any]:
    """What `quantise --parity` wrote; raises `DatasetError` naming the file for anything else."""
    found = _read_object(path)
    try:
        runtimes = dict(found["runtimes"]).values()
        counts = found["comparisons"] or {"genuine": 0, "impostor": 0}
        figures = [found["model"][name] for name in _PARITY_MODEL]
        figures += [found["tensors"], counts["genuine"], counts["impostor"], found["people"] or 0]
        figures += [runtime[name] for runtime in runtimes for name in ("cosine_p50", "cosine_p99")]
        rates = [of[name] for of in (found["float"], *runtimes) for name in _PARITY_ERRORS]
        rates += [runtime["eer_points_above_float"] for runtime in runtimes]
        points = [point for of in (found["float"], *runtimes) for point in of.get("operating_points", [])]
        figures += [point[name] for point in points for name in ("fmr", "threshold", "fnmr")]
        equalised = found.get("equalised")
        if equalised is not None:  # Earlier releases did not say.
            figures += [equalised[name] for name in ("share", "activations", "of")]
            figures += [trial[name] for trial in equalised["tried"] for name in ("share", "cosine_mean")]
        fits = all(isinstance(number, int | float) for number in figures)
        fits &= all(isinstance(rate, float | int | None) for rate in rates)
        fits &= all(isinstance(runtime["version"], str) for runtime in runtimes)
        # Nobody compared int8 where no runtime did.
        fits &= bool(runtimes)
    except (KeyError, TypeError, ValueError, AttributeError):
        fits = False
    if not fits:
        raise DatasetError(f"{path}: not a parity report of this release; quantise --parity writes one")
    if not all(isinstance(found["model"].get(name), str) for name in _PARITY_FILES):
        raise DatasetError(
            f"{path}: does not name the files that it compared, as an earlier release wrote it; quantise --parity again"
        )
    return found


def to_training(record: Mapping[str, Any], rendered: bool) -> dict[str, Any]:
    """How a model was trained, for its card: sentences first, then the record, without folders of this machine.

    `rendered` says whether the model is measured on rendered people; `record` is empty where there is none. Whom a
    fine-tuning learnt from stays in the run's folder, the card says how many.
    """
    measured = "not yet measured on real people" if rendered else "measured on real people"
    if not record:
        return {"notice": f"trained on nobody knows what (no record), {measured}"}
    told: dict[str, Any] = {"notice": ", ".join([*_steps(record), measured]), "data": _data(record)}
    if record.get("fine_tuning"):
        told["loss"] = LOSSES["pairs"]
    elif "loss" in (arguments := _trained(record)["arguments"]):
        told["loss"] = LOSSES.get(str(arguments["loss"]), str(arguments["loss"]))
    if record.get("averaged"):
        told["weights"] = _mean_of(record["averaged"])
    if teachers := _teachers(record):
        told["taught"] = _taught_by(teachers)
    if _is_fitted(record):
        told["fitted"] = _fitted(record)
    if "offset_share" in record and not record.get("fine_tuning"):
        told["settled_offset"] = {"share": record["offset_share"]}
        if _has_pole(record):
            told["settled_offset"]["pole"] = True
        if "offset_note" in record:
            told["settled_offset"]["note"] = record["offset_note"]
    return told | dict(_without_folders(_in_short(record)))


def _is_fitted(record: Mapping[str, Any]) -> bool:
    """Whether `fit-head` made the run."""
    return (record.get("arguments") or {}).get("loss") == HEAD_LOSS


def _fitted(record: Mapping[str, Any]) -> str:
    """What `fit-head` did since the last run that trained, in the order of its runs."""
    runs = list(takewhile(_is_fitted, reversed(_lineage(record))))[::-1]
    each = [
        f"{'the upper half' if _is_upper(one) else 'the last layers alone'} to {_own_crops(one):,} crops of people of "
        f"their own{', their mirror images beside them, three in ten seen years later too' if _is_upper(one) else ''}"
        for one in runs
    ]
    return (
        f"at last parts of the network were fitted by themselves, {', then '.join(each)}: every pair of one person's "
        "faces told from the strangers of hundreds of people, at temperature 1/25"
    )


def _is_upper(record: Mapping[str, Any]) -> bool:
    return bool(record["arguments"].get("fitted") == UPPER_HALF)


def _trained(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The run that trained what a run of `fit-head` fitted; any other itself."""
    runs = [one for one in _lineage(record) if one.get("arguments") and not _is_fitted(one)]
    return runs[-1] if _is_fitted(record) and runs else record


def _has_pole(record: Mapping[str, Any]) -> bool:
    variant = record["arguments"].get("variant", "default")
    return bool(variant == "default" and to_network(record.get("versions") or {}) >= _POLED)


def _in_short(record: Mapping[str, Any]) -> dict[str, Any]:
    """A run's record with its last report alone and nobody's name, and so of the runs that its encoder comes from."""
    kept = {
        name: value
        for name, value in record.items()
        if name not in ("reports", "offset_share", "offset_note")
    }
    if tuned := record.get("fine_tuning"):
        people = tuned.get("subjects") or {}
        kept["fine_tuning"] = {
            **{name: value for name, value in tuned.items() if name not in ("subjects", "from")},
            **_origin_in_short(tuned, "from"),
            **{name: len(group) for name, group in people.items()},
        }
    elif record.get("reports"):
        kept["last_report"] = record["reports"][-1]
    return kept | _origin_in_short(record, "begun_from")


def _origin_in_short(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    origin = told.get(name) or {}
    if not isinstance(origin.get("training"), Mapping):
        return {name: origin} if name in told else {}
    return {name: {**origin, "training": _in_short(origin["training"])}}


def trained_people(record: Mapping[str, Any], dataset: str) -> frozenset[str]:
    """Whom an encoder learnt from in a data set, by all fine-tunings of its lineage: on them it must not be measured.

    Raises `DatasetError` where one of these runs tells only how many, as a bundle's card does.
    """
    tunings = [tuned for tuned in _tunings(record) if tuned.get("dataset") == dataset]
    if not all("subjects" in tuned for tuned in tunings):
        raise DatasetError(
            f"the encoder was fine-tuned on {dataset} before, and a card tells only with how many people, so nobody "
            "knows whom it learnt from; begin with the encoder.keras of that run's own folder (name its run.json), or "
            "take a data set of other people"
        )
    return _names(tunings)


def trained_anywhere(record: Mapping[str, Any]) -> frozenset[str]:
    """Whom an encoder is known to have learnt from, whatever their data sets are called."""
    return _names(_tunings(record))


def _names(tunings: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(name for tuned in tunings for name in (tuned.get("subjects") or {}).get("trained", ()))


def _tunings(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the fine-tuning runs of a lineage say of themselves, the first's first."""
    return [one["fine_tuning"] for one in _lineage(record) if one.get("fine_tuning")]


def _steps(record: Mapping[str, Any]) -> list[str]:
    """The kinds of training in the order of a lineage, runs of one kind on the same data told once."""
    datasets = [(one.get("fine_tuning") or {}).get("dataset") for one in _lineage(record)]
    kinds = [dataset for dataset, _ in groupby(datasets)]
    first = ["trained on rendered faces"]
    later = [f"fine-tuned on {one}" if one else "trained on rendered faces again" for one in kinds]
    return first + (later if kinds[0] else later[1:])


def _data(record: Mapping[str, Any]) -> str:
    """What an encoder saw, in the order of its lineage."""
    parts: list[str] = []
    for tuned, group in groupby(_lineage(record), key=lambda one: bool(one.get("fine_tuning"))):
        runs = list(group)
        if tuned:
            parts += map(_tuned_data, runs)
        elif parts:
            parts.append(f"{sum(map(_own_crops, runs)):,} crops of new rendered people again")
        else:
            # A card's own sentence tells what its release rendered; a run that goes on from it is this release's.
            told = runs[-1].get("data") if len(runs) < len(_lineage(record)) else None
            parts.append(str(told) if told else _rendered_data(sum(map(_own_crops, runs))))
    return "; then ".join(parts)


def _rendered_data(crops: int) -> str:
    seen = f", {crops:,} crops in all" if crops else ""
    return (
        "new rendered people without end: heads by the shape part of the ICT Face Model Light, weight, skin, hair, "
        "light and accessories made up, depth with the noise models and faults of three active stereo cameras and of "
        f"a Kinect v1{seen}"
    )


def _tuned_data(record: Mapping[str, Any]) -> str:
    """Of a run's record or of a card, which has counts in place of names."""
    tuned, arguments = record["fine_tuning"], record.get("arguments") or {}
    people = tuned["subjects"]["trained"] if "subjects" in tuned else tuned.get("trained", 0)
    count = people if isinstance(people, int) else len(people)
    beside = " with those rendered beside them" if arguments.get("face_model") else ""
    return f"{count} people of {tuned.get('dataset')}, {_own_crops(record):,} crops{beside}"


def _mean_of(averaged: Sequence[Mapping[str, Any]]) -> str:
    *others, last = (f"{one['crops']:,}" for one in averaged)
    return f"the mean of those after {', '.join(others)} and {last} crops"


def _teachers(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Everybody who taught an encoder, with the crops of all its runs before."""
    found: list[Mapping[str, Any]] = []
    before = 0
    for one in _lineage(record):
        for teacher in one.get("taught_by") or []:
            found.append({**teacher, "from_crops": before + teacher["from_crops"]})
        before += _own_crops(one)
    return found


def _taught_by(teachers: Sequence[Mapping[str, Any]]) -> str:
    each = ", ".join(map(_teacher, teachers))
    return f"beside it, the similarities that other encoders find between the faces of a batch: {each}"


def _teacher(told: Mapping[str, Any]) -> str:
    mirrored = ", each face mirrored too" if told.get("mirrored") else ""
    privileged = ", bare, calm and without noise" if told.get("privileged") else ""
    near, rivals = _number(told, "prototypes"), _number(told, "rivals")
    prototypes = (
        f", a person's faces as one, which the encoder's are to lie near with weight {near:g}" if near else ""
    )
    told_apart = f" and be told from everybody else's with {rivals:g}" if rivals else ""
    return (
        f"{told['name']} (sha256 {told['sha256'][:12]}, {told['crops']:,} crops) from crop {told['from_crops']:,} on "
        f"with weight {_number(told, 'weight') or _EARLIER_WEIGHT:g}{mirrored}{privileged}{prototypes}{told_apart}"
    )


def _number(told: Mapping[str, Any], name: str) -> float:
    """0 where it is missing or damaged."""
    value = told.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def crops_seen(record: Mapping[str, Any]) -> int:
    """How many crops a run saw, with those of the runs that its encoder comes from."""
    return sum(map(_own_crops, _lineage(record)))


def _own_crops(record: Mapping[str, Any]) -> int:
    crops = record.get("crops")
    return crops if isinstance(crops, int) else 0


def _lineage(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The records of the runs that an encoder comes from, the first run's first."""
    found: list[Mapping[str, Any]] = []
    while record:
        found.insert(0, record)
        tuned = record.get("fine_tuning") or {}
        record = (record.get("begun_from") or tuned.get("from") or {}).get("training") or {}
    return found


def _without_folders(value: Any) -> Any:
    """The same with only the last part of each absolute path."""
    if isinstance(value, dict):
        return {name: _without_folders(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_folders(part) for part in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _read_object(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(
            path.read_text(encoding="utf-8"), parse_constant=lambda _: None, parse_float=_finite
        )
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: not JSON ({error})") from None
    if not isinstance(loaded, dict):
        raise DatasetError(f"{path}: expected a JSON object, found {type(loaded).__name__}")
    return loaded


def _finite(text: str) -> float | None:
    """A number, or None for one that is too large to be one."""
    number = float(text)
    return number if math.isfinite(number) else None
