"""`facelatch bench`: how long each stage takes on this board, and how two encoders compare."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facelatch import __version__, resources, tflite_file
from facelatch.acquisition import Embedder, Failure, acquire
from facelatch.benchmark import Measurement, compare, interleave, measure, summarise
from facelatch.benchmark_report import Report, Rivals, to_record, to_text
from facelatch.cameras.repeated import Repeated
from facelatch.card import Bundle, load_bundle
from facelatch.commands.options import add_config, add_json, whole_number
from facelatch.commands.sources import add_model, add_source, to_camera, to_config
from facelatch.config import effective_threshold
from facelatch.diagnosis.board import Board, ask_vcgencmd, read_board, read_resident_mib
from facelatch.encoder import RUNTIMES, Encoder, TFLiteModel, runtime_version
from facelatch.enrolment import WANTED
from facelatch.errors import ModelError
from facelatch.exit_codes import ExitCode
from facelatch.frames import Frame
from facelatch.locate import Locator
from facelatch.matching import Template, identify
from facelatch.session import decide
from facelatch.timestamps import to_utc_text

DESCRIPTION = """\
Measure each stage of a frame's way from the camera to the decision, on one core and on all, after a warm-up.
Recordings are repeated as needed. `capture` is the wait for a frame, `whole` starts when it is there.
"""

EXAMPLES = """\
examples:
  facelatch bench --capture visit/
  facelatch bench --capture visit/ --compare models/other --json
  facelatch bench --capture visit/ --compare models/default --compare-runtime tflite-runtime
"""

ROOT = Path("/")
GALLERY = (5, WANTED)
"""Users and embeddings of each in the made-up gallery that `match` is measured against."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_json(parser)
    add_source(parser)
    add_model(parser)
    parser.add_argument(
        "--frames", type=whole_number(1, 100_000), default=100, help="samples to count (default: 100)"
    )
    parser.add_argument(
        "--warm-up", type=whole_number(0, 10_000), default=10, help="not counted (default: 10)"
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="MODEL",
        help="a bundle or .tflite file to measure in turns with the encoder",
    )
    parser.add_argument(
        "--compare-runtime",
        choices=tuple(RUNTIMES),
        help="the runtime of the second encoder (default: the first's)",
    )


LoadEncoder = Callable[[Bundle, str, int], Embedder]
"""`Encoder`, or what stands in for it: from bundle, runtime and threads."""
Named = tuple[str, bytes, str]
"""A TFLite file's path, its content and the runtime for it."""


def run(arguments: argparse.Namespace) -> ExitCode:
    """Measure and print; `RETRY` where no frame held a usable face."""
    config = to_config(arguments)
    bundle = load_bundle(resources.bundle_folder(config.model.bundle))
    runtime = config.model.runtime
    rival = None if arguments.compare is None else _read_rival(arguments.compare)
    plan = Plan(arguments.frames, arguments.warm_up, tuple(sorted({1, len(os.sched_getaffinity(0))})))
    threshold = effective_threshold(bundle.card.threshold, config)
    before = _read_board()
    with closing(Repeated(lambda: to_camera(config))) as frames:
        runs, memory = measure_stages(plan, frames, bundle, runtime, threshold)
        source = frames.name
    if len(runs) < len(plan.cores):
        print(f"{source}: no frame held a usable face; `facelatch verify` says why", file=sys.stderr)
        return ExitCode.RETRY
    second = arguments.compare_runtime or runtime
    first = (bundle.source, bundle.encoder, runtime)
    report = Report(
        source=source,
        model=f"{bundle.card.name} ({bundle.card.encoder_sha256[:12]}), {runtime}",
        versions=_versions((runtime, second)),
        before=before,
        runs=runs,
        resident_mib=memory,
        rival="" if rival is None else f"{rival[0]}, {second}",
        rivals=None if rival is None else race(plan, first, (*rival[1:], second)),
        after=_read_board(),
    )
    print(json.dumps(to_record(report), indent=2) if arguments.json else to_text(report))
    return ExitCode.OK


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    samples: int
    warm_up: int
    cores: tuple[int, ...]


