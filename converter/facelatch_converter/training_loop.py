"""The loop itself: gradient steps, reports, checkpoints. Imports TensorFlow, so import it late."""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tqdm import tqdm

from facelatch.preprocess import CropSpec
from facelatch_converter import architecture, losses, quantise
from facelatch_converter.crop_workers import Pace, rendered_batches
from facelatch_converter.crops import Batch
from facelatch_converter.earlier import fit_weights
from facelatch_converter.errors import ConversionError, TrainingError
from facelatch_converter.face_model import FaceModel
from facelatch_converter.fused import FASTER
from facelatch_converter.held_out import held_out_crops
from facelatch_converter.look_alikes import reach_mm
from facelatch_converter.metrics import comparisons, eer, pair_distances
from facelatch_converter.offset import excess_offset, to_unit_rows
from facelatch_converter.recall import Recall
from facelatch_converter.recipe import Recipe
from facelatch_converter.runs import ENCODER_FILE, HELD_OUT, SETTLING, SHARES, Record, Schedule, save_encoder
from facelatch_converter.saving import saving
from facelatch_converter.start import Start
from facelatch_converter.train import PROTOTYPE_WEIGHT, TAUGHT_WEIGHT, to_reals

REGRESSION_WEIGHT = 2.0
"""Of the shape coefficients beside the all-pairs loss."""
MARGIN = 0.2
"""Of the loss `margin`, in cosines."""


