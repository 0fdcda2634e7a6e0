"""Fine-tunes an encoder on a user's own captures or a public data set: `train --dataset`.

A run lives in a folder as a run from scratch does: `run.json`, `checkpoint/`, and `encoder.keras`, which is always the
best encoder so far by the error on subjects who took no part in training.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from facelatch.preprocess import CropSpec
from facelatch_converter.datasets import CaptureRef, draw_subjects, open_dataset
from facelatch_converter.errors import DatasetError, TrainingError
from facelatch_converter.finetune.faces import Faces, read_faces
from facelatch_converter.finetune.options import DEFAULTS, refuse_with_dataset
from facelatch_converter.progress import progress_bar
from facelatch_converter.runs import (
    ENCODER_FILE,
    RECORD_FILE,
    Record,
    fill,
    make_folder,
    refuse_place,
    require_enough,
    require_writable,
    to_network,
    to_plain,
    versions,
)
from facelatch_converter.start import Start, find_start, origin

LEAST_TRAINED = 6
"""People in a batch must differ: with fewer, the loss has next to nothing to tell apart."""
LEAST_VALIDATED = 4
"""People give six pairs of different people; with fewer, an improvement cannot be told from chance."""

IDENTITY = ("people", "views", "seed", "validation", "rendered", "augmented", "learning_rate", "frames")
"""Arguments that a resumed run must have again."""


@dataclass(slots=True)
class TunedRecord(Record):
    """What a fine-tuning run says of itself."""

    fine_tuning: dict[str, Any] = field(default_factory=dict)
    """From which encoder, on which data, with whom trained and validated, and the errors before and after."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a run learns from and is measured on."""

    trained: Faces
    validated: Faces
    spec: CropSpec


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune; 0 where that lowered the error of the subjects kept out, 1 where it did not."""
    refuse_with_dataset(arguments)
    fill(arguments, DEFAULTS)
    _check(arguments)
    refuse_place(arguments.out)
    start = find_start(arguments.start)
    grey = arguments.depth_grey_mm
    refs = open_dataset(arguments.dataset, None if grey is None else (grey[0], grey[1]))
    require_people(_captures_of(refs), arguments.validation, str(arguments.dataset))
    record = open_record(arguments, start)
    material = _read(arguments, refs, start)
    record.fine_tuning["subjects"] = {
        "trained": material.trained.people,
        "validated": material.validated.people,
    }
    record.fine_tuning["crops"] = len(material.trained.crops) + len(material.validated.crops)
    # After everything is known to be good: importing TensorFlow takes seconds.
    from facelatch_converter.finetune.loop import tune  # noqa: PLC0415

    return tune(arguments, start, material, record)


def require_people(captures: Counter[str], share: float, source: str) -> int:
    """How many subjects to keep out; raises `DatasetError` where too few are left on either side.

    `captures` counts each subject's. Who has only one can be trained on, but shows no genuine comparison.
    """
    several = sum(count > 1 for count in captures.values())
    kept_out = max(LEAST_VALIDATED, round(share * len(captures)))
    if several < kept_out or len(captures) - kept_out < LEAST_TRAINED:
        raise DatasetError(
            f"{source}: has {len(captures)} live subjects with a face, {several} of them with two captures or more; "
            f"needed are {LEAST_TRAINED} to train on (a loss over pairs needs different people) and {kept_out} others "
            f"with two captures to validate on (fewer than {LEAST_VALIDATED} could not tell an improvement from chance)"
        )
    return kept_out


def split_people(faces: Faces, share: float, seed: int, source: str) -> tuple[Faces, Faces]:
    """Faces to train on and to validate on, of different people."""
    captures = Counter(dict.fromkeys(faces.people, 0))
    captures.update(
        subject for subject, _ in {*zip(faces.subjects.tolist(), faces.captures.tolist(), strict=True)}
    )
    kept_out = require_people(captures, share, source)
    several = [name for name in faces.people if captures[name] > 1]
    validated = frozenset(several) if kept_out == len(several) else draw_subjects(several, kept_out, seed)
    return faces.of([name for name in faces.people if name not in validated]), faces.of(sorted(validated))


def open_record(arguments: argparse.Namespace, start: Start) -> TunedRecord:
    """A new run's record, or the one to go on with."""
    given = to_plain(arguments)
    if arguments.face_model is not None:
        given["face_model_sha256"] = hashlib.sha256(arguments.face_model.read_bytes()).hexdigest()
    path = arguments.out / RECORD_FILE
    if path.exists() and not arguments.resume:
        raise TrainingError(f"{arguments.out}: holds a run already; add --resume or choose another folder")
    if not arguments.resume:
        make_folder(arguments.out)
        told = {"dataset": arguments.dataset.absolute().name, "crop": asdict(start.crop)}
        # The network is the start's, whatever this release would train; 0 where nobody noted it.
        made_with = versions() | {"network": str(to_network(start.training.get("versions")))}
        return TunedRecord(given, made_with, fine_tuning={"from": origin(start)} | told)
    try:
        record = TunedRecord(**json.loads(path.read_text(encoding="utf-8")))
        before = record.arguments | {"sha256": record.fine_tuning["from"]["sha256"]}
        now = given | {"sha256": start.sha256}
        different = [
            name
            for name in (*IDENTITY, "dataset", "sha256", "face_model_sha256")
            if before.get(name) != now.get(name)
        ]
    except OSError:
        raise TrainingError(
            f"{arguments.out}: nothing to resume, there is no run.json; leave --resume out"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path}: is no record of a fine-tuning run ({error}); start a new one") from None
    if different:
        raise TrainingError(
            f"{path}: was started with another {' and '.join(different)}; resume with the same, or start a new run"
        )
    require_writable(arguments.out)
    record.resumed += 1
    record.phases.append({"from_crops": record.crops, "crops": given["crops"], "minutes": given["minutes"]})
    return record


def encoder_file(arguments: argparse.Namespace) -> Path:
    """Where the best encoder so far lies."""
    return Path(arguments.out / ENCODER_FILE)


def _check(arguments: argparse.Namespace) -> None:
    require_enough(arguments, patience=1, frames=1)
    if not (
        0 < arguments.validation < 1 and 0 <= arguments.augmented <= 1 and 0 <= arguments.rendered <= 0.9
    ):
        raise TrainingError(
            "--validation is a share between 0 and 1, --augmented one from 0 to 1, --rendered one from 0 to 0.9"
        )


def _read(arguments: argparse.Namespace, refs: Sequence[CaptureRef], start: Start) -> Material:
    with progress_bar(len(refs), "captures") as advance:
        faces = read_faces(refs, start.crop, arguments.frames, arguments.seed, advance)
    if not faces.crops:
        raise DatasetError(f"{arguments.dataset}: no face was found in any of {len(refs)} captures")
    parts = split_people(faces, arguments.validation, arguments.seed, str(arguments.dataset))
    return Material(*parts, start.crop)


def _captures_of(refs: Sequence[CaptureRef]) -> Counter[str]:
    """Each subject's live captures."""
    return Counter(ref.subject for ref in refs if ref.attack is None)
