"""`facelatch-convert evaluate --protocol`: named protocols, whole attempts included, on people rendered for them."""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from facelatch.card import Bundle, load_bundle
from facelatch.encoder import RUNTIMES
from facelatch.errors import ConfigError
from facelatch_converter import model_card, parity
from facelatch_converter.bundle import MODEL_CARD_FILE
from facelatch_converter.evaluate import Numbers
from facelatch_converter.evaluation_report import refuse_existing
from facelatch_converter.progress import progress_bar
from facelatch_converter.protocols import contenders
from facelatch_converter.protocols.card import to_markdown
from facelatch_converter.protocols.contenders import Contender
from facelatch_converter.protocols.crop_trials import Stage
from facelatch_converter.protocols.lines import to_lines
from facelatch_converter.protocols.named import Protocol, choose, every_protocol
from facelatch_converter.protocols.numbers import measure_protocol
from facelatch_converter.protocols.options import Scale, to_distances, to_scale
from facelatch_converter.protocols.report import Findings, write_report
from facelatch_converter.protocols.trials import run_trials, total_cost

FRAMES = (1, 3, 5)
"""Of an attempt, all measured: one, as many as the board's settings begin with, and as many as are filmed."""


def run(arguments: argparse.Namespace) -> int:
    """Measure, write the report, and print the main figures."""
    protocols, scale = choose(arguments.protocol, every_protocol()), to_scale(arguments)
    also_at = to_distances(arguments.also_at)
    refuse_existing(arguments.out, arguments.force)
    if arguments.face_model is None:
        raise ConfigError("--protocol needs --face-model NPZ; make one with import-face-model")
    bundle = load_bundle(arguments.bundle)
    if arguments.card is not None:
        model_card.refuse_title(arguments.card)
        model_card.refuse_place(arguments.bundle / MODEL_CARD_FILE)
    missing = left_out(arguments)
    stage = Stage(arguments.face_model, enter(bundle, arguments, missing), arguments.cache)
    start = time.perf_counter()
    with progress_bar(total_cost(protocols, stage, scale), "crops") as advance:
        trials = run_trials(protocols, stage, scale, arguments.workers, advance)
    measured = {
        one.name: measure_protocol(trials, one, stage.contenders, FRAMES, bundle.card.threshold, also_at)
        for one in protocols
    }
    numbers = to_numbers(
        bundle, protocols, stage, scale, {name: found for name, (found, _) in measured.items()}
    )
    numbers["runtimes_left_out"] = missing
    numbers["minutes"] = (time.perf_counter() - start) / 60
    shown = {name: pictured for name, (_, pictured) in measured.items()}
    write_report(arguments.out, numbers, Findings(protocols, stage, trials, shown))
    if arguments.card is not None:
        model_card.put_section(arguments.bundle / MODEL_CARD_FILE, to_markdown(numbers, arguments.card))
    print(json.dumps(numbers, indent=2) if arguments.json else "\n".join(to_lines(numbers)))
    return 0


def enter(bundle: Bundle, arguments: argparse.Namespace, missing: Sequence[str]) -> tuple[Contender, ...]:
    """The networks to measure, but for runtimes that are `missing`: the bundle's first."""
    skipped = (arguments.runtime, *missing)
    others = [runtime for runtime in RUNTIMES if arguments.every_runtime and runtime not in skipped]
    found = [contenders.of_bundle(bundle, runtime) for runtime in (arguments.runtime, *others)]
    if arguments.encoder is not None:
        found.append(contenders.of_keras(arguments.encoder, bundle))
    if arguments.compare is not None:
        found.append(contenders.of_file(arguments.compare, bundle.card.crop, arguments.runtime))
    return tuple(found)


def left_out(arguments: argparse.Namespace) -> list[str]:
    """The runtimes that --every-runtime cannot measure, because they do not load here."""
    installed = parity.installed_runtimes() if arguments.every_runtime else list(RUNTIMES)
    return [runtime for runtime in RUNTIMES if runtime not in installed]


def to_numbers(
    bundle: Bundle,
    protocols: Sequence[Protocol],
    stage: Stage,
    scale: Scale,
    measured: Mapping[str, Numbers],
) -> Numbers:
    """The content of `metrics.json`."""
    card = bundle.card
    return {
        "format": 2,
        "model": {
            "name": card.name,
            "encoder_sha256": card.encoder_sha256,
            "threshold": card.threshold,
            "claimed_fmr": card.claim.fmr,
        },
        "face_model": stage.face_model.name,
        "scale": asdict(scale),
        "contenders": [one.name for one in stage.contenders],
        "networks": {one.name: one.sha256 for one in stage.contenders},
        "protocols": {
            protocol.name: {
                "about": protocol.about,
                "kept_out": protocol.kept_out,
                "seeds": {"enrolment": protocol.cohort.seed, "attempts": protocol.seed},
                **measured[protocol.name],
            }
            for protocol in protocols
        },
    }
