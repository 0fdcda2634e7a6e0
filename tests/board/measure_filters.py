"""Measures what the RealSense SDK's depth filters do to a face: noise, coverage, time, and the embedding.

    python tests/board/measure_filters.py --face-model FILE [--people N] [--json]

Made-up people are rendered without noise, which is the truth, and with a D435's; the noisy frames are written by the
SDK's own recorder and played through its pipeline and its filters, as `[camera.options]` sets them.

- error: of depth on the face's oval against the truth, root mean square, once standing still and once moving
- bias: the median of the same, standing still; negative is nearer
- coverage: share of the oval with depth
- time: of the filters alone, processor time of one core, median per frame
- genuine, impostor: mean distance of a frame to its own person's template and to others', made with the same filters;
  d' is the difference in units of their spread: what tells people apart
- refused: live frames that fail a liveness check

The face model is what `facelatch-convert import-face-model` writes. The rendered noise is new in every frame; a real
camera's is partly the same from frame to frame, so the temporal filter gains less on one.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "device"), str(ROOT / "converter")]

from facelatch import resources  # noqa: E402
from facelatch.acquisition import Sample, acquire  # noqa: E402
from facelatch.cameras import realsense_streams  # noqa: E402
from facelatch.cameras.realsense import RealSenseCamera  # noqa: E402
from facelatch.cameras.realsense_filters import to_filters  # noqa: E402
from facelatch.cameras.realsense_options import RealSenseOptions  # noqa: E402
from facelatch.cameras.realsense_sdk import load_sdk  # noqa: E402
from facelatch.card import load_bundle  # noqa: E402
from facelatch.encoder import Encoder  # noqa: E402
from facelatch.frames import Frame  # noqa: E402
from facelatch.locate import OVAL_MM, Locator  # noqa: E402
from facelatch.matching import Embedding, fuse  # noqa: E402
from facelatch.preprocess import FacePoint  # noqa: E402
from facelatch_converter.face_model import FaceModel, load_face_model  # noqa: E402
from facelatch_converter.people import Person, draw_person  # noqa: E402
from facelatch_converter.regions import find_regions  # noqa: E402
from facelatch_converter.render import Backdrop, Light, View  # noqa: E402
from facelatch_converter.sensors import ideal_frame  # noqa: E402
from facelatch_converter.staging import CAMERAS, Room, expose_frame, render_person_frame  # noqa: E402
from tests.device.sdk_recording import record  # noqa: E402

Real = npt.NDArray[np.float64]

FRAMES, SETTLED = 8, 4
"""Of a visit, and how many of these have a past that the temporal filter could use."""
VISITS = ("enrol", "still", "moving")
FILTERS: Mapping[str, RealSenseOptions] = {
    "none": RealSenseOptions(),
    "decimation 2": RealSenseOptions(decimation=2),
    "decimation 3": RealSenseOptions(decimation=3),
    "spatial 1": RealSenseOptions(spatial=1),
    "spatial 2": RealSenseOptions(spatial=2),
    "spatial 2, delta 8": RealSenseOptions(spatial=2, spatial_delta=8),
    "spatial 4": RealSenseOptions(spatial=4),
    "temporal 0.4": RealSenseOptions(temporal=True),
    "temporal 0.2": RealSenseOptions(temporal=True, temporal_alpha=0.2),
    "spatial 2, temporal 0.4": RealSenseOptions(spatial=2, temporal=True),
    "decimation 2, spatial 2, temporal 0.4": RealSenseOptions(decimation=2, spatial=2, temporal=True),
}


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """One person before the camera: what is true, and the SDK's recording of what the camera made of it."""

    person: int
    kind: str
    truth: tuple[Frame, ...]
    points: tuple[FacePoint, ...]
    """Where the nose is."""
    recording: Path


