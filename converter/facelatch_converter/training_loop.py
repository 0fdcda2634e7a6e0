"""The loop itself: batches, reports, checkpoints. Imports TensorFlow, so import it late."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tqdm import tqdm

from facelatch.preprocess import CropSpec
from facelatch_converter import architecture, networks
from facelatch_converter.beginning import held_out_and_settling, load_start, settle_start
from facelatch_converter.crop_workers import Pace, rendered_batches
from facelatch_converter.crops import Batch
from facelatch_converter.errors import TrainingError
from facelatch_converter.face_model import FaceModel
from facelatch_converter.held_out_report import to_row
from facelatch_converter.recipe import Recipe
from facelatch_converter.runs import ENCODER_FILE, SHARES, Record, Schedule, save_encoder
from facelatch_converter.saving import saving
from facelatch_converter.start import Start
from facelatch_converter.teachers import Teachers
from facelatch_converter.train import KEPT
from facelatch_converter.trainer import Trainer


def train_run(
    arguments: argparse.Namespace,
    model: FaceModel,
    record: Record,
    start: Start | None = None,
    teachers: Sequence[Start] = (),
) -> None:
    """Train to the end of the schedule, reporting and saving on the way; `start` gives a new run its weights."""
    loaded = [load_start(teacher, arguments.variant) for teacher in teachers]
    beginning = None if start is None else load_start(start, arguments.variant)
    spec = CropSpec(size_px=architecture.default_size_px(arguments.variant))
    held_out, settling = held_out_and_settling(model, spec, arguments, arguments.turned)
    taught_by = [
        (settle_start(one, *settling), str(teacher.path))
        for one, teacher in zip(loaded, teachers, strict=True)
    ]
    recipe = Recipe(
        people=arguments.people,
        views=arguments.views,
        turned=arguments.turned,
        privileged=bool(teachers),
        **{name: getattr(arguments, name) for name in SHARES},
    )
    trainer, taught = _build(arguments, model, taught_by, recipe.met, arguments.seed + record.resumed)
    if start is not None and beginning is not None:
        trainer.begin_with(settle_start(beginning, *settling), str(start.path))
    checkpoint = _restore(arguments, trainer)
    schedule = Schedule(arguments.crops, arguments.minutes, arguments.learning_rate)
    # A resumed run must not see the first part's people again: it draws from streams of its own.
    streams = record.resumed * 1000
    pace = Pace(record.crops, arguments.crops)
    with (
        rendered_batches(
            arguments.face_model, spec, recipe, arguments.seed, arguments.workers, streams, pace
        ) as (batches, tell_time),
        tqdm(total=arguments.crops, initial=record.crops, unit="crop", smoothing=0.02) as bar,
    ):
        recent: list[float] = []
        started = time.monotonic() - record.elapsed_s
        for step, batch in enumerate(batches, start=1):
            elapsed_s = time.monotonic() - started
            trainer.optimiser.learning_rate.assign(schedule.rate(schedule.progress(record.crops, elapsed_s)))
            tell_time(schedule.progress(0, elapsed_s))
            recent.append(_take_step(trainer, batch, taught))
            record.crops += len(batch.labels)
            record.elapsed_s = time.monotonic() - started
            bar.update(len(batch.labels))
            finished = schedule.progress(record.crops, record.elapsed_s) >= 1
            if step % arguments.report_every == 0 or finished:
                offset = _settle(trainer, settling, record)
                _report(trainer, held_out, offset, record, float(np.mean(recent)), bar)
                _save(arguments.out, trainer.exported(offset), checkpoint, record)
                recent = []
            if finished:
                break


def _build(
    arguments: argparse.Namespace,
    model: FaceModel,
    taught_by: Sequence[tuple[Any, str]],
    remembered: int,
    seed: int,
) -> tuple[Trainer, Teachers | None]:
    """The trainer, and its teachers who remember so many people of each rendering process."""
    # After loading, which draws random numbers too: with teachers or without, a run begins with the same weights.
    keras.utils.set_random_seed(seed)
    frozen = arguments.statistics == KEPT
    trainer = Trainer(
        arguments.variant, arguments.loss, model, arguments.precision, arguments.recalled, frozen
    )
    if not taught_by:
        return trainer, None
    with networks.computing_in(arguments.precision):
        return trainer, Teachers(arguments.variant, taught_by, (arguments.workers, remembered))


def _take_step(trainer: Trainer, batch: Batch, teachers: Teachers | None) -> float:
    loss = trainer.take_step(batch, None if teachers is None else teachers.recollect(batch))
    if not np.isfinite(loss):
        raise TrainingError(
            "the loss is no longer a number; resume from the last checkpoint with a lower --learning-rate"
        )
    return loss


def _settle(trainer: Trainer, settling: Any, record: Record) -> npt.NDArray[np.float32]:
    """The offset to take out, fitted on people of its own; the record says how much of it that is."""
    tensors, labels = settling
    raw = trainer.outputs(tensors)
    offset = trainer.ending.excess(raw, labels)
    record.offset_share = trainer.ending.share(offset, raw)
    return offset


def _report(
    trainer: Trainer,
    held_out: Any,
    offset: npt.NDArray[np.float32],
    record: Record,
    loss: float,
    bar: Any,
) -> None:
    """Measure on held-out people and say so on the bar and in the record."""
    tensors, labels = held_out
    raw = trainer.outputs(tensors)
    row = {
        "crops": record.crops,
        "elapsed_s": round(record.elapsed_s, 1),
        "loss": round(loss, 4),
        **to_row(trainer.ending, raw, labels, offset),
    }
    record.reports.append(row)
    bar.set_postfix_str(f"loss {loss:.3f} EER {100 * row['eer']:.2f} %")
    bar.write(
        f"{record.crops:8d} crops {record.elapsed_s / 60:6.1f} min  loss {loss:.3f}  EER {100 * row['eer']:.2f} %  "
        f"genuine {row['genuine']:.2f}  impostor {row['impostor']:.2f}"
    )


def _restore(arguments: argparse.Namespace, trainer: Trainer) -> Any:
    """The checkpoint manager, with weights and optimiser loaded where a run goes on."""
    state = tf.train.Checkpoint(network=trainer.network, optimiser=trainer.optimiser)
    manager = tf.train.CheckpointManager(state, str(arguments.out / "checkpoint"), max_to_keep=2)
    if arguments.resume:
        if manager.latest_checkpoint is None:
            raise TrainingError(
                f"{arguments.out}: holds no checkpoint yet; start the run anew in another folder"
            )
        try:
            state.restore(manager.latest_checkpoint).expect_partial()
        except (ValueError, IndexError, KeyError, tf.errors.OpError) as error:
            raise TrainingError(
                f"{manager.latest_checkpoint}: cannot be restored ({str(error).splitlines()[0]}); it is damaged or of "
                "another network; start a new run"
            ) from None
    return manager


def _save(folder: Path, encoder: Any, checkpoint: Any, record: Record) -> None:
    with saving(folder):
        checkpoint.save()
        save_encoder(encoder, folder / ENCODER_FILE)
        record.save(folder)
