"""Fine-tunes an encoder on a user's own captures or a public data set: `train --dataset`.

A run lives in a folder as a run from scratch does: `run.json`, `checkpoint/`, and `encoder.keras`, which is always the
best encoder so far by the error on subjects who took no part in training.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from facelatch.preprocess import CropSpec
from facelatch_converter.datasets import CaptureRef, draw_subjects, open_dataset
from facelatch_converter.errors import DatasetError, TrainingError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.finetune.faces import Faces, Tally, read_faces
from facelatch_converter.finetune.options import DEFAULTS, refuse_with_dataset
from facelatch_converter.finetune.reports import reports_since_best
from facelatch_converter.progress import progress_bar
from facelatch_converter.records import trained_people
from facelatch_converter.resumption import chosen_before, common_defaults, refuse_different, refuse_ended
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

IDENTITY = (
    "people", "views", "seed", "validation", "rendered", "augmented", "learning_rate", "frames", "held_out",
    "depth_grey_mm", "face_model_sha256",
)  # fmt: skip
"""Arguments that a resumed run must have again, beside the data set and the encoder it began with."""

PHASE = ("crops", "minutes", "patience", "report_every", "workers")
"""Arguments that a resumed run may change; the record lists them for each phase."""


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
    tally: Tally

    def to_entry(self) -> dict[str, Any]:
        """What the record keeps of it."""
        subjects = {"trained": self.trained.people, "validated": self.validated.people}
        return {
            "subjects": subjects | {"without_face": list(self.tally.dropped_out)},
            "captures": {"with_face": self.tally.with_face, "without_face": dict(self.tally.without)},
            "crops": len(self.trained.crops) + len(self.validated.crops),
        }


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune; 0 where that lowered the error of the subjects kept out, 1 where it did not."""
    refuse_with_dataset(arguments)
    _fill(arguments)
    _check(arguments)
    refuse_place(arguments.out)
    start = find_start(arguments.start)
    grey = arguments.depth_grey_mm
    refs = open_dataset(arguments.dataset, None if grey is None else (grey[0], grey[1]))
    known = trained_people(start.training, _name(arguments))
    require_people(_captures_of(refs), arguments.validation, str(arguments.dataset), known)
    record = open_record(arguments, start)
    material = _read(arguments, refs, start, known)
    note_material(record, material.to_entry(), arguments.out)
    # After everything is known to be good: importing TensorFlow takes seconds.
    from facelatch_converter.finetune.loop import tune  # noqa: PLC0415

    return tune(arguments, start, material, record)


def require_people(
    captures: Mapping[str, int], share: float, source: str, known: Collection[str] = ()
) -> int:
    """How many subjects to keep out; raises `DatasetError` where too few are left on either side.

    `captures` counts each subject's. Who has only one can be trained on, but shows no genuine comparison, and whom the
    encoder learnt from before (`known`) shows nothing at all.
    """
    several = sum(count > 1 for name, count in captures.items() if name not in known)
    kept_out = max(LEAST_VALIDATED, round(share * len(captures)))
    before = len(set(captures) & set(known))
    if before:
        # The share was kept out of the first fine-tuning: fewer may be left for the next.
        kept_out = max(LEAST_VALIDATED, min(kept_out, several))
    if several < kept_out or len(captures) - kept_out < LEAST_TRAINED:
        learnt = (
            f", not of the {before} whom the encoder learnt from before; record others, or begin with another encoder"
            if before
            else ""
        )
        raise DatasetError(
            f"{source}: has {len(captures)} live subjects with a face, {several} of them "
            f"{'new to the encoder and ' * bool(before)}with two captures or more; needed are {LEAST_TRAINED} to train "
            f"on (a loss over pairs needs different people) and {kept_out} others with two captures to validate on "
            f"(fewer than {LEAST_VALIDATED} could not tell an improvement from chance){learnt}"
        )
    return kept_out


def split_people(
    faces: Faces, share: float, seed: int, source: str, known: Collection[str] = ()
) -> tuple[Faces, Faces]:
    """Faces to train on and to validate on, of different people; whom the encoder knows already is trained on."""
    captures = Counter(dict.fromkeys(faces.people, 0))
    captures.update(
        subject for subject, _ in {*zip(faces.subjects.tolist(), faces.captures.tolist(), strict=True)}
    )
    kept_out = require_people(captures, share, source, known)
    several = [name for name in faces.people if captures[name] > 1 and name not in known]
    validated = frozenset(several) if kept_out == len(several) else draw_subjects(several, kept_out, seed)
    return faces.of([name for name in faces.people if name not in validated]), faces.of(sorted(validated))