def measure_stages(
    plan: Plan,
    frames: Iterator[Frame | None],
    bundle: Bundle,
    runtime: str,
    threshold: float,
    load_encoder: LoadEncoder = Encoder,
) -> tuple[dict[int, Measurement], tuple[float, float] | None]:
    """A measurement for each number of cores, as far as there were faces, and the memory after the first."""
    runs: dict[int, Measurement] = {}
    memory = None
    for cores in plan.cores:
        _say(f"measuring the stages on {cores} of {plan.cores[-1]} cores ...")
        cv2.setNumThreads(cores)
        process = _way(load_encoder(bundle, runtime, cores), bundle, threshold)
        found = measure(frames, process, plan.samples, plan.warm_up, time.perf_counter_ns)
        if found is None:
            break
        runs[cores] = found
        memory = memory or read_resident_mib(ROOT)
    return runs, memory


def _way(encoder: Embedder, bundle: Bundle, threshold: float) -> Callable[[Frame], Mapping[str, int] | None]:
    """A frame's way to the decision, as `benchmark.measure` wants it."""
    locator, gallery, clock = Locator(), _make_gallery(bundle), time.perf_counter_ns

    def process(frame: Frame) -> Mapping[str, int] | None:
        sample = acquire(frame, locator, encoder, bundle.card.crop, clock)
        if isinstance(sample, Failure):
            return None
        start = clock()
        decide(identify(sample.embedding, gallery).distance, threshold, sample.checks)
        return {**sample.timings_ns, "match": clock() - start}

    return process


def _make_gallery(bundle: Bundle) -> list[Template]:
    """Templates of nobody: random directions."""
    users, count = GALLERY
    random = (
        np.random.default_rng(0).normal(size=(users, count, bundle.card.embedding_size)).astype(np.float32)
    )
    random /= np.linalg.norm(random, axis=2, keepdims=True)
    moments, poses = (to_utc_text(0),) * count, ((0.0, 0.0),) * count
    return [
        Template(f"nobody-{user}", bundle.card.encoder_sha256, embeddings, moments, poses)
        for user, embeddings in enumerate(random)
    ]


def race(
    plan: Plan, first: Named, second: Named, load_model: Callable[..., TFLiteModel] = TFLiteModel
) -> Mapping[int, Rivals]:
    """Two encoders in turns on noise of their own size, for each number of cores."""
    rivals = {}
    for cores in plan.cores:
        _say(f"measuring two encoders in turns on {cores} of {plan.cores[-1]} cores ...")
        works = [_work(load_model(data, name, runtime, cores)) for name, data, runtime in (first, second)]
        one, other = interleave(works, plan.samples, plan.warm_up, time.perf_counter_ns)
        rivals[cores] = Rivals(summarise(one), summarise(other), compare(one, other))
    return rivals


def _work(model: TFLiteModel) -> Callable[[], object]:
    noise = np.random.default_rng(0).uniform(-1, 1, model.input_shape).astype(np.float32)
    return lambda: model.run(noise)


def _read_rival(path: Path) -> tuple[str, str, bytes]:
    """The name, the file and its content of a second model: a bundle's folder or a bare TFLite file."""
    if path.is_dir():
        bundle = load_bundle(path)
        return bundle.card.name, bundle.source, bundle.encoder
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read ({error.strerror}); name a bundle or a .tflite file"
        ) from error
    tflite_file.check(data, str(path))
    return path.name, str(path), data


def _versions(runtimes: Sequence[str]) -> Mapping[str, str]:
    return {
        "facelatch": __version__,
        **{runtime: runtime_version(runtime) for runtime in runtimes},
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "python": platform.python_version(),
    }


def _read_board() -> Board:
    return read_board(ROOT, ask_vcgencmd())


def _say(text: str) -> None:
    """Progress for who waits at a terminal."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
