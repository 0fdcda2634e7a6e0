"""Training crops: labelled, varied, repeatable; never the held-out people."""

import inspect
from collections.abc import Generator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.preprocess import NEUTRAL, Crop, CropSpec
from facelatch_converter import ageing, crops, held_out
from facelatch_converter.augment import augment, blind, draw_style
from facelatch_converter.crops import (
    LIGHTS,
    RenderedView,
    batches,
    draw_somebody,
    draw_worn,
    draw_years_later,
    locate_offset_mm,
    render_person,
)
from facelatch_converter.exposures import Light, expose
from facelatch_converter.face_model import FaceModel
from facelatch_converter.held_out import held_out_crops
from facelatch_converter.look_alikes import reach_mm
from facelatch_converter.people import Person, draw_person
from facelatch_converter.prototypes import Prototypes
from facelatch_converter.recipe import Recipe
from facelatch_converter.regions import find_regions
from facelatch_converter.render import Rendering, View

SMALL = Recipe(people=4, views=2, rendered=2, remembered=4, repeated=0.0)
SPEC = CropSpec()
HELD_OUT, SETTLING = 7_261_970, 7_261_971
"""As in `training_loop`, which would load TensorFlow; a test there says that they are the same."""


def test_a_batch_is_labelled_by_person(model: FaceModel) -> None:
    batch = next(batches(model, SPEC, SMALL, seed=1, stream=0))
    assert batch.tensors.shape == (8, 112, 112, 4)
    assert batch.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    np.testing.assert_array_equal(batch.weights[0::2], batch.weights[1::2])
    assert len(np.unique(batch.weights[:, 0])) == 4


def test_equal_streams_are_equal_and_others_differ(model: FaceModel) -> None:
    def second(seed: int, stream: int) -> npt.NDArray[np.int8]:
        source = batches(model, SPEC, SMALL, seed, stream)
        next(source)
        return next(source).tensors

    np.testing.assert_array_equal(second(1, 0), second(1, 0))
    assert (second(1, 0) != second(1, 1)).mean() > 0.05
    assert (second(1, 0) != second(2, 0)).mean() > 0.05


def test_people_are_met_again_with_new_noise(model: FaceModel) -> None:
    source = batches(model, SPEC, replace(SMALL, reused=0.5), seed=3, stream=0)
    first, second = next(source), next(source)
    known = {tuple(row) for row in first.weights}
    again = [tuple(row) in known for row in second.weights]
    assert sum(again) == 4
    assert not np.array_equal(first.tensors, second.tensors)


def test_nobody_is_met_again_before_enough_are_remembered(model: FaceModel) -> None:
    source = batches(
        model, SPEC, replace(SMALL, reused=0.5, remembered=12, rendered=1, views=1), seed=3, stream=0
    )
    seen: set[tuple[float, ...]] = set()
    for expected in (0, 0, 0, 2):
        batch = next(source)
        people = [tuple(row) for row in batch.weights]
        assert sum(person in seen for person in people) == expected
        seen.update(people)


def test_the_end_of_a_run_is_augmented_less(model: FaceModel) -> None:
    recipe = replace(SMALL, augmented=1.0, sharpened=0.0, infrared=0.0, blind=0.0, faulty=0.0, dressed=0.0)
    early = next(batches(model, SPEC, recipe, 9, 0, lambda: 0.0))
    late = next(batches(model, SPEC, recipe, 9, 0, lambda: 0.9))
    holes = [(batch.tensors[:, 30:80, 40:70, 3] == -127).mean() for batch in (early, late)]
    assert holes[0] > 1.3 * holes[1]


def test_a_batch_may_share_one_circumstance(model: FaceModel) -> None:
    recipe = replace(SMALL, people=8, remembered=16, blind=0.5, alike=1.0)
    source = batches(model, SPEC, recipe, seed=12, stream=0)
    shares = [
        float((np.abs(next(source).tensors[..., :3].astype(int)).max((1, 2, 3)) <= 4).mean())
        for _ in range(8)
    ]
    assert set(shares) == {0.0, 1.0}


@pytest.mark.parametrize("repeated", [0.0, 1.0], ids=["taken", "shown-again"])
def test_steady_people_are_seen_in_one_light(model: FaceModel, repeated: float) -> None:
    recipe = replace(
        SMALL,
        people=6,
        views=3,
        rendered=3,
        remembered=60,
        reused=0.85,
        repeated=repeated,
        blind=0.5,
        alike=0.0,
    )

    def mixed(steady: float) -> int:
        """People of whom some crops of a batch have an image and some have none."""
        source = batches(model, SPEC, replace(recipe, steady=steady), seed=15, stream=0)
        found = [next(source).tensors for _ in range(16)][12:]
        blank = [(np.abs(one[..., :3].astype(int)).max((1, 2, 3)) <= 4).reshape(6, 3) for one in found]
        return sum(int((one.any(1) & ~one.all(1)).sum()) for one in blank)

    assert mixed(0.0) > 10
    assert mixed(1.0) == 0