def note_material(record: TunedRecord, entry: Mapping[str, Any], out: Path) -> None:
    """Put into the record what a run learns from; raises `TrainingError` where a resumed run has learnt from else.

    Without this a person kept out so far could come to be trained on, and the reports would compare two things.
    """
    before, people = record.fine_tuning.get("subjects"), entry["subjects"]
    if before is not None:
        changes = [
            f"{name} {'is new' if name in people[side] else 'is missing'} among those {side}"
            for side in ("trained", "validated")
            for name in sorted(set(before[side]) ^ set(people[side]))
        ]
        if not changes and record.fine_tuning["crops"] != entry["crops"]:
            changes = [f"{entry['crops']} faces were found, {record.fine_tuning['crops']} before"]
        if changes:
            raise TrainingError(
                f"{out}: the people or captures are no longer those it was started with ({', '.join(changes)}); start "
                "a new run in another folder"
            )
    record.fine_tuning |= entry


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
        told = {"dataset": _name(arguments), "crop": asdict(start.crop)}
        # The network is the start's, whatever this release would train; 0 where nobody noted it.
        made_with = versions() | {"network": str(to_network(start.training.get("versions")))}
        return TunedRecord(given, made_with, fine_tuning={"from": origin(start)} | told)
    try:
        record = TunedRecord(**json.loads(path.read_text(encoding="utf-8")))
        # The data set by its name: it may have moved, and its people are compared later.
        told = {"dataset": record.fine_tuning["dataset"], "sha256": record.fine_tuning["from"]["sha256"]}
        comparable = all("d_prime" in report for report in record.reports)
    except OSError:
        raise TrainingError(
            f"{arguments.out}: nothing to resume, there is no run.json; leave --resume out"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path}: is no record of a fine-tuning run ({error}); start a new one") from None
    now = {name: given.get(name) for name in IDENTITY} | {"dataset": _name(arguments), "sha256": start.sha256}
    refuse_different(path, record.arguments | told, now)
    if not comparable:
        raise TrainingError(
            f"{path}: was made by an earlier release, whose reports show no d' and cannot be compared with new ones; "
            "start a new run"
        )
    _refuse_ended(arguments, record)
    require_writable(arguments.out)
    record.resumed += 1
    record.phases.append({"from_crops": record.crops, **{name: given[name] for name in PHASE}})
    return record


def encoder_file(arguments: argparse.Namespace) -> Path:
    """Where the best encoder so far lies."""
    return Path(arguments.out / ENCODER_FILE)


def _fill(arguments: argparse.Namespace) -> None:
    """Give the options that are left out what the resumed run was told, or their defaults."""
    asked = arguments.rendered
    usual = {**DEFAULTS, **common_defaults()}
    more = ("face_model", "start", "depth_grey_mm")
    before = chosen_before(arguments.out, [*usual, *more]) if arguments.resume else {}
    fill(arguments, usual | before)
    if asked and arguments.face_model is None:
        raise TrainingError(
            f"--rendered {asked:g} needs --face-model NPZ to render with; add it, or leave --rendered out"
        )
    # A run may be resumed from another folder.
    for name in ("dataset", "face_model", "start"):
        if (path := getattr(arguments, name)) is not None:
            setattr(arguments, name, path.absolute())
    if arguments.face_model is None and arguments.rendered:
        print(
            "without --face-model nothing guards against forgetting what rendered people taught the encoder"
        )


def _refuse_ended(arguments: argparse.Namespace, record: TunedRecord) -> None:
    """Raise `TrainingError` for a run that ended by its schedule or for want of improvement."""
    refuse_ended(arguments.out, record, arguments.crops, arguments.minutes)
    if record.reports and reports_since_best(record.reports) >= arguments.patience:
        raise TrainingError(
            f"{arguments.out}: has ended, nothing improved for {reports_since_best(record.reports)} reports; give more "
            "--patience to go on"
        )


def _name(arguments: argparse.Namespace) -> str:
    """Of the data set: its folder's, as `Source.dataset` has it."""
    return Path(arguments.dataset).absolute().name or Path(arguments.dataset).resolve().name


def _check(arguments: argparse.Namespace) -> None:
    require_enough(arguments, patience=1, frames=1)
    if not (
        0 < arguments.validation < 1 and 0 <= arguments.augmented <= 1 and 0 <= arguments.rendered <= 0.9
    ):
        raise TrainingError(
            "--validation is a share between 0 and 1, --augmented one from 0 to 1, --rendered one from 0 to 0.9"
        )
    if arguments.face_model is not None:
        load_face_model(arguments.face_model)


def _read(
    arguments: argparse.Namespace, refs: Sequence[CaptureRef], start: Start, known: Collection[str]
) -> Material:
    with progress_bar(len(refs), "captures") as advance:
        faces, tally = read_faces(refs, start.crop, arguments.frames, arguments.seed, advance)
    print(tally.to_sentence())
    if not faces.crops:
        raise DatasetError(f"{arguments.dataset}: no face was found in any of {len(refs)} captures")
    parts = split_people(faces, arguments.validation, arguments.seed, str(arguments.dataset), known)
    return Material(*parts, start.crop, tally)


def _captures_of(refs: Sequence[CaptureRef]) -> Counter[str]:
    """Each subject's live captures."""
    return Counter(ref.subject for ref in refs if ref.attack is None)
