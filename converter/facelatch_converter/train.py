"""Trains the siamese encoder on rendered people without end.

A run lives in a folder: `run.json` (arguments, versions, losses), `checkpoint/` (weights, optimiser, step) and, at
each report, `encoder.keras`. An interrupted run goes on with `--resume`.
"""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import CropSpec
from facelatch_converter import options
from facelatch_converter.architecture import NETWORK, default_size_px
from facelatch_converter.crops import STEPS
from facelatch_converter.errors import ConversionError, TrainingError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.finetune import options as finetune_options
from facelatch_converter.prototypes import ACROSS
from facelatch_converter.recipe import Recipe
from facelatch_converter.records import HEAD_LOSS, crops_seen, require_preprocessing
from facelatch_converter.resumption import chosen_before, common_defaults, refuse_different, refuse_ended
from facelatch_converter.runs import (
    ENCODER_FILE,
    MOST_HELD_OUT,
    RECORD_FILE,
    SHARES,
    Record,
    fill,
    make_folder,
    refuse_place,
    require_between,
    require_enough,
    require_writable,
    to_network,
    to_plain,
    versions,
)
from facelatch_converter.start import Start, find_start, origin

DESCRIPTION = """Train the siamese encoder on rendered people, or fine-tune one on a data set (--dataset).

Each step draws new people (or re-exposes recent ones), renders each from several sides and pulls one person's
embeddings together and different people's apart. Uses a GPU where TensorFlow sees one."""

LOSSES = ("all-pairs", "margin", "pairs", "regression", "contrastive")
UNPAIRED = ("regression", "contrastive")
"""Losses that do not hold a batch against strangers of another one."""
PRECISIONS = ("float32", "bfloat16")
KEPT = "kept"
STATISTICS = ("batch", KEPT)
TAUGHT_WEIGHT = 100.0
"""Of the teachers' similarities beside the all-pairs loss."""
PROTOTYPE_WEIGHT = 30.0
"""Of the distance from where the first teacher puts each person, beside both."""
RIVALS_WEIGHT = 1.0
"""Of telling each face from everybody whom the teachers remember."""
TEACHING: Mapping[str, Any] = MappingProxyType(
    {
        "weight": TAUGHT_WEIGHT,
        "mirrored": True,
        "privileged": True,
        "prototypes": PROTOTYPE_WEIGHT,
        "across": ACROSS,
        "rivals": RIVALS_WEIGHT,
    }
)
"""What a record says of how teachers teach; earlier ones weighed less, saw no mirror images and the student's crops,
one by one instead of as prototypes, and nobody was told apart from the people of other batches."""
RECALLED_MOST = 65_536

