"""All of a protocol's renderings: complete, in order, shared and kept; whole frames by the board's own code."""

import hashlib
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from facelatch.acquisition import Failure, Sample
from facelatch.enrolling import Ending
from facelatch.frames import Frame
from facelatch.locate import Located, Missing
from facelatch.preprocess import CropSpec, FacePoint
from facelatch.session import SessionRule
from facelatch_converter import bundle
from facelatch_converter.errors import ConversionError
from facelatch_converter.protocols import contenders
from facelatch_converter.protocols.attempt_trials import LOOKS, Crew, Film, collect, enrol
from facelatch_converter.protocols.cast import load_generator
from facelatch_converter.protocols.contenders import of_bundle, of_file, of_keras
from facelatch_converter.protocols.crop_trials import POSES, REFERENCES, Stage
from facelatch_converter.protocols.named import Circumstances, Cohort, Lighting, Protocol
from facelatch_converter.protocols.options import Scale
from facelatch_converter.protocols.takes import Take, attempt_take, enrolment_take
from facelatch_converter.protocols.trials import run_trials, total_cost
from facelatch_converter.staging import FRAME_NS
from facelatch_converter.start import SHA256_KEY

ENCODER = Path(__file__).parents[1] / "data" / "models" / "encoder.tflite"
SMALL = Circumstances(camera="d435-small")
COHORT = Cohort("people", 5, SMALL)
PLAIN = Protocol("plain", "nothing special", 6, COHORT, SMALL)
BLIND = Protocol("blind", "no image", 7, COHORT, Circumstances("d435-small", lighting=Lighting.NONE))
TWIN = Protocol("twin", "twins", 8, COHORT, SMALL, twin=0.5)
SCALE = Scale(people=3, callers=2, attempts=2, filmed=0, frames=2)


@pytest.fixture(scope="module")
def stage(face_model: Path) -> Stage:
    toy = bundle.provisional(ENCODER.read_bytes(), bundle.About("toy", CropSpec(), "MIT"))
    return Stage(face_model, (of_bundle(toy, "ai-edge-litert"),))


def test_trials_are_complete_and_the_same_each_time(stage: Stage, tmp_path: Path) -> None:
    told: list[int] = []
    kept = Stage(stage.face_model, stage.contenders, tmp_path)
    protocols = [BLIND, TWIN]
    trials = run_trials(protocols, kept, SCALE, 1, told.append)
    assert sum(told) == total_cost(protocols, kept, SCALE)
    (name,) = trials.cohorts["people"]
    assert trials.cohorts["people"][name].shape == (3, POSES + REFERENCES, 128)
    assert trials.attempts.keys() == {"blind", "twin"}
    assert trials.twins.keys() == {"twin"}
    calls = trials.attempts["blind"][name]
    assert (calls.embeddings.shape, calls.coverages.shape) == ((2, 2, 2, 128), (2, 2, 2))
    assert 0.2 < calls.coverages.min() <= calls.coverages.max() <= 1
    assert [len(found) for found in (trials.enrolled, trials.calls, trials.twin_calls)] == [0, 0, 0]
    # Out of the cache, and rendered anew without one.
    again, anew = run_trials(protocols, kept, SCALE, 1), run_trials([BLIND], stage, SCALE, 1)
    for other in (again, anew):
        np.testing.assert_array_equal(other.attempts["blind"][name].embeddings, calls.embeddings)
        np.testing.assert_array_equal(other.cohorts["people"][name], trials.cohorts["people"][name])


def test_another_network_sees_the_same_people_in_its_own_crop(stage: Stage) -> None:
    other = of_file(ENCODER, CropSpec(), "ai-edge-litert")
    both = Stage(stage.face_model, (*stage.contenders, other))
    found = run_trials([BLIND], both, Scale(2, 1, 1, 0, frames=1), 1)
    own, compared = (found.attempts["blind"][one.name].embeddings for one in both.contenders)
    np.testing.assert_array_equal(own, compared)
    assert not other.keeps_threshold


