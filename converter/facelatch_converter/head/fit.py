"""A run that fits an encoder's upper half: features, gradient steps, the settled encoder.

Imports TensorFlow, so import it late.
"""

import argparse
import time
from collections import deque
from collections.abc import Mapping
from functools import partial
from tempfile import TemporaryFile
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
from facelatch_converter.head.cut import cut
from facelatch_converter.head.directions import Directions, Places, Real
from facelatch_converter.head.features import Features, Values, gather, make_room
from facelatch_converter.head.fitter import Fitter
from facelatch_converter.held_out_report import to_row
from facelatch_converter.progress import progress_bar
from facelatch_converter.runs import ENCODER_FILE, Record, save_encoder
from facelatch_converter.saving import saving
from facelatch_converter.start import Start

STREAMS = 1_000_000
"""Of people: no training that is resumed less than a thousand times draws from these, so all are new to the encoder."""

_DRAWING = 7_261_974
"""Begins the seed of the choice of people."""

_RECENT = 100
"""Steps at the end whose mean loss is told."""


def fit_run(arguments: argparse.Namespace, model: FaceModel, start: Start, record: Record) -> None:
    """Fit the upper half of `start` and save the encoder, settled, with its record."""
    started = time.monotonic()
    keras.utils.set_random_seed(arguments.seed)
    spec = CropSpec(size_px=default_size_px("default"))
    beginning = load_start(start, "default")
    held_out, settling = held_out_and_settling(model, spec, arguments)
    encoder = settle_start(beginning, *settling)
    before, _ = _measure(encoder, held_out, settling, record, started)
    print(to_line("before", before))
    loss = _fit(arguments, spec, encoder, record)
    after, offset = _measure(encoder, held_out, settling, record, started)
    print(to_line("after", after))
    record.reports = [before, after | {"loss": round(loss, 4)}]
    find_ending(encoder).subtract(encoder, offset)
    with saving(arguments.out):
        save_encoder(encoder, arguments.out / ENCODER_FILE)
        record.save(arguments.out)


def _fit(arguments: argparse.Namespace, spec: CropSpec, encoder: Any, record: Record) -> float:
    """Keep what the lower half finds, and fit the upper one; returns the mean loss of the last steps."""
    below = cut(encoder).below
    # Gigabytes: they may lie on the disk, and are gone with the block.
    with TemporaryFile(dir=arguments.out) as file:
        values = make_room(file, (2, arguments.identities, FACES.views, *below.output.shape[1:]))
        features = _gather(arguments, spec, below, values)
        record.crops = arguments.identities * FACES.views
        return _take_steps(arguments, encoder, features)


def _gather(arguments: argparse.Namespace, spec: CropSpec, below: Any, values: Values) -> Features:
    look = tf.function(lambda tensors: below(tensors, training=False), reduce_retracing=True)
    with (
        rendered_batches(arguments.face_model, spec, FACES, arguments.seed, arguments.workers, STREAMS) as (
            batches,
            _,
        ),
        progress_bar(arguments.identities, "people") as progress,
    ):
        return gather(batches, look, values, progress)


def _take_steps(arguments: argparse.Namespace, encoder: Any, features: Features) -> float:
    fitter = Fitter(encoder, arguments.learning_rate, arguments.steps)
    # Nobody meets their own mirror image: what tells these apart says nothing of strangers.
    sides = _look_at(features, fitter)
    rng = np.random.default_rng([_DRAWING, arguments.seed])
    recent: deque[float] = deque(maxlen=_RECENT)
    with progress_bar(arguments.steps, "steps") as progress:
        for step in range(arguments.steps):
            side = step % 2
            people = sides[side].draw(arguments.people, rng)
            views = rng.random((len(people), FACES.views)).argsort(1)[:, : arguments.views]
            labels = np.repeat(np.arange(len(people), dtype=np.int32), arguments.views)
            loss, embeddings = fitter.take_step(features.of(side, people, views), labels)
            if not np.isfinite(loss):
                raise TrainingError(
                    "the loss is no longer a number; start again with a lower --learning-rate"
                )
            sides[side].learn(people, embeddings)
            recent.append(loss)
            progress(1)
    fitter.write_back()
    return float(np.mean(recent))


def _look_at(features: Features, fitter: Fitter) -> list[Directions]:
    """Where people lie as they are, and mirrored."""
    people = features.values.shape[1]

    def look(side: int, few: Places, views: Places) -> Real:
        return fitter.look(features.of(side, few, views))

    with progress_bar(2 * people, "people") as progress:
        return [Directions(people, partial(look, side), progress) for side in range(2)]


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