_USUAL = Recipe()
DEFAULTS: dict[str, Any] = {
    "variant": "default",
    "loss": "all-pairs",
    "crops": 600_000,
    "people": 32,
    "views": 3,
    "learning_rate": 2e-3,
    "report_every": 200,
    **{name: getattr(_USUAL, name) for name in SHARES},
    "recalled": 0,
    "teachers": [],
    "precision": "float32",
    "statistics": "batch",
}
"""Of a run from scratch; fine-tuning has its own, so the options themselves have none."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--face-model", type=Path, help="npz written by import-face-model; needed to render")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder, for example runs/first")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint in --out, with its options where none are given",
    )
    parser.add_argument(
        "--from", dest="start", type=Path, metavar="FILE",
        help="the encoder to begin with: encoder.keras of a bundle or of a run (default: random weights; with "
        "--dataset: the shipped one)",
    )  # fmt: skip
    parser.add_argument("--variant", choices=("default", "seed"), help="which network (default: default)")
    parser.add_argument(
        "--loss", choices=LOSSES,
        help="all-pairs: every face of a batch against every other, plus the shape coefficients as a second target; "
        "margin: the same with a margin of 0.2; pairs, regression: one half of it alone; contrastive: pairs with "
        "margin 1, as in the seed work (default: all-pairs)",
    )  # fmt: skip
    parser.add_argument("--crops", type=int, help=f"stop after this many crops {_default('crops')}")
    parser.add_argument(
        "--minutes", type=float, help="stop after this long, resumed time included (default: no limit)"
    )
    parser.add_argument("--people", type=int, help=f"people per batch {_default('people')}")
    parser.add_argument("--views", type=int, help=f"crops per person and batch {_default('views')}")
    parser.add_argument(
        "--recalled", type=int,
        help="crops of earlier batches that each batch is told apart from as well; some thousands, once the "
        f"encoder changes slowly {_default('recalled')}",
    )  # fmt: skip
    parser.add_argument(
        "--teachers", nargs="*", type=Path, metavar="FILE",
        help="encoders of the same variant (encoder.keras of bundles or runs) whose similarities between the people of "
        f"each batch are learnt as well, their mean with a weight of {TAUGHT_WEIGHT:g}, and where the first puts each "
        f"person in such a light, with {PROTOTYPE_WEIGHT:g}, and who of all remembered it is, with {RIVALS_WEIGHT:g}, "
        "so let the first be the one of --from; they see each person once, bare, calm and without noise, from all "
        "sides and mirrored, in every light, so that a small encoder learns to see through what hides a face; without "
        "a file: a resumed run goes on without its teachers (default: none)",
    )  # fmt: skip
    parser.add_argument("--learning-rate", type=float, help=_default("learning_rate"))
    parser.add_argument(
        "--workers", type=int, help="rendering processes (default: one less than the processor has cores)"
    )
    parser.add_argument(
        "--report-every", type=int, help=f"steps between reports and checkpoints {_default('report_every')}"
    )
    parser.add_argument("--held-out", type=int, help="rendered people to measure the EER on (default: 100)")
    parser.add_argument(
        "--precision", choices=PRECISIONS,
        help=f"of the convolutions; bfloat16 is faster where the processor has AMX {_default('precision')}",
    )  # fmt: skip
    parser.add_argument(
        "--statistics", choices=STATISTICS,
        help="which normalise activations: those of each batch, from which a trained encoder's are gathered, or kept, "
        "those of the encoder in --from or of the checkpoint that is resumed; what all crops of a batch have in "
        "common, a camera or a light, is then not normalised away, so the encoder learns to bear it "
        f"{_default('statistics')}",
    )  # fmt: skip
    shares = parser.add_argument_group("shares of crops")
    shares.add_argument("--augmented", type=float, help=_default("augmented"))
    shares.add_argument(
        "--sharpened",
        type=float,
        help=f"augmented after {100 * _USUAL.sharpen_from:.0f} %% of the run {_default('sharpened')}",
    )
    shares.add_argument("--infrared", type=float, help=_default("infrared"))
    shares.add_argument("--blind", type=float, help=f"depth only {_default('blind')}")
    shares.add_argument(
        "--repeated", type=float, help=f"batches of crops that were shown before {_default('repeated')}"
    )
    shares.add_argument(
        "--grouped", type=float, help=f"batches of people who look alike in groups {_default('grouped')}"
    )
    shares.add_argument(
        "--siblings", type=float,
        help=f"new people who nearly have the face of somebody remembered {_default('siblings')}",
    )  # fmt: skip
    shares.add_argument(
        "--aged", type=float, help=f"new people half of whose views show them years later {_default('aged')}"
    )
    shares.add_argument("--dressed", type=float, help=f"with something worn or held {_default('dressed')}")
    shares.add_argument("--grimacing", type=float, help=f"with a wide expression {_default('grimacing')}")
    shares.add_argument(
        "--steady", type=float, help=f"people seen in one light by all views of a batch {_default('steady')}"
    )
    parser.add_argument("--seed", type=options.seed, help="of every random choice (default: 1)")
    finetune_options.add_arguments(parser)


def _default(name: str) -> str:
    tuned = finetune_options.DEFAULTS.get(name)
    also = "" if tuned is None else f"; with --dataset: {tuned:g}"
    return f"(default: {DEFAULTS[name]}{also})"


def run(arguments: argparse.Namespace, turned: bool = False) -> int:
    """Train until the schedule ends; returns 0, or what fine-tuning returns.

    `turned` crops are for `compare-recipes` alone: no board turns them, so the record names another preprocessing,
    which `bundle --record` and `--from` refuse.
    """
    arguments.turned = turned
    if arguments.resume and arguments.dataset is None:
        arguments.dataset = chosen_before(arguments.out, ["dataset"]).get("dataset")
    if arguments.dataset is not None:
        from facelatch_converter.finetune import command  # noqa: PLC0415

        return command.run(arguments)
    usual = DEFAULTS | common_defaults()
    before = chosen_before(arguments.out, [*usual, "face_model"]) if arguments.resume else {}
    fill(arguments, usual | before)
    _check(arguments)
    model = load_face_model(arguments.face_model)
    start = None if arguments.start is None else _find_start(arguments.start, arguments.variant)
    teachers = _find_teachers(arguments)
    # After the arguments are known to be good: importing TensorFlow takes seconds.
    from facelatch_converter.training_loop import train_run  # noqa: PLC0415

    train_run(arguments, model, _open_record(arguments, start, teachers), start, teachers)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    finetune_options.refuse_without_dataset(arguments)
    if arguments.face_model is None:
        raise TrainingError(
            "rendering people needs --face-model NPZ; make one with import-face-model, or fine-tune on --dataset DIR"
        )
    require_enough(arguments)
    for name in SHARES:
        if not 0 <= getattr(arguments, name) <= 1:
            raise TrainingError(f"--{name} must be a share from 0 to 1, found {getattr(arguments, name):g}")
    if arguments.infrared + arguments.blind > 1:
        raise TrainingError("--infrared and --blind together are at most 1")
    batch = arguments.people * arguments.views
    if arguments.recalled and not batch <= arguments.recalled <= RECALLED_MOST:
        raise TrainingError(
            f"--recalled must be 0 or from a batch ({batch}) to {RECALLED_MOST:,}, found {arguments.recalled}"
        )
    if arguments.recalled and arguments.loss in UNPAIRED:
        raise TrainingError(f"--recalled is nothing to the loss {arguments.loss}; leave it out")
    require_between(arguments, most={"held_out": MOST_HELD_OUT})
    refuse_place(arguments.out)
    record = arguments.out / RECORD_FILE
    if record.exists() and not arguments.resume:
        raise TrainingError(f"{arguments.out}: holds a run already; add --resume or choose another folder")
    if arguments.statistics == KEPT and arguments.start is None and not arguments.resume:
        raise TrainingError(
            "--statistics kept keeps those of an encoder; name it by --from, or leave --statistics out"
        )
    if arguments.resume and arguments.start is not None:
        raise TrainingError("a resumed run goes on from its own checkpoint; leave --from or --resume out")
    if arguments.resume and not record.exists():
        raise TrainingError(f"{arguments.out}: nothing to resume, there is no run.json; leave --resume out")


PHASE = (
    "crops", "minutes", "people", "views", "recalled", "teachers", "learning_rate", *SHARES, "precision", "statistics",
    "workers",
)  # fmt: skip
"""Arguments that a resumed run may change; the record lists them for each phase."""

IDENTITY = ("variant", "loss", "turned", "seed", "face_model_sha256")
"""Arguments that make a run what it is: a resumed run must have the same."""


def _find_start(path: Path, variant: str) -> Start:
    """The encoder to begin with; raises `ConversionError` for one of another variant."""
    start, wanted = find_start(path), CropSpec(size_px=default_size_px(variant))
    if start.crop != wanted:
        raise ConversionError(f"{path}: was made for {start.crop}, the {variant} variant takes {wanted}")
    return start


def _find_teachers(arguments: argparse.Namespace) -> list[Start]:
    """The encoders to be taught by; raises `ConversionError` for one that cannot teach this variant."""
    # A run may be resumed from another folder.
    arguments.teachers = [Path(path).absolute() for path in arguments.teachers]
    try:
        found = [_find_start(path, arguments.variant) for path in arguments.teachers]
    except ConversionError as error:
        hint = "; --teachers without a file goes on without them" if arguments.resume else ""
        raise ConversionError(f"--teachers {error}{hint}") from None
    if len({teacher.sha256 for teacher in found}) < len(found):
        raise TrainingError("--teachers: two of the encoders are the same; name each once")
    return found


def _open_record(arguments: argparse.Namespace, start: Start | None, teachers: Sequence[Start]) -> Record:
    """A new run's record, or the one to go on with; teachers that it did not have yet, or not so, are noted."""
    record = _find_record(arguments, start)
    for place, teacher in enumerate(teachers):
        known = {"sha256": teacher.sha256, **teaching(place)}
        if not any(known.items() <= entry.items() for entry in record.taught_by):
            told = {"name": teacher.name, "crops": crops_seen(teacher.training), "from_crops": record.crops}
            record.taught_by.append(told | known)
    return record


