"""Named protocols: complete, each from seeds of its own, and none of them known to training."""

import inspect
import itertools

import pytest

from facelatch.errors import ConfigError
from facelatch_converter import crops, recipe
from facelatch_converter.expressions import EXPRESSIONS
from facelatch_converter.faults import FAULTS
from facelatch_converter.protocols.named import ANY_WIDE, Circumstances, Lighting, choose, every_protocol
from facelatch_converter.staging import CAMERAS
from facelatch_converter.wear.accessories import ACCESSORIES

ALL = every_protocol()
BY_NAME = {protocol.name: protocol for protocol in ALL}
SIDES = [side for one in ALL for side in (one.attempt, one.cohort.circumstances)]


def test_every_name_and_every_seed_is_one_protocols_own() -> None:
    assert len(BY_NAME) == len(ALL)
    cohorts = {one.cohort.name: one.cohort for one in ALL}
    assert all(one.cohort == cohorts[one.cohort.name] for one in ALL)
    seeds = [one.seed for one in ALL] + [cohort.seed for cohort in cohorts.values()]
    assert len(set(seeds)) == len(seeds)


def test_no_seed_is_one_of_training_calibration_fitting_or_the_plain_evaluation() -> None:
    seeds = {one.seed for one in ALL} | {one.cohort.seed for one in ALL}
    # Training's seeds begin with `TRAINING`; the others are the defaults of quantise, bundle and evaluate.
    assert seeds.isdisjoint({crops.TRAINING, 10_000, 20_000, 30_000})
    assert "default_rng([TRAINING, " in inspect.getsource(crops.batches)


def test_what_is_kept_out_of_training_is_not_in_it() -> None:
    kept_out = {one.kept_out for one in ALL if one.kept_out}
    assert kept_out == {"time-of-flight", "over-smoothed"}
    assert not kept_out & recipe.SENSOR_SHARES.keys()
    assert not kept_out & set(recipe.TRAINED_FAULTS)


@pytest.mark.parametrize(
    ("found", "known"),
    [
        pytest.param({side.accessory for side in SIDES} - {""}, set(ACCESSORIES), id="accessories"),
        pytest.param({side.fault for side in SIDES} - {""}, set(FAULTS), id="faults"),
        pytest.param({side.lighting for side in SIDES}, set(Lighting), id="lighting"),
        pytest.param({side.camera for side in SIDES}, set(CAMERAS) - {"d435-small"}, id="cameras"),
    ],
)
def test_everything_that_can_be_rendered_has_a_protocol(found: set[str], known: set[str]) -> None:
    assert found == known


def test_expressions_are_known() -> None:
    assert {side.expression for side in SIDES} <= {ANY_WIDE, *EXPRESSIONS}
    assert "expression-grin" in BY_NAME


def test_accessories_are_put_on_after_the_enrolment() -> None:
    assert BY_NAME["sunglasses"].cohort.circumstances == Circumstances()
    assert BY_NAME["sunglasses"].attempt == Circumstances(accessory="sunglasses")
    always = BY_NAME["clear-glasses-always"]
    assert always.attempt == always.cohort.circumstances == Circumstances(accessory="clear-glasses")


def test_each_camera_is_tried_at_distances_that_do_not_overlap() -> None:
    for camera in CAMERAS.keys() - {"d435-small"}:
        named = [one for one in ALL if one.name.startswith(f"{camera}-") and one.name[-1].isdigit()]
        bands = sorted((one.attempt.limits.near_mm, one.attempt.limits.far_mm) for one in named)
        assert len(bands) >= 2
        assert all(far <= next_near for (_, far), (next_near, _) in itertools.pairwise(bands))
        assert {one.cohort.circumstances.camera for one in named} == {camera}


def test_the_board_sees_nobody_without_an_image() -> None:
    unseen = {one.name for one in ALL if not one.is_seen}
    assert unseen == {"no-image", "no-image-at-door"}


def test_protocols_are_chosen_by_name_in_their_own_order() -> None:
    assert [one.name for one in choose(["dark", "frontal", "dark"], ALL)] == ["frontal", "dark"]
    assert choose(["all"], ALL) == ALL
    with pytest.raises(ConfigError, match=r"'unlocked' is unknown; there are frontal, unlock, .* and all"):
        choose(["unlock", "unlocked"], ALL)