def main(words: Sequence[str] | None = None) -> int:
    """Render, play, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("--face-model", type=Path, required=True)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="facelatch-filters-") as folder:
        visits = list(make_visits(load_face_model(arguments.face_model), arguments.people, Path(folder)))
        rows = {name: measure(options, visits) for name, options in FILTERS.items()}
    print(json.dumps(rows, indent=2) if arguments.json else to_table(rows))
    return 0


def make_visits(model: FaceModel, people: int, folder: Path) -> Iterator[Visit]:
    """Everybody's visits, rendered and recorded."""
    regions = find_regions(model)
    for number in range(people):
        rng = np.random.default_rng([5, number])
        person = draw_person(model, regions, rng)
        for kind in VISITS:
            yield _film(model, person, number, kind, rng, folder / f"{number}-{kind}.db3")


def _film(
    model: FaceModel, person: Person, number: int, kind: str, rng: np.random.Generator, path: Path
) -> Visit:
    room = Room(Light(), Backdrop(distance_mm=1600), CAMERAS["d435"], torso_seed=number)
    neutral = np.zeros(len(model.expression_mm), np.float32)
    step_mm, turn_deg = (9.0, 1.5) if kind == "moving" else (0.4, 0.1)
    x, y, yaw, pitch = rng.normal((0, 10, 0, 0), (10, 6, 5, 4))
    far_mm = float(rng.uniform(420, 620))
    truth, noisy, points = [], [], []
    for place in range(FRAMES):
        position = (float(x + (place - FRAMES / 2) * step_mm), float(y), far_mm)
        view = View(float(yaw + place * turn_deg), float(pitch), 0.0, position)
        rendering = render_person_frame(model, person, view, neutral, room)
        camera = room.camera.intrinsics
        truth.append(ideal_frame(rendering, camera, place))
        noisy.append(expose_frame(rendering, room, place, rng))
        u, v = (
            centre + focal * offset / far_mm
            for centre, focal, offset in zip(
                (camera.cx, camera.cy), (camera.fx, camera.fy), position, strict=False
            )
        )
        points.append(FacePoint(u, v, far_mm))
    return Visit(number, kind, tuple(truth), tuple(points), record(path, noisy))


def measure(options: RealSenseOptions, visits: Sequence[Visit]) -> dict[str, float]:
    """One row of the table."""
    played = {(visit.person, visit.kind): play(visit.recording, options) for visit in visits}
    errors = {kind: _errors(visits, played, kind) for kind in ("still", "moving")}
    samples = _samples(played)
    templates = {
        person: fuse(found) for (person, kind), found in samples.items() if kind == "enrol" and len(found)
    }
    genuine: list[float] = []
    impostor: list[float] = []
    for (person, kind), found in samples.items():
        for embedding in found if kind != "enrol" else []:
            for other, template in templates.items():
                distance = float(np.linalg.norm(embedding - template))
                (genuine if other == person else impostor).append(distance)
    spread = math.sqrt((np.var(genuine) + np.var(impostor)) / 2)
    return {
        "error_still_mm": float(np.sqrt(np.mean(errors["still"] ** 2))),
        "error_moving_mm": float(np.sqrt(np.mean(errors["moving"] ** 2))),
        "bias_mm": float(np.median(errors["still"])),
        "coverage": _coverage(visits, played),
        "time_ms": _time_ms(visits[0].recording, options),
        "genuine": float(np.mean(genuine)),
        "impostor": float(np.mean(impostor)),
        "d_prime": float((np.mean(impostor) - np.mean(genuine)) / spread),
        "refused": 1 - len([one for found in samples.values() for one in found]) / _looked_at(played),
    }


def play(path: Path, options: RealSenseOptions) -> list[Frame]:
    """A recording's settled frames."""
    with closing(RealSenseCamera(recording=path, timeout_ms=20_000, options=options)) as camera:
        frames = list(camera.frames())
    if len(frames) != FRAMES:
        raise SystemExit(f"{path}: {len(frames)} of {FRAMES} frames came back")
    return frames[-SETTLED:]


