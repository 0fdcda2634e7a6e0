"""`facelatch-convert benchmark-encoder`: an encoder's speed against the seed variant's and the machine's own."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from facelatch.card import load_bundle
from facelatch.encoder import RUNTIMES, runtime_version
from facelatch.errors import ConfigError, ModelError
from facelatch_converter import encoder_speed, parity, quantise, speed_trials, tflite_inspect
from facelatch_converter.encoder_speed import ENCODER, LABELS, SEED, YARDSTICK, Finding
from facelatch_converter.processes import processes
from facelatch_converter.progress import progress_bar
from facelatch_converter.speed_trials import Network, Portion

DESCRIPTION = """Measure three int8 networks in turns, in one run, on one thread of one core: the bundle's encoder, the
seed variant, and one large 1x1 convolution that shows what the machine's int8 matrix arithmetic gives.

Printed is how many times as fast as the seed variant the encoder is, and which share of the matrix rate both
reach. Counted is the network alone, without quantising its input, in the process's own time on the core."""

PORTIONS = 8
"""Of the rounds, each with the networks opened anew: where their memory lies is drawn again."""

Advance = Callable[[int], object]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="such as models/default")
    parser.add_argument(
        "--runtime", choices=tuple(RUNTIMES), help="(default: each that is installed, one after the other)"
    )
    parser.add_argument(
        "--rounds", type=int, default=400, metavar="N", help="of all three (default: %(default)s)"
    )
    parser.add_argument(
        "--seed-model",
        type=Path,
        metavar="TFLITE",
        help="an int8 file of the seed variant (default: one with random weights, made in a minute or two)",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Make the networks, measure, and print; returns 0."""
    if arguments.rounds < 1:
        raise ConfigError(f"--rounds must be at least 1, found {arguments.rounds}")
    runtimes = [arguments.runtime] if arguments.runtime else parity.installed_runtimes()
    titles = {runtime: f"{runtime} {runtime_version(runtime)}" for runtime in runtimes}
    given = _read_given(arguments.bundle, arguments.seed_model)
    sizes = encoder_speed.split(arguments.rounds, PORTIONS)
    steps = len(LABELS) - len(given) + len(runtimes) * len(sizes)
    with progress_bar(steps, "steps") as advance:
        networks = _complete(given, advance)
        macs = {name: tflite_inspect.inspect(one.data, one.source).macs for name, one in networks.items()}
        portions = {runtime: _measure(networks, runtime, sizes, advance) for runtime in runtimes}
    findings = {titles[runtime]: _join(found, macs) for runtime, found in portions.items()}
    core = portions[runtimes[0]][0].core
    print(
        json.dumps(to_record(arguments.rounds, core, findings), indent=2, allow_nan=False)
        if arguments.json
        else "\n".join(to_lines(arguments.rounds, core, findings))
    )
    return 0


def to_lines(rounds: int, core: int | None, findings: Mapping[str, Finding]) -> list[str]:
    """All runtimes' tables for a terminal."""
    place = "one thread" if core is None else f"one thread, core {core} alone"
    tables = (["", *encoder_speed.to_lines(title, found)] for title, found in findings.items())
    return [f"{rounds} rounds in turns, {place}; processor time", *chain.from_iterable(tables)]


def to_record(rounds: int, core: int | None, findings: Mapping[str, Finding]) -> dict[str, object]:
    """What `--json` prints; the core is null where the system binds none."""
    runtimes = {title: encoder_speed.to_record(found) for title, found in findings.items()}
    return {"rounds": rounds, "core": core, "runtimes": runtimes}


def _read_given(bundle: Path, seed_model: Path | None) -> dict[str, Network]:
    """The networks that are files; raises `ModelError` for one that is missing or no int8 encoder."""
    loaded = load_bundle(bundle)
    given = {ENCODER: Network(loaded.source, loaded.encoder)}
    if seed_model is not None:
        try:
            given[SEED] = Network(str(seed_model), seed_model.read_bytes())
        except OSError as error:
            raise ModelError(
                f"{seed_model}: cannot be read ({error.strerror}); name an int8 .tflite file"
            ) from error
    for network in given.values():
        quantise.require_integer(network.data, network.source)
    return given


def _complete(given: Mapping[str, Network], advance: Advance) -> dict[str, Network]:
    """The given networks and those that are made, in a process of TensorFlow's own, in `LABELS`' order."""
    makers = {SEED: speed_trials.make_seed, YARDSTICK: speed_trials.make_yardstick}
    networks = dict(given)
    with processes(1) as pool:
        for name, make in makers.items():
            if name not in networks:
                networks[name] = pool.submit(make).result()
                advance(1)
    return {name: networks[name] for name in LABELS}


def _measure(
    networks: Mapping[str, Network], runtime: str, sizes: Sequence[int], advance: Advance
) -> list[Portion]:
    """All rounds under one runtime, in a process of its own."""
    portions = []
    with processes(1) as pool:
        for size in sizes:
            portions.append(pool.submit(speed_trials.measure, networks, runtime, size).result())
            advance(1)
    return portions


def _join(portions: Sequence[Portion], macs: Mapping[str, int]) -> Finding:
    """What all portions say together."""
    times = {name: [ns for portion in portions for ns in portion.times_ns[name]] for name in LABELS}
    busy, passed = sum(one.busy_ns for one in portions), sum(one.passed_ns for one in portions)
    return encoder_speed.find(times, macs, busy, passed)