def teaching(place: int) -> dict[str, Any]:
    """What a record says of how the teacher at a place in `--teachers` teaches: the first one's space is learnt."""
    return {**TEACHING} if place == 0 else {**TEACHING, "prototypes": 0.0, "rivals": 0.0}


def to_given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments as a run's record keeps them."""
    sha256 = hashlib.sha256(arguments.face_model.read_bytes()).hexdigest()
    return to_plain(arguments) | {"face_model_sha256": sha256}


def _find_record(arguments: argparse.Namespace, start: Start | None) -> Record:
    given = to_given(arguments)
    if not arguments.resume:
        make_folder(arguments.out)
        made_with = versions() | ({"preprocess": "turned to the front"} if arguments.turned else {})
        return Record(arguments=given, versions=made_with, begun_from=origin(start) if start else {})
    require_writable(arguments.out)
    path = arguments.out / RECORD_FILE
    try:
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
        before = {"turned": False} | record.arguments
        # What a record of an earlier release does not name cannot differ.
        identity = {name: given[name] for name in IDENTITY if name in before}
    except (ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{path}: not a run record ({error}); start a new run in another folder"
        ) from None
    if not arguments.turned:
        require_preprocessing({"versions": record.versions}, path)
    if record.averaged:
        raise TrainingError(
            f"{path}: is a mean of encoders, which has no checkpoint; begin with it by --from"
        )
    if record.arguments.get("loss") == HEAD_LOSS:
        raise TrainingError(f"{path}: is of fit-head, which keeps no checkpoint; begin with it by --from")
    refuse_different(path, before, identity)
    network = to_network(record.versions)
    if arguments.variant == "default" and network != NETWORK:
        raise TrainingError(
            f"{path}: its network is {network}, this release trains {NETWORK}; begin a new run with its {ENCODER_FILE} "
            "by --from"
        )
    refuse_ended(arguments.out, record, arguments.crops, arguments.minutes)
    record.resumed += 1
    record.phases.append({"from_crops": record.crops, **{name: given[name] for name in PHASE}})
    return record


def to_reals(tensors: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """A batch's tensors as real numbers in [-1, 1]."""
    return tensors.astype(np.float32) * np.float32(1 / STEPS)
