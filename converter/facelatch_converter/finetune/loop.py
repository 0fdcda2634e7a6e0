"""Fine-tuning itself: gradient steps, reports, the best encoder so far. Imports TensorFlow, so import it late.

Batch normalisation keeps the statistics of the training from scratch: those of a few dozen people, half of each batch
rendered, would be neither the data set's nor the renderer's. Its scale and offset are trained like everything else.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from facelatch_converter import losses, quantise
from facelatch_converter.crop_workers import Pace, rendered_batches
from facelatch_converter.ending import find_ending, outputs
from facelatch_converter.errors import ConversionError, TrainingError
from facelatch_converter.finetune.command import Material, TunedRecord, encoder_file
from facelatch_converter.finetune.examiner import Examiner
from facelatch_converter.finetune.faces import Real, Whole, face_batches
from facelatch_converter.finetune.reports import best_report, reports_since_best, to_line, to_sentences
from facelatch_converter.recipe import Recipe
from facelatch_converter.runs import Schedule, save_encoder
from facelatch_converter.saving import saving
from facelatch_converter.start import Start
from facelatch_converter.train import to_reals

TUNING = 7_261_972
"""Begins the seeds of batches of captured people."""


class Tuner:
    """An encoder, its optimiser and one gradient step."""

    def __init__(self, start: Start) -> None:
        self.encoder = quantise.load_keras(start.path)
        if int(self.encoder.input_shape[1]) != start.crop.size_px:
            raise ConversionError(
                f"{start.path}: takes {self.encoder.input_shape[1]} pixels, its origin says {start.crop.size_px}"
            )
        self.ending = find_ending(self.encoder)
        self._probe = self.ending.probe(self.encoder)
        self.optimiser = keras.optimizers.Adam(1e-4)
        self.optimiser.build(self.encoder.trainable_variables)
        self.step = tf.function(self._step, reduce_retracing=True)

    def _step(self, tensors: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = losses.all_pairs(self.encoder(tensors, training=False), labels)
        gradients = tape.gradient(loss, self.encoder.trainable_variables)
        self.optimiser.apply_gradients(zip(gradients, self.encoder.trainable_variables, strict=True))
        return loss

    def outputs(self, tensors: Real, size: int = 200) -> Real:
        """What comes before the encoder's ending, (n, 128)."""
        return outputs(self._probe, tensors, size)

    def exported(self, offset: Real) -> Any:
        """A copy of the encoder with `offset` (128,) taken from what comes before its ending."""
        copy = keras.models.clone_model(self.encoder)
        copy.set_weights(self.encoder.get_weights())
        self.ending.subtract(copy, offset)
        return copy


def tune(arguments: argparse.Namespace, start: Start, material: Material, record: TunedRecord) -> int:
    """Fine-tune until the schedule ends or nothing improves; 0 if anything did."""
    keras.utils.set_random_seed(arguments.seed + record.resumed)
    tuner = Tuner(start)
    examiner = Examiner(arguments, material, tuner.ending)
    checkpoint = _restore(arguments, tuner, record)
    if not record.reports:
        # Settled as all later ones: settling alone must not look like learning. Nothing of it is saved.
        _report(tuner, examiner, record, 0.0)
        with saving(arguments.out):
            record.save(arguments.out)
    schedule = Schedule(arguments.crops, arguments.minutes, arguments.learning_rate)
    with (
        _batches(arguments, material, record) as batches,
        tqdm(total=arguments.crops, initial=record.crops, unit="crop", smoothing=0.02) as bar,
    ):
        bar.write(to_line(record.reports[-1]))
        _train(arguments, tuner, examiner, record, schedule, batches, checkpoint, bar)
    print("\n".join(to_sentences(record.reports, record.fine_tuning)))
    if best_report(record.reports) == 0:
        print(f"{arguments.out} holds no new encoder")
        return 1
    print(
        f"{encoder_file(arguments)}; next: facelatch-convert quantise, then bundle --record {arguments.out}/run.json"
    )
    return 0