def to_table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """The rows as Markdown."""
    lines = [
        "| filters | error still, moving | bias | coverage | time | genuine, impostor | d' | refused |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        lines.append(
            "| {name} | {error_still_mm:.2f}, {error_moving_mm:.2f} mm | {bias_mm:+.1f} mm | {coverage:.1%} | "
            "{time_ms:.1f} ms | {genuine:.3f}, {impostor:.3f} | {d_prime:.2f} | {refused:.1%} |".format(
                name=name, **row
            )
        )
    return "\n".join(lines)


def _oval(frame: Frame, point: FacePoint) -> npt.NDArray[np.bool_]:
    """The pixels of a face that is seen from the front, on the truth's own surface."""
    height, width = frame.depth_mm.shape
    camera = frame.intrinsics
    across = (np.arange(width) + 0.5 - point.u_px) * point.depth_mm / camera.fx / OVAL_MM[0]
    down = (np.arange(height) + 0.5 - point.v_px) * point.depth_mm / camera.fy / OVAL_MM[1]
    near = np.abs(frame.depth_mm.astype(np.float64) - point.depth_mm) < 90
    oval: npt.NDArray[np.bool_] = (across[None, :] ** 2 + down[:, None] ** 2 < 1) & near
    return oval


def _pairs(
    visits: Sequence[Visit], played: Mapping[tuple[int, str], list[Frame]], kind: str
) -> Iterator[tuple[Frame, Frame, npt.NDArray[np.bool_]]]:
    """(truth, measured, the face's pixels) of each settled frame."""
    for visit in visits:
        if visit.kind == kind:
            frames = played[visit.person, kind]
            for truth, frame, point in zip(
                visit.truth[-SETTLED:], frames, visit.points[-SETTLED:], strict=True
            ):
                yield truth, frame, _oval(truth, point)


def _errors(visits: Sequence[Visit], played: Mapping[tuple[int, str], list[Frame]], kind: str) -> Real:
    found = []
    for truth, frame, oval in _pairs(visits, played, kind):
        both = oval & (frame.depth_mm > 0)
        error = frame.depth_mm[both].astype(np.float64) - truth.depth_mm[both]
        # What a filter carries over the face's rim is off the face: the encoder's span cuts it away.
        found.append(error[np.abs(error) < 40])
    return np.concatenate(found)


def _coverage(visits: Sequence[Visit], played: Mapping[tuple[int, str], list[Frame]]) -> float:
    shares = [float((frame.depth_mm[oval] > 0).mean()) for _, frame, oval in _pairs(visits, played, "still")]
    return float(np.mean(shares))


def _samples(played: Mapping[tuple[int, str], list[Frame]]) -> dict[tuple[int, str], list[Embedding]]:
    """The embeddings of each visit's frames that pass the liveness checks."""
    bundle = load_bundle(resources.bundle_folder("default"))
    locator, encoder = Locator(), Encoder(bundle)
    found: dict[tuple[int, str], list[Embedding]] = {}
    for visit, frames in played.items():
        samples = [
            acquire(frame, locator, encoder, bundle.card.crop, time.perf_counter_ns) for frame in frames
        ]
        found[visit] = [
            one.embedding
            for one in samples
            if isinstance(one, Sample) and all(check.passed for check in one.checks)
        ]
    return found


def _looked_at(played: Mapping[tuple[int, str], list[Frame]]) -> int:
    return sum(len(frames) for frames in played.values())


def _time_ms(path: Path, options: RealSenseOptions) -> float:
    """Median time of the filters on each frameset of a recording."""
    rs = load_sdk()
    stream, filtered = realsense_streams.start_recording(rs, path), to_filters(rs, options)
    spent: list[float] = []
    realsense_streams.play(stream)
    while len(spent) < FRAMES:
        arrived, frameset = stream.pipeline.try_wait_for_frames(20_000)
        if not arrived:
            raise SystemExit(f"{path}: {len(spent)} of {FRAMES} frames came back")
        started = time.thread_time()
        filtered(frameset)
        spent.append((time.thread_time() - started) * 1000)
    stream.pipeline.stop()
    return median(spent)


if __name__ == "__main__":
    sys.exit(main())
