"""A run that fits a head: features, gradient steps, the settled encoder. Imports TensorFlow, so import it late."""

import argparse
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from facelatch.preprocess import CropSpec
from facelatch_converter.architecture import default_size_px
from facelatch_converter.beginning import Labelled, held_out_and_settling, load_start, settle_start
from facelatch_converter.crop_workers import rendered_batches
from facelatch_converter.ending import find_ending, outputs
from facelatch_converter.errors import TrainingError
from facelatch_converter.face_model import FaceModel
from facelatch_converter.head.command import FACES
from facelatch_converter.head.features import Features, build_trunk, gather
from facelatch_converter.head.fitter import Fitter
from facelatch_converter.held_out_report import to_row
from facelatch_converter.progress import progress_bar
from facelatch_converter.runs import ENCODER_FILE, Record, save_encoder
from facelatch_converter.saving import saving
from facelatch_converter.start import Start

GROUP = 8
"""So many people of a batch look alike to the encoder."""
GROUPED = 0.9
"""Share of a batch's people who come in such groups."""
MINED_EVERY = 100
"""Steps after which it is found out anew who looks alike."""

STREAMS = 1_000_000
"""Of people: no training that is resumed less than a thousand times draws from these, so all are new to the trunk."""

_DRAWING = 7_261_974
"""Begins the seed of the choice of people."""


def fit_run(arguments: argparse.Namespace, model: FaceModel, start: Start, record: Record) -> None:
    """Fit the head of `start` and save it, settled, with its record."""
    started = time.monotonic()
    keras.utils.set_random_seed(arguments.seed)
    spec = CropSpec(size_px=default_size_px("default"))
    beginning = load_start(start, "default")
    held_out, settling = held_out_and_settling(model, spec, arguments)
    encoder = settle_start(beginning, *settling)
    features = _gather(arguments, spec, encoder)
    record.crops = features.values.shape[0] * features.values.shape[1]
    before, _ = _measure(encoder, held_out, settling, record, started)
    print(to_line("before", before))
    loss = _fit(arguments, encoder, features)
    after, offset = _measure(encoder, held_out, settling, record, started)
    print(to_line("after", after))
    record.reports = [before, after | {"loss": round(loss, 4)}]
    find_ending(encoder).subtract(encoder, offset)
    with saving(arguments.out):
        save_encoder(encoder, arguments.out / ENCODER_FILE)
        record.save(arguments.out)


def _gather(arguments: argparse.Namespace, spec: CropSpec, encoder: Any) -> Features:
    trunk = build_trunk(encoder)
    look = tf.function(lambda tensors: trunk(tensors, training=False), reduce_retracing=True)
    with (
        rendered_batches(arguments.face_model, spec, FACES, arguments.seed, arguments.workers, STREAMS) as (
            batches,
            _,
        ),
        progress_bar(arguments.identities, "people") as progress,
    ):
        return gather(batches, look, arguments.identities, progress)


def _fit(arguments: argparse.Namespace, encoder: Any, features: Features) -> float:
    """Take all steps; returns the mean loss of the last ones."""
    fitter = Fitter(encoder, features, arguments.learning_rate, arguments.steps)
    rng = np.random.default_rng([_DRAWING, arguments.seed])
    recent: list[float] = []
    with progress_bar(arguments.steps, "steps") as progress:
        for step in range(arguments.steps):
            if step % MINED_EVERY == 0:
                known, recent = fitter.directions(features), []
            people = draw_people(known, arguments.people, rng)
            recent.append(fitter.take_step(*features.of(people)))
            if not np.isfinite(recent[-1]):
                raise TrainingError(
                    "the loss is no longer a number; start again with a lower --learning-rate"
                )
            progress(1)
    fitter.write_back()
    return float(np.mean(recent))


def draw_people(
    directions: npt.NDArray[np.float32], count: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """`count` different people, some in groups of those whose directions (people, 128) are nearest."""
    first = rng.choice(len(directions), int(count * GROUPED) // GROUP, replace=False)
    likeness = directions[first] @ directions.T
    alike = np.unique(np.argpartition(-likeness, GROUP - 1, axis=1)[:, :GROUP])
    others = rng.permutation(np.setdiff1d(np.arange(len(directions)), alike))
    chosen: npt.NDArray[np.int64] = np.concatenate([alike, others[: count - len(alike)]]).astype(np.int64)
    return chosen


def _measure(
    encoder: Any, held_out: Labelled, settling: Labelled, record: Record, started: float
) -> tuple[dict[str, float], npt.NDArray[np.float32]]:
    """What people held out show of the encoder as it would be settled, and what settling takes out of it.

    The record says how much of the pole's height that is.
    """
    ending = find_ending(encoder)
    probe = ending.probe(encoder)
    raw = outputs(probe, settling[0])
    offset = ending.excess(raw, settling[1])
    record.offset_share = ending.share(offset, raw)
    record.elapsed_s = time.monotonic() - started
    told = {"crops": record.crops, "elapsed_s": round(record.elapsed_s, 1)}
    return told | to_row(ending, outputs(probe, held_out[0]), held_out[1], offset), offset


def to_line(when: str, report: Mapping[str, float]) -> str:
    """One report in words."""
    return (
        f"{when}: EER {100 * report['eer']:.2f} %  genuine {report['genuine']:.2f}  "
        f"impostor {report['impostor']:.2f}"
    )