def _train(
    arguments: argparse.Namespace,
    tuner: Tuner,
    examiner: Examiner,
    record: TunedRecord,
    schedule: Schedule,
    batches: Iterator[tuple[Real, Whole]],
    checkpoint: Any,
    bar: Any,
) -> None:
    recent: list[float] = []
    started = time.monotonic() - record.elapsed_s
    for step, (tensors, labels) in enumerate(batches, start=1):
        progress = schedule.progress(record.crops, time.monotonic() - started)
        tuner.optimiser.learning_rate.assign(schedule.rate(progress))
        recent.append(float(tuner.step(tensors, labels)))
        if not np.isfinite(recent[-1]):
            raise TrainingError("the loss is no longer a number; start again with a lower --learning-rate")
        record.crops += len(labels)
        record.elapsed_s = time.monotonic() - started
        bar.update(len(labels))
        finished = schedule.progress(record.crops, record.elapsed_s) >= 1
        if step % arguments.report_every == 0 or finished:
            offset = _report(tuner, examiner, record, float(np.mean(recent)))
            bar.write(to_line(record.reports[-1]))
            _save(arguments, tuner, offset, record, checkpoint)
            recent = []
        if finished or reports_since_best(record.reports) >= arguments.patience:
            return


def _report(tuner: Tuner, examiner: Examiner, record: TunedRecord, loss: float) -> Real:
    """Measure, and note it in the record; gives the offset that the saved encoder is without."""
    offset = examiner.offset(tuner.outputs)
    found = examiner.validate(tuner.outputs, offset)
    row: dict[str, Any] = {
        "crops": record.crops,
        "elapsed_s": round(record.elapsed_s, 1),
        "loss": round(loss, 4),
        "eer": round(found.rate, 5),
        "eer_low": round(found.low, 5),
        "eer_high": round(found.high, 5),
        "genuine": round(found.genuine_mean, 4),
        "impostor": round(found.impostor_mean, 4),
        "d_prime": round(found.d_prime, 4),
    }
    rendered = examiner.rendered(tuner.outputs, offset)
    record.reports.append(row if rendered is None else row | {"rendered_eer": round(rendered, 5)})
    record.fine_tuning["validation"] = {"genuine": found.genuine, "impostor": found.impostor}
    return offset


def _save(
    arguments: argparse.Namespace, tuner: Tuner, offset: Real, record: TunedRecord, checkpoint: Any
) -> None:
    """The checkpoint, the record, and the encoder if it is the best so far."""
    best = best_report(record.reports)
    record.fine_tuning |= {"before": record.reports[0], "after": record.reports[best]}
    with saving(arguments.out):
        checkpoint.save()
        if best == len(record.reports) - 1:
            save_encoder(tuner.exported(offset), encoder_file(arguments))
        record.save(arguments.out)


def _restore(arguments: argparse.Namespace, tuner: Tuner, record: TunedRecord) -> Any:
    """The checkpoint manager, with weights and optimiser loaded where a run goes on."""
    state = tf.train.Checkpoint(network=tuner.encoder, optimiser=tuner.optimiser)
    manager = tf.train.CheckpointManager(state, str(arguments.out / "checkpoint"), max_to_keep=1)
    if record.crops > 0 and manager.latest_checkpoint is None:
        raise TrainingError(
            f"{arguments.out}: its record tells of {record.crops:,} crops, but it holds no checkpoint; start the run "
            "anew in another folder"
        )
    if arguments.resume and manager.latest_checkpoint is not None:
        try:
            state.restore(manager.latest_checkpoint).expect_partial()
        except (ValueError, IndexError, KeyError, tf.errors.OpError) as error:
            raise TrainingError(
                f"{manager.latest_checkpoint}: cannot be restored ({str(error).splitlines()[0]}); start a new run"
            ) from None
    return manager


@contextmanager
def _batches(
    arguments: argparse.Namespace, material: Material, record: TunedRecord
) -> Iterator[Iterator[tuple[Real, Whole]]]:
    """Captured people, beside rendered ones where there is a face model; a resumed run draws others."""
    known = len(material.trained.people)
    share = 0.0 if arguments.face_model is None else arguments.rendered
    rendered = round(share * arguments.people)
    captured = max(2, min(arguments.people - rendered, known))
    rng = np.random.default_rng([TUNING, arguments.seed, 0, record.resumed])
    own = face_batches(material.trained, material.spec, captured, arguments.views, arguments.augmented, rng)
    if rendered < 2:
        yield own
        return
    recipe = Recipe(people=rendered, views=arguments.views)
    with rendered_batches(
        arguments.face_model,
        material.spec,
        recipe,
        arguments.seed,
        arguments.workers,
        record.resumed * 1000,
        Pace(),
    ) as (made, _):
        yield (
            (
                np.concatenate([one, to_reals(other.tensors)]),
                np.concatenate([labels, other.labels + captured]),
            )
            for (one, labels), other in zip(own, made, strict=False)
        )