def test_a_network_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"cannot be read .*; name a .keras or .tflite file"):
        of_file(tmp_path / "none.tflite", CropSpec(), "ai-edge-litert")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(
            "three-channels", r"takes \(1, 112, 112, 3\) and gives \(1, 128\), an encoder takes", id="colour"
        ),
        pytest.param(
            "short-embedding", r"gives \(1, 64\), an encoder takes .* name another network", id="64"
        ),
    ],
)
def test_a_network_that_is_no_encoder_is_refused(name: str, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        of_file(ENCODER.with_name(f"{name}.tflite"), CropSpec(), "ai-edge-litert")


@dataclass(frozen=True, slots=True)
class Ports:
    """A network of which only the shapes are known."""

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...] = (1, 128)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        pytest.param((128,), r"takes \(128,\) and gives", id="a-vector"),
        pytest.param((1, 112, 96, 4), r"takes \(1, 112, 96, 4\) and gives", id="not-square"),
        pytest.param(
            (1, 8, 8, 4), "no crop is as large as its input .size_px must be 16 to 512, found 8", id="small"
        ),
        pytest.param((1, 800, 800, 4), "found 800.; name another network", id="large"),
    ],
)
def test_a_network_whose_input_no_crop_fits_is_refused(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], message: str
) -> None:
    monkeypatch.setattr(contenders, "TFLiteModel", lambda *_: Ports(shape))
    with pytest.raises(ConversionError, match=message):
        of_file(ENCODER, CropSpec(), "ai-edge-litert")


def test_the_float_model_of_a_bundle_is_the_one_that_its_card_names(tmp_path: Path) -> None:
    keras = tmp_path / "encoder.keras"
    keras.write_bytes(b"another network")
    for named, message in (
        (
            "c" * 64,
            r"encoder\.keras: is [0-9a-f]{12}, the bundle's card names c{12} .* or this one by --compare",
        ),
        # The right one, and any where the card names none: they are looked at, and this is no network.
        (hashlib.sha256(b"another network").hexdigest(), "not a Keras model"),
        (None, "not a Keras model"),
    ):
        training = {} if named is None else {SHA256_KEY: named}
        toy = bundle.provisional(ENCODER.read_bytes(), bundle.About("toy", CropSpec(), "MIT", training))
        with pytest.raises(ConversionError, match=message):
            of_keras(keras, toy)


@dataclass(slots=True)
class Finder:
    """Finds a face in the frames of these numbers, where the take put it, and nobody in others."""

    take: Take
    numbers: Container[int]
    asked: list[int] = field(default_factory=list)

    def locate(self, frame: Frame) -> Located | Missing:
        number = round(frame.timestamp_ns / FRAME_NS) - 1
        self.asked.append(number)
        if number not in self.numbers:
            return Missing.NO_FACE
        x, y, z = self.take.views[number].position_mm
        camera = frame.intrinsics
        point = FacePoint(camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy, z)
        return Located(point, (0, 0, 1, 1), 150.0)


def film_of(stage: Stage, take: Take, finder: Finder) -> Film:
    networks = {one.name: one.open() for one in stage.contenders}
    return Film(load_generator(stage.face_model), take, Crew(finder, networks))


def test_an_attempt_goes_on_until_the_session_wants_no_more(stage: Stage) -> None:
    (contender,) = stage.contenders
    take = attempt_take(load_generator(stage.face_model), PLAIN, 0, 0, LOOKS)
    finder = Finder(take, {1, 2, 4})
    found = collect(film_of(stage, take, finder), contender, SessionRule(2, LOOKS))
    assert isinstance(found[0], Failure)
    samples = [one for one in found if isinstance(one, Sample)]
    assert samples
    assert all(0 < sample.coverage <= 1 for sample in samples)
    live = [all(check.passed for check in sample.checks) for sample in samples]
    # Two samples, or the first that is not live, end it.
    assert len(samples) == 2 if all(live) else not live[-1] and all(live[:-1])
    nobody = Finder(take, ())
    given_up = collect(film_of(stage, take, nobody), contender, SessionRule(2, LOOKS))
    assert [one.reason for one in given_up if isinstance(one, Failure)] == [Missing.NO_FACE] * LOOKS


def test_a_frame_is_searched_once_however_many_networks_look_at_it(stage: Stage) -> None:
    (contender,) = stage.contenders
    take = attempt_take(load_generator(stage.face_model), PLAIN, 0, 0, 2)
    finder = Finder(take, {0, 1})
    film = film_of(stage, take, finder)
    for _ in range(2):
        for frame in film.frames():
            assert isinstance(film.examine(contender, frame), Sample)
    assert finder.asked == [0, 1]


def test_an_enrolment_of_somebody_unseen_ends_with_the_film(stage: Stage) -> None:
    (contender,) = stage.contenders
    take = enrolment_take(load_generator(stage.face_model), COHORT, 0)
    enrolled = enrol(film_of(stage, take, Finder(take, ())), contender, "p00000")
    assert (enrolled.ending, enrolled.template, enrolled.frames) == (
        Ending.FRAMES_ENDED,
        None,
        len(take.views),
    )