def test_people_who_look_alike_meet_in_groups(model: FaceModel) -> None:
    recipe = replace(SMALL, people=6, group=3, remembered=60, rendered=1, views=1, repeated=1.0, reused=0.85)
    reach = reach_mm(model)

    def apart(grouped: float) -> float:
        """How far each person of a batch is from the nearest other one, on average."""
        source = batches(model, SPEC, replace(recipe, grouped=grouped), seed=14, stream=0)
        shapes = [next(source).weights * reach for _ in range(16)][10:]
        found = [np.linalg.norm(batch[:, None] - batch[None], axis=2) + 1e9 * np.eye(6) for batch in shapes]
        return float(np.mean([one.min(1).mean() for one in found]))

    assert apart(1.0) < 0.85 * apart(0.0)


def test_as_many_have_a_sibling_as_the_recipe_says(model: FaceModel) -> None:
    """Of a first batch nobody is remembered yet; of a second one all could be."""

    def nearest(siblings: float) -> float:
        """How far a new person is from the nearest known one, on average."""
        recipe = Recipe(people=12, views=2, rendered=2, reused=0, siblings=siblings, apart=(0.1, 0.1))
        stream = batches(model, SPEC, recipe, 1, 0)
        known, new = (next(stream).weights[::2] for _ in range(2))
        return float(np.linalg.norm(new[:, None] - known[None], axis=2).min(1).mean())

    none, half, every = map(nearest, (0.0, 0.5, 1.0))
    assert 0 < every < 0.4 * none
    assert 1.2 * every < half < 0.9 * none


def test_siblings_have_somebodys_skin_and_hair_and_nearly_the_shape(model: FaceModel) -> None:
    recipe = replace(SMALL, apart=(0.3, 0.3))
    regions, rng = find_regions(model), np.random.default_rng(3)
    somebody = render_person(model, regions, SPEC, recipe, 0, rng)
    person, origin = draw_somebody(model, regions, recipe, rng, somebody)
    again = draw_person(model, regions, np.random.default_rng(origin.seed), origin.spread)
    assert origin == somebody.origin
    assert person.hair_albedo == again.hair_albedo
    np.testing.assert_allclose(person.albedo.mean(0), again.albedo.mean(0), rtol=0.1)
    np.testing.assert_array_equal(again.weights, somebody.weights)
    assert not np.allclose(person.weights, again.weights)


def test_years_later_somebody_is_nearly_who_they_were(model: FaceModel) -> None:
    recipe = replace(SMALL, drift=(0.2, 0.2))
    regions, rng = find_regions(model), np.random.default_rng(3)
    changes, strangers = [], []
    for _ in range(20):
        person, origin = draw_somebody(model, regions, recipe, rng, None)
        later = draw_years_later(model, regions, recipe, rng, person, origin)
        stranger, _ = draw_somebody(model, regions, recipe, rng, None)
        changes.append(np.linalg.norm(later.weights - person.weights))
        strangers.append(np.linalg.norm(stranger.weights - person.weights))
        assert later.bald == person.bald
        assert later.hair_albedo != person.hair_albedo
    assert np.mean(changes) == pytest.approx(0.2 * np.mean(strangers), rel=0.25)