class Trainer:
    """A network, its optimiser and one gradient step.

    In "bfloat16" the layers compute with 8 bits of mantissa and keep their weights, statistics and loss in float32;
    a processor with AMX then takes two thirds of the time. What is saved and measured is the float32 encoder.
    """

    def __init__(
        self,
        variant: str,
        loss: str,
        model: FaceModel,
        precision: str = "float32",
        recalled: int = 0,
        teachers: Sequence[tuple[Any, str]] = (),
    ) -> None:
        """`teachers` are encoders of the same variant, each with its name for messages."""
        self._variant = variant
        self._recall = Recall(recalled) if recalled else None
        with _computing_in(precision):
            self.encoder = _build(variant, FASTER)
            self.network = architecture.with_regression(self.encoder, len(model.identity_mm))
            # After the network, so that its first weights do not depend on them.
            self._teachers = [_build(variant, FASTER) for _ in teachers]
        for copy, (teacher, source) in zip(self._teachers, teachers, strict=True):
            self._copy_weights(teacher, copy, source)
        self._plain = _build(variant)
        self.optimiser = keras.optimizers.Adam(1e-3)
        self.optimiser.build(self.network.trainable_variables)
        self._importance = tf.constant(_importance(model))
        self._objective = {
            "all-pairs": self._all_pairs,
            "margin": self._margin,
            "pairs": self._pairs,
            "regression": self._regression,
            "contrastive": self._contrastive,
        }[loss]
        self.step = tf.function(self._step)

    def begin_with(self, encoder: Any, source: str) -> None:
        """Take over an encoder's weights; raises `ConversionError` for another network's."""
        self._copy_weights(encoder, self.encoder, source)

    def _copy_weights(self, encoder: Any, target: Any, source: str) -> None:
        try:
            target.set_weights(fit_weights(target, encoder.get_weights()))
        except ValueError as error:
            raise ConversionError(
                f"{source}: is another network than the {self._variant} variant ({str(error).splitlines()[0]})"
            ) from None

    def _step(self, tensors: Any, weights: Any, labels: Any, people: Any, privileged: Any = None) -> Any:
        if self._teachers and privileged is None:
            raise ValueError("teachers need privileged crops; ask the recipe for them")
        taught = self._taught(privileged, labels) if self._teachers else None
        with tf.GradientTape() as tape:
            outputs, guess = self.network(tensors, training=True)
            strangers = None if self._recall is None else self._recall.strangers(outputs, people)
            loss = self._objective(outputs, guess, weights, labels, strangers)
            if taught is not None:
                similarities, prototypes = taught
                loss += TAUGHT_WEIGHT * losses.taught_error(outputs, similarities)
                loss += PROTOTYPE_WEIGHT * losses.prototype_error(outputs, prototypes)
        if self._recall is not None:
            self._recall.remember(outputs, people)
        gradients = tape.gradient(loss, self.network.trainable_variables)
        self.optimiser.apply_gradients(zip(gradients, self.network.trainable_variables, strict=True))
        return loss

    def _taught(self, tensors: Any, labels: Any) -> tuple[Any, Any]:
        """The mean of the teachers' cosines of the people of each two faces, and where the first teacher puts each.

        (batch, batch) and (batch, 128). Two teachers' cosines can be averaged, their embedding spaces are each its own.
        """
        found = [losses.prototypes(_both_ways(teacher, tensors), labels) for teacher in self._teachers]
        cosines = [tf.matmul(one, one, transpose_b=True) for one in found]
        return sum(cosines) / len(cosines), found[0]

    # Every variable needs a gradient, also of what takes no part in a loss.

    def _all_pairs(self, outputs: Any, guess: Any, weights: Any, labels: Any, strangers: Any) -> Any:
        apart = losses.all_pairs(outputs, labels, strangers=strangers)
        return apart + self._coefficients(guess, weights)

    def _margin(self, outputs: Any, guess: Any, weights: Any, labels: Any, strangers: Any) -> Any:
        apart = losses.all_pairs(outputs, labels, margin=MARGIN, strangers=strangers)
        return apart + self._coefficients(guess, weights)

    def _pairs(self, outputs: Any, guess: Any, _weights: Any, labels: Any, strangers: Any) -> Any:
        return losses.all_pairs(outputs, labels, strangers=strangers) + 0 * tf.reduce_sum(guess)

    def _regression(self, _outputs: Any, guess: Any, weights: Any, _labels: Any, _strangers: Any) -> Any:
        return self._coefficients(guess, weights)

    def _coefficients(self, guess: Any, weights: Any) -> Any:
        return REGRESSION_WEIGHT * losses.coefficient_error(guess, weights, self._importance)

    def _contrastive(self, outputs: Any, guess: Any, _weights: Any, labels: Any, _strangers: Any) -> Any:
        """Each face with another of its own person, and with a stranger's: as many of one as of the other."""
        people = tf.shape(tf.unique(labels).y)[0]
        views = tf.shape(labels)[0] // people
        by_person = tf.reshape(outputs, (people, views, tf.shape(outputs)[1]))
        own = tf.reshape(tf.roll(by_person, 1, 1), tf.shape(outputs))
        away = views * tf.random.uniform((), 1, people, tf.int32)
        first = tf.concat([outputs, outputs], 0)
        second = tf.concat([own, tf.roll(outputs, away, 0)], 0)
        same = tf.repeat((1.0, 0.0), tf.shape(labels)[0])
        return losses.contrastive(first, second, same) + 0 * tf.reduce_sum(guess)

    def exported(self, offset: npt.NDArray[np.float32]) -> Any:
        """The encoder alone, of Keras' own layers, with `offset` (128,) taken from its output."""
        plain = _build(self._variant)
        plain.set_weights(self.encoder.get_weights())
        last = plain.layers[-1]
        bias = last.beta if hasattr(last, "beta") else last.bias
        bias.assign(bias - offset)
        return plain

    def outputs(self, tensors: npt.NDArray[np.float32], size: int = 200) -> npt.NDArray[np.float32]:
        """The encoder's outputs (n, 128) in float32, not normalised."""
        self._plain.set_weights(self.encoder.get_weights())
        return np.concatenate(
            [
                self._plain(tensors[start : start + size], training=False).numpy()
                for start in range(0, len(tensors), size)
            ]
        )


def _both_ways(teacher: Any, tensors: Any) -> Any:
    """What a teacher says of each face and of its mirror image, put together: (batch, 128), float32.

    Two looks at the same skin: the errors of one are not those of the other. A board has no time for the second. Of
    300 people held out, the sum of both missed 5.1 % at an FMR of 1e-4, the mean of both looks' similarities, which
    keeps left and right apart, 5.3 %, one look 5.9 %. Nobody is in a batch with their own mirror image.
    """
    seen = losses.normalise(teacher(tensors, training=False))
    reflected = losses.normalise(teacher(tf.reverse(tensors, axis=[2]), training=False))
    return seen + reflected


