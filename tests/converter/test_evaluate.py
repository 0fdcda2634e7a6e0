import json

import numpy as np
import pytest

from facelatch.session import USUAL_REACH
from facelatch_converter.datasets import CaptureRef
from facelatch_converter.errors import DatasetError
from facelatch_converter.evaluate import Evaluation, evaluate, operating_points, summarise
from facelatch_converter.measure import measure
from facelatch_converter.metrics import comparisons
from facelatch_converter.scores import compare
from tests.converter.scripted import FLAT_MM, NO_FACE_MM, ScriptedAcquirer, capture, people


def measured(refs: list[CaptureRef], threshold: float = 0.8) -> Evaluation:
    captures = measure(refs, ScriptedAcquirer(), samples=3, reach=USUAL_REACH)
    return evaluate(captures, compare(captures), threshold)


def test_the_numbers_are_json_and_count_what_was_compared() -> None:
    numbers = summarise(measured(people(8, 3)))
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    assert numbers["comparisons"] == {"genuine": 8 * 3, "impostor": 8 * 7 // 2 * 9}
    assert numbers["at_threshold"]["fmr"]["errors"] == 0
    assert numbers["at_threshold"]["fmr"]["high"] == pytest.approx(3 / 252)  # none seen is not none
    assert numbers["eer"]["rate"] == 0
    assert numbers["distances"]["genuine_mean"] < numbers["distances"]["impostor_mean"]
    assert numbers["distances"]["seed_work"] == {"genuine_mean": 0.3, "impostor_mean": 1.1, "threshold": 0.4}


def test_no_fmr_is_claimed_that_the_comparisons_cannot_show() -> None:
    points = summarise(measured(people(8, 3)))["fnmr_at_fmr"]  # 252 impostor comparisons
    assert [point["fmr"] for point in points] == [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    assert points[0]["fnmr"]["errors"] == 0
    for point in points[1:]:
        assert "fnmr" not in point
        assert "252 impostor comparisons cannot show" in point["not_shown"]


def test_failures_to_acquire_are_counted_by_reason() -> None:
    refs = [
        *people(2, 2),
        capture("person-000", "dark", (NO_FACE_MM, NO_FACE_MM)),
        capture("person-001", "late", (NO_FACE_MM, 11), first=5),
    ]
    failures = summarise(measured(refs))["failures_to_acquire"]
    assert (failures["captures"]["errors"], failures["captures"]["trials"]) == (1, 6)
    assert (failures["frames"]["errors"], failures["frames"]["trials"]) == (3, 8)
    assert failures["reasons"] == {"no-face": 3}
    assert failures["samples_disagree"] == 0


def test_captures_whose_samples_disagree_are_failures_of_their_own_kind() -> None:
    refs = [*people(2, 2), capture("person-000", "two faces", (10, 11, 12))]
    numbers = summarise(measured(refs))
    failures = numbers["failures_to_acquire"]
    assert (failures["captures"]["errors"], failures["captures"]["trials"]) == (1, 5)
    assert failures["samples_disagree"] == 1
    assert (failures["frames"]["errors"], failures["reasons"]) == (0, {})
    assert numbers["comparisons"] == {"genuine": 2, "impostor": 4}


def test_attacks_are_counted_by_species_and_live_people_apart() -> None:
    refs = [
        *people(2, 2),
        capture("person-000", "doubted", (10, FLAT_MM)),
        capture("person-000", "photo", (FLAT_MM,), attack="flat-photo"),
        capture("person-001", "hidden photo", (NO_FACE_MM,), attack="flat-photo"),
        capture("person-000", "mask", (10,), attack="mask"),
    ]
    pad = summarise(measured(refs))["pad"]
    assert (pad["bpcer"]["errors"], pad["bpcer"]["trials"]) == (1, 5)
    photo, mask = pad["apcer"]["flat-photo"], pad["apcer"]["mask"]
    # What no face was found in met no check: it is no trial of one.
    assert (photo["errors"], photo["trials"]) == (0, 1)
    assert (photo["no_response"]["errors"], photo["no_response"]["trials"]) == (1, 2)
    assert (mask["errors"], mask["trials"], mask["no_response"]["errors"]) == (1, 1, 0)
    assert pad["refusals_by_check"] == {"live": {"plane": 1}, "flat-photo": {"plane": 1}, "mask": {}}


def test_attacks_in_which_no_face_was_ever_found_give_no_apcer() -> None:
    refs = [*people(2, 2), capture("person-000", "photo", (NO_FACE_MM,), attack="flat-photo")]
    found = summarise(measured(refs))["pad"]["apcer"]["flat-photo"]
    assert (found["value"], found["trials"], found["no_response"]["value"]) == (None, 0, 1.0)


def test_two_names_of_one_person_are_noticed() -> None:
    twice = [*people(2, 2), capture("person-999", "00", (10,))]  # person-000 under another name
    assert summarise(measured(twice))["distances"]["impostor_near_zero"] == 1
    assert summarise(measured(people(3, 2)))["distances"]["impostor_near_zero"] == 0


def test_without_attacks_no_apcer_is_claimed() -> None:
    assert summarise(measured(people(2, 2)))["pad"]["apcer"] == {}


@pytest.mark.parametrize(
    ("refs", "found"),
    [
        pytest.param(people(3, 1), "0 genuine and 3 impostor", id="one-capture-each"),
        pytest.param(people(1, 3), "3 genuine and 0 impostor", id="one-person"),
        pytest.param([capture("anna", "1", (NO_FACE_MM,))], "0 genuine and 0 impostor", id="no-face"),
    ],
)
def test_what_cannot_be_compared_is_refused(refs: list[CaptureRef], found: str) -> None:
    with pytest.raises(DatasetError, match=f"{found} comparisons; at least one of both is needed"):
        measured(refs)


def test_operating_points_go_as_far_as_the_comparisons_and_get_stricter() -> None:
    rng = np.random.default_rng(2)
    found = operating_points(comparisons(rng.normal(0.5, 0.1, 500), rng.normal(1.1, 0.1, 20_000)))
    assert [point.fmr for point in found] == [1e-2, 1e-3, 1e-4]
    assert all(point.comparisons == 20_000 for point in found)
    assert found[0].threshold > found[1].threshold > found[2].threshold
    assert found[0].fnmr <= found[1].fnmr <= found[2].fnmr
    assert operating_points(comparisons(np.array([0.1]), np.array([1.0]))) == ()