def test_years_later_flesh_and_beard_are_others_and_the_rest_is_not(
    model: FaceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, regions = replace(SMALL, drift=(0.0, 0.0)), find_regions(model)

    def aged() -> tuple[Person, Person]:
        rng = np.random.default_rng(5)
        person, origin = draw_somebody(model, regions, recipe, rng, None)
        return person, draw_years_later(model, regions, recipe, rng, person, origin)

    def moved_mm(people: tuple[Person, Person]) -> float:
        return float(np.abs(people[0].vertices_mm - people[1].vertices_mm).max())

    assert 0.3 < moved_mm(aged()) < 20
    monkeypatch.setattr(ageing, "grown", lambda hair, _: hair)
    fleshed = moved_mm(aged())
    assert 0.1 < fleshed < 8
    monkeypatch.setattr(ageing, "fallen", lambda flesh, _: flesh)
    before, after = aged()
    assert moved_mm((before, after)) == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(after.albedo, before.albedo, atol=1e-5)


def test_half_of_the_views_show_the_aged_years_later(
    model: FaceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of as many people as the recipe says."""
    shown: list[npt.NDArray[np.float32]] = []
    usual = crops.render_view

    def render_view(model: FaceModel, person: Person, *more: Any) -> RenderedView:
        shown.append(person.weights)
        return usual(model, person, *more)

    monkeypatch.setattr(crops, "render_view", render_view)
    next(batches(model, SPEC, Recipe(people=40, views=4, rendered=4, reused=0, aged=0.5), 1, 0))
    people = [{weights.tobytes() for weights in shown[place : place + 4]} for place in range(0, 160, 4)]
    assert {len(looks) for looks in people} == {1, 2}
    assert 12 < sum(len(looks) == 2 for looks in people) < 28
    for place in range(0, 160, 4):
        np.testing.assert_array_equal(shown[place], shown[place + 2])
        np.testing.assert_array_equal(shown[place + 1], shown[place + 3])


def test_a_rendering_is_exposed_as_often_as_the_recipe_says(
    model: FaceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    exposed: list[int] = []

    def exposing(rendering: Rendering, *more: Any) -> Crop:
        exposed.append(id(rendering))
        return expose(rendering, *more)

    monkeypatch.setattr(crops, "expose", exposing)
    batch = next(batches(model, SPEC, Recipe(people=2, views=6, rendered=3, exposed=2, reused=0), 1, 0))
    assert len(batch.labels) == 12
    assert [exposed[:6].count(one) for one in set(exposed[:6])] == [2, 2, 2]
    assert len({tensor.tobytes() for tensor in batch.tensors}) == 12


def test_blind_crops_show_depth_only(model: FaceModel) -> None:
    batch = next(batches(model, SPEC, replace(SMALL, blind=1.0), seed=4, stream=0))
    assert np.abs(batch.tensors[..., :3].astype(int)).max() <= 4
    assert (batch.tensors[..., 3] > -127).mean() > 0.2


def test_infrared_crops_are_grey(model: FaceModel) -> None:
    batch = next(
        batches(model, SPEC, replace(SMALL, infrared=1.0, blind=0.0, augmented=0.0), seed=5, stream=0)
    )
    np.testing.assert_array_equal(batch.tensors[..., 0], batch.tensors[..., 2])
    assert batch.tensors[..., :3].std() > 5


def test_equal_seeds_give_equal_held_out_crops(model: FaceModel) -> None:
    tensors, labels = held_out_crops(model, SPEC, people=3, views=2, seed=(7, 1))
    assert labels.tolist() == [0, 0, 1, 1, 2, 2]
    again, _ = held_out_crops(model, SPEC, people=3, views=2, seed=(7, 1))
    np.testing.assert_array_equal(tensors, again)


@pytest.mark.parametrize("seed", [1, HELD_OUT, SETTLING])
def test_no_held_out_person_is_drawn_for_training(
    model: FaceModel, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = drawn_weights(model, (HELD_OUT, seed), monkeypatch)
    settling = drawn_weights(model, (SETTLING, seed), monkeypatch)
    trained: set[bytes] = set()
    # Stream 1000 is the first of a resumed run.
    for stream in (0, 1, 1000, HELD_OUT, SETTLING):
        source = batches(model, SPEC, replace(SMALL, reused=0.0), seed, stream)
        trained |= {row.tobytes() for _ in range(2) for row in next(source).weights}
    assert (len(measured), len(settling), len(trained)) == (4, 4, 5 * 2 * 4)
    assert not measured & settling
    assert not (measured | settling) & trained


def drawn_weights(model: FaceModel, seed: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> set[bytes]:
    """The shape coefficients of the people that `held_out_crops` draws."""
    people: list[bytes] = []

    def overheard(*arguments: Any) -> Person:
        person = draw_person(*arguments)
        people.append(person.weights.tobytes())
        return person

    with monkeypatch.context() as patched:
        patched.setattr(held_out, "draw_person", overheard)
        held_out_crops(model, SPEC, people=4, views=1, seed=seed)
    return set(people)


def test_crops_scatter_as_locate_errs() -> None:
    rng = np.random.default_rng(6)
    ahead = np.stack([locate_offset_mm(View(), 1.0, rng) for _ in range(4000)])
    np.testing.assert_allclose(ahead.mean(0), (0, -14, 12), atol=0.4)
    assert 1.8 < np.std(ahead[:, 0]) < 3.2
    turned = np.stack([locate_offset_mm(View(yaw_deg=30), 1.0, rng) for _ in range(2000)])
    assert turned[:, 0].mean() > 2


def _crop() -> Crop:
    depth = np.full((112, 112), 500, np.float32)
    depth[:, :20] = 0
    image = np.full((112, 112, 3), 90, np.float32)
    image[:, :20] = NEUTRAL
    return Crop(image, depth)


def test_augmentation_adds_holes_and_never_readings() -> None:
    rng = np.random.default_rng(7)
    changed = 0
    for _ in range(40):
        crop = augment(_crop(), draw_style(rng), rng)
        assert (crop.depth_mm[:, :20] == 0).all()
        read = crop.depth_mm[crop.depth_mm > 0]
        assert np.abs(read - 500).max() < 20
        # Beside the depth by two pixels at most.
        assert (crop.intensity[:, :18] == NEUTRAL).all()
        assert 0 <= crop.intensity.min() <= crop.intensity.max() <= 255
        changed += bool((crop.depth_mm[:, 20:] == 0).any())
    assert 10 < changed < 40


def test_masks_and_hands_are_drawn_twice_as_often() -> None:
    rng = np.random.default_rng(3)
    names = [name for _ in range(2000) for name in draw_worn(replace(SMALL, dressed=1.0), rng)]
    assert 2000 < len(names) < 4000
    often = names.count("medical-mask") + names.count("hand")
    rarely = names.count("cap") + names.count("beard")
    assert often / rarely == pytest.approx(2, rel=0.15)


def test_teachers_see_a_bare_calm_face_without_any_noise(model: FaceModel) -> None:
    spoilt = replace(SMALL, dressed=1.0, grimacing=1.0, faulty=1.0, augmented=1.0, sharpened=1.0)
    clean = replace(SMALL, dressed=0.0, grimacing=0.0, hard=0.0, privileged=True)
    found = []
    for recipe in (replace(spoilt, privileged=True), clean):
        batch = next(batches(model, SPEC, recipe, seed=1, stream=0))
        assert batch.introduced is not None
        depth, told = batch.tensors[..., 3], batch.introduced.tensors[..., 3]
        seen = [(one > -127).mean() for one in (told, depth)]
        found.append((roughness(depth), roughness(told), seen[0] / seen[1]))
    (rough, smooth, more), (_, again, _) = found
    assert smooth < 0.5 * rough
    assert smooth == pytest.approx(again, rel=0.5)  # Whatever the student's crops went through.
    assert more > 1
    assert next(batches(model, SPEC, SMALL, seed=1, stream=0)).introduced is None


def test_everybody_is_introduced_once_from_all_sides_in_every_light(model: FaceModel) -> None:
    recipe = replace(SMALL, people=3, remembered=6, rendered=3, reused=0.5, repeated=0.5, privileged=True)
    source = batches(model, SPEC, recipe, seed=4, stream=2)
    known: set[int] = set()
    for batch in (next(source) for _ in range(30)):
        if batch.introduced is not None:
            new = batch.introduced.people.tolist()
            assert known.isdisjoint(new)
            known.update(new)
            sides_and_lights = list(zip(new, batch.introduced.lights.tolist(), strict=True))
            assert sorted(sides_and_lights) == sorted(3 * [(one, at) for one in set(new) for at in range(3)])
        # A mirrored person, an odd number, was introduced as the person.
        assert {int(person) // 2 * 2 for person in batch.people} <= known
    assert len(known) > 6


def test_whoever_a_batch_shows_is_known_to_a_trainer_that_remembers_as_many(model: FaceModel) -> None:
    """Worker and trainer forget people each by themselves; nobody may be missing, and no room is wasted."""
    recipe = replace(SMALL, people=3, remembered=6, rendered=2, reused=0.7, repeated=0.4, privileged=True)

    def missing(people: int, seed: int) -> bool:
        known = Prototypes(teachers=1, streams=1, size=people * len(LIGHTS), embedding_size=2)
        source = batches(model, SPEC, recipe, seed, stream=0)
        for batch in (next(source) for _ in range(25)):
            if (new := batch.introduced) is not None:
                looks = np.ones((1, len(new.lights), 2), np.float32)
                known.take_in(new.people // 2, new.lights, looks, new.stream)
            try:
                known.places(batch.people // 2, batch.lights)
            except KeyError:
                return True
        return False

    assert recipe.met == 9
    assert not any(missing(recipe.met, seed) for seed in (1, 2, 3))
    assert any(missing(recipe.remembered, seed) for seed in (1, 2, 3))


def test_faces_for_teachers_are_kept_no_longer_than_until_they_were_told(model: FaceModel) -> None:
    source = batches(model, SPEC, replace(SMALL, privileged=True), seed=4, stream=0)
    assert next(source).introduced is not None
    remembered = inspect.getgeneratorlocals(cast("Generator[Any, None, None]", source))["memory"]
    assert len(remembered) == SMALL.people
    assert not any(person.perfect for person in remembered)
    assert not any(view.bare for person in remembered for view in person.views)


def test_introductions_change_nothing_that_a_student_sees(model: FaceModel) -> None:
    plain, taught = (
        batches(model, SPEC, replace(SMALL, repeated=0.5, reused=0.5, privileged=told), seed=4, stream=0)
        for told in (False, True)
    )
    for _ in range(6):
        one, other = next(plain), next(taught)
        np.testing.assert_array_equal(one.tensors, other.tensors)
        np.testing.assert_array_equal(one.lights, other.lights)


def test_the_bare_face_is_the_calm_one_from_the_same_side(model: FaceModel) -> None:
    recipe = replace(SMALL, dressed=0.0, grimacing=0.0, privileged=True, jitter=0.0)
    rng = np.random.default_rng(8)
    person = draw_person(model, find_regions(model), rng)
    calm = replace(model, expression_mm=np.zeros_like(model.expression_mm))
    views = [crops.render_view(one, person, SPEC, recipe, np.random.default_rng(6)) for one in (model, calm)]
    grimaces, same = views
    assert grimaces.bare is not None
    np.testing.assert_array_equal(grimaces.bare.depth_mm, same.rendering.depth_mm)
    assert np.abs(grimaces.bare.depth_mm - grimaces.rendering.depth_mm).max() > 1


def test_lights_are_named_as_they_are(model: FaceModel) -> None:
    recipe = replace(SMALL, privileged=True, infrared=0.3, blind=0.3, augmented=0.0, faulty=0.0, repeated=0.5)
    source = batches(model, SPEC, recipe, seed=2, stream=0)
    found: list[int] = []
    for batch in (next(source) for _ in range(6)):
        shown = [(batch.tensors, batch.lights)]
        shown += [(batch.introduced.tensors, batch.introduced.lights)] if batch.introduced else []
        for tensors, lights in shown:
            for tensor, light in zip(tensors[..., :3].astype(int), lights, strict=True):
                assert tensor.any() == (LIGHTS[light] is not Light.NONE)
                assert np.ptp(tensor, axis=-1).any() == (LIGHTS[light] is Light.COLOUR)
                found.append(int(light))
    assert set(found) == {0, 1, 2}


def roughness(depth: npt.NDArray[np.int8]) -> float:
    """How much readings differ from the middle of their neighbours, in steps of the tensor."""
    values, seen = depth.astype(float), depth > -127
    in_a_row = seen[:, :, 2:] & seen[:, :, 1:-1] & seen[:, :, :-2]
    return float(np.abs(np.diff(values, 2, axis=2))[in_a_row].mean())


def test_a_tenth_of_styles_leave_only_the_large_shapes() -> None:
    rng = np.random.default_rng(9)
    widths = np.array([draw_style(rng).smoothing_px for _ in range(3000)])
    assert widths.max() <= 8
    assert np.mean(widths > 3.2) == pytest.approx(0.1, abs=0.02)
    assert np.mean(widths == 0) == pytest.approx(0.4, abs=0.03)


def test_a_blind_crop_keeps_its_depth() -> None:
    crop = blind(_crop())
    assert (crop.intensity == NEUTRAL).all()
    np.testing.assert_array_equal(crop.depth_mm, _crop().depth_mm)


def test_a_person_keeps_a_number_and_a_mirrored_one_has_another(model: FaceModel) -> None:
    recipe = Recipe(people=3, views=2, remembered=3, repeated=1.0, kept=4, rendered=2, augmented=0)
    stream, other = (batches(model, CropSpec(size_px=48), recipe, 1, number) for number in (0, 1))
    seen = [next(stream).people for _ in range(12)]
    fresh = set(seen[0].tolist())
    assert [len(set(people.tolist())) for people in seen] == [3] * 12
    assert all((people[::2] == people[1::2]).all() for people in seen)
    numbers = {int(number) for people in seen for number in people}
    assert {number // 2 * 2 for number in numbers} >= fresh
    assert {number % 2 for number in numbers} == {0, 1}
    assert not numbers & set(next(other).people.tolist())
