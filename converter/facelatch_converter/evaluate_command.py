"""`facelatch-convert evaluate`: a bundle's int8 model on a data set, through the board's own code."""

import argparse
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from facelatch.card import Bundle, load_bundle
from facelatch.encoder import RUNTIMES, runtime_version
from facelatch.errors import ConfigError
from facelatch.matching import FARTHEST
from facelatch_converter import report, sources
from facelatch_converter.evaluate import Evaluation, Numbers, evaluate, summarise
from facelatch_converter.evaluate_ways import note_given, refuse_foreign
from facelatch_converter.evaluation_report import refuse_existing, write_report
from facelatch_converter.measure import BoardAcquirer, measure
from facelatch_converter.progress import progress_bar
from facelatch_converter.protocols import options
from facelatch_converter.scores import compare
from facelatch_converter.sources import Source

SAMPLES = 3
"""What a session on the board takes by default."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options, besides the data source's."""
    note_given(parser)
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="such as models/default")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the report goes")
    parser.add_argument("--force", action="store_true", help="replace a report that is there")
    # Other people than those that a bundle's threshold was fitted on.
    sources.add_arguments(parser, required=False, seed=30_000)
    options.add_arguments(parser)
    add_measuring_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print metrics.json instead of a summary")


def add_measuring_arguments(parser: argparse.ArgumentParser) -> None:
    """How captures are measured; `bundle` takes the same options."""
    parser.add_argument(
        "--runtime", choices=tuple(RUNTIMES), default="ai-edge-litert", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=SAMPLES,
        metavar="N",
        help="take the first N samples of a capture, and fuse those that count and agree in a session on the board; "
        "0 takes all (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="processes (default: one per core, %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, write the report, and print the main figures."""
    check_measuring(arguments)
    if not arguments.protocol and arguments.dataset is None:
        raise ConfigError("name what to measure on: --dataset or --protocol")
    refuse_foreign(arguments)
    if arguments.protocol:
        from facelatch_converter.protocols import command  # noqa: PLC0415 - loads numba

        return command.run(arguments)
    refuse_existing(arguments.out, arguments.force)
    bundle = load_bundle(arguments.bundle)
    source = sources.open_source(arguments)
    reach = bundle.card.enrolment_limit
    evaluation = measure_bundle(bundle, source, arguments, reach)
    numbers = to_numbers(bundle, source, evaluation, arguments, reach)
    write_report(arguments.out, evaluation, numbers, arguments.seed)
    print(json.dumps(numbers, indent=2) if arguments.json else "\n".join(to_lines(numbers, arguments.out)))
    return 0


def check_measuring(arguments: argparse.Namespace) -> None:
    """Refuse the options of `add_measuring_arguments` that measure nothing."""
    if arguments.workers < 1 or arguments.samples < 0:
        raise ConfigError("--workers must be at least 1 and --samples at least 0")


def measure_bundle(bundle: Bundle, source: Source, arguments: argparse.Namespace, reach: float) -> Evaluation:
    """The bundle's model on all captures of the source, with a progress bar; `reach` as in a `SessionRule`."""
    acquirer = BoardAcquirer(bundle, arguments.runtime)
    with progress_bar(len(source.refs), "captures") as advance:
        captures = measure(source.refs, acquirer, arguments.samples, reach, arguments.workers, advance)
    return evaluate(captures, compare(captures), bundle.card.threshold)


def to_numbers(
    bundle: Bundle, source: Source, evaluation: Evaluation, arguments: argparse.Namespace, reach: float
) -> Numbers:
    """The content of `metrics.json`; `reach` is what was measured with."""
    people = _rendered_people(arguments)
    live = [capture for capture in evaluation.captures if capture.attack is None]
    counts = [len(capture.checks) for capture in live if capture.checks]
    samples = f"up to {arguments.samples} samples" if arguments.samples else "all samples"
    return {
        "format": 1,
        "model": {
            "name": bundle.card.name,
            "encoder_sha256": bundle.card.encoder_sha256,
            "runtime": f"{arguments.runtime} {runtime_version(arguments.runtime)}",
        },
        "data": {
            "source": source.name,
            "dataset": source.dataset,
            "rendered": source.rendered,
            "seed": arguments.seed,
            "subjects": len({capture.subject for capture in live}),
            "captures": len(live),
            "attack_captures": len(evaluation.captures) - len(live),
            "frames_looked_at": sum(capture.frames for capture in live),
            "samples_median": float(np.median(counts)),
            "captures_of_fewer_samples": sum(count < arguments.samples for count in counts),
            "fusion": f"{samples} (the median capture gave {np.median(counts):g}) are taken; those that count as in a "
            f"session, {_agreement(reach)}, are fused into their mean direction",
            **people,
            "fitted_on_these_people": _fitted_on(
                bundle.card.accuracy, people | {"dataset": source.dataset, "seed": arguments.seed}
            ),
        },
        **summarise(evaluation),
    }


def to_lines(numbers: Numbers, out: Path) -> list[str]:
    """The main figures for a terminal."""
    at, counts = numbers["at_threshold"], numbers["comparisons"]
    distances, seed = numbers["distances"], numbers["distances"]["seed_work"]
    lines = [
        f"{counts['genuine']:,} genuine and {counts['impostor']:,} impostor comparisons",
        f"at the card's threshold {at['threshold']:.4f}:",
        f"  FMR  {report.rate(at['fmr'])}",
        f"  FNMR {report.rate(at['fnmr'])}",
        f"EER {report.percent(numbers['eer']['rate'])} at {numbers['eer']['threshold']:.4f}",
    ]
    for point in numbers["fnmr_at_fmr"]:
        shown = point.get("not_shown") or f"FNMR {report.percent(point['fnmr']['value'])}"
        lines.append(f"  at FMR {point['fmr']:g}: {shown}")
    lines += [
        f"mean distance: genuine {distances['genuine_mean']:.3f} (seed work {seed['genuine_mean']:.2f}), "
        f"impostor {distances['impostor_mean']:.3f} (seed work {seed['impostor_mean']:.2f})",
        f"captures without a usable face: {report.rate(numbers['failures_to_acquire']['captures'])}",
    ]
    lines += report.pad_lines(numbers["pad"])
    lines += [f"note: {note}" for note in report.warnings(numbers)]
    return [*lines, f"report: {out / 'report.html'}"]


def _agreement(reach: float) -> str:
    if reach >= FARTHEST:
        return (
            "the well covered ones, whether they agree or not because the reach of agreement is not known yet"
        )
    return f"the well covered ones that agree within a reach of {reach:.3f}"


def _rendered_people(arguments: argparse.Namespace) -> Numbers:
    """Of which heads people were rendered; nothing where they come from a folder."""
    if arguments.dataset != sources.SYNTHETIC:
        return {}
    model: Path = arguments.face_model
    return {"face_model": model.name, "face_model_sha256": hashlib.sha256(model.read_bytes()).hexdigest()}


def _fitted_on(accuracy: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Whether a card's figures come from these very people; rendered ones are made by the heads and the seed.

    Earlier cards do not say which heads: then they are taken for the same.
    """
    measured = accuracy.get("int8")
    data = measured.get("data") if isinstance(measured, Mapping) else None
    if not isinstance(data, Mapping) or data.get("dataset") != now["dataset"]:
        return False
    if now["dataset"] != sources.SYNTHETIC:
        return True
    heads = now.get("face_model_sha256")  # None of a folder that happens to be called synthetic
    return data.get("seed") == now["seed"] and data.get("face_model_sha256", heads) == heads