def _build(variant: str, kinds: architecture.Kinds = architecture.KERAS) -> Any:
    return architecture.build_encoder(variant, architecture.default_size_px(variant), kinds)


@contextmanager
def _computing_in(precision: str) -> Iterator[None]:
    """Layers built inside compute in this precision."""
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(usual)


def train_run(
    arguments: argparse.Namespace,
    model: FaceModel,
    record: Record,
    start: Start | None = None,
    teachers: Sequence[Start] = (),
) -> None:
    """Train to the end of the schedule, reporting and saving on the way; `start` gives a new run its weights."""
    taught_by = [(quantise.load_keras(teacher.path), str(teacher.path)) for teacher in teachers]
    # After loading, which draws random numbers too: with teachers or without, a run begins with the same weights.
    keras.utils.set_random_seed(arguments.seed + record.resumed)
    trainer = Trainer(
        arguments.variant, arguments.loss, model, arguments.precision, arguments.recalled, taught_by
    )
    if start is not None:
        trainer.begin_with(quantise.load_keras(start.path), str(start.path))
    checkpoint = _restore(arguments, trainer)
    spec = CropSpec(size_px=architecture.default_size_px(arguments.variant))
    held_out, settling = (
        held_out_crops(model, spec, arguments.held_out, views, (people, arguments.seed), arguments.turned)
        for views, people in ((8, HELD_OUT), (4, SETTLING))
    )
    schedule = Schedule(arguments.crops, arguments.minutes, arguments.learning_rate)
    recipe = Recipe(
        people=arguments.people,
        views=arguments.views,
        turned=arguments.turned,
        privileged=bool(teachers),
        **{name: getattr(arguments, name) for name in SHARES},
    )
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
            recent.append(_take_step(trainer, batch))
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


def _take_step(trainer: Trainer, batch: Batch) -> float:
    told = None if batch.privileged is None else to_reals(batch.privileged)
    loss = float(trainer.step(to_reals(batch.tensors), batch.weights, batch.labels, batch.people, told))
    if not np.isfinite(loss):
        raise TrainingError(
            "the loss is no longer a number; resume from the last checkpoint with a lower --learning-rate"
        )
    return loss


def _settle(trainer: Trainer, settling: Any, record: Record) -> npt.NDArray[np.float32]:
    """The offset to take out, fitted on people of its own; the record says how much of it that is."""
    tensors, labels = settling
    raw = trainer.outputs(tensors)
    offset = excess_offset(raw, labels)
    record.offset_share = round(
        float(np.linalg.norm(offset)) / max(float(np.linalg.norm(raw.mean(0))), 1e-9), 4
    )
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
    genuine, impostor = pair_distances(to_unit_rows(raw - offset), labels)
    rate = eer(comparisons(genuine, impostor)).rate
    before = eer(comparisons(*pair_distances(to_unit_rows(raw), labels))).rate
    row = {
        "crops": record.crops,
        "elapsed_s": round(record.elapsed_s, 1),
        "loss": round(loss, 4),
        "eer": round(float(rate), 5),
        "eer_before_settling": round(float(before), 5),
        "genuine": round(float(genuine.mean()), 4),
        "impostor": round(float(impostor.mean()), 4),
    }
    record.reports.append(row)
    bar.set_postfix_str(f"loss {loss:.3f} EER {100 * rate:.2f} %")
    bar.write(
        f"{record.crops:8d} crops {record.elapsed_s / 60:6.1f} min  loss {loss:.3f}  EER {100 * rate:.2f} %  "
        f"genuine {genuine.mean():.2f}  impostor {impostor.mean():.2f}"
    )


def _importance(model: FaceModel) -> npt.NDArray[np.float32]:
    """How much each shape coefficient moves the skin, at most 1 mm counted, mean 1."""
    share = np.minimum(reach_mm(model), 1)
    importance: npt.NDArray[np.float32] = (share / share.mean()).astype(np.float32)
    return importance


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
