import json

import numpy as np

from facelatch.calibration.distances import Advice, Reason, Series
from facelatch.calibration.report import to_histogram, to_lines, to_marks, to_record, to_sentence

GENUINE = Series("ada", "ada", np.array([0.3, 0.4]), np.array([0.31, 0.33, 0.52]))
IMPOSTOR = Series("bob", "ada", np.array([0.9, 1.0]), np.array([0.46, 0.92, 1.9]))


def test_the_histogram_shows_every_attempt_once_with_thresholds_between() -> None:
    lines = to_histogram(GENUINE.attempts, IMPOSTOR.attempts, {"in use": 0.488, "recommended": 0.41})
    places = {line[:9]: line for line in lines}
    assert places["0.30-0.35"].split()[1:] == ["2", "#" * 28]
    assert places["0.50-0.55"].split()[1:] == ["1", "#" * 14]
    assert places["0.45-0.50"].split()[1:] == ["1", "#" * 28]
    assert places["0.90-0.95"].startswith(" " * 30, 17), "other people's bars stand on the right"
    assert places["1.55-1.60"].split()[1] == "1", "what is farther counts at the end"
    order = [line for line in lines if "---" in line or line.startswith(("0.40", "0.45", "0.50"))]
    assert [line.strip("- ").split()[0] for line in order] == [
        "0.410", "0.40-0.45", "0.488", "0.45-0.50", "0.50-0.55",
    ]  # fmt: skip


def test_a_histogram_of_nothing_has_its_head_alone() -> None:
    assert len(to_histogram(np.empty(0), np.empty(0), {})) == 1


def test_people_read_bounds_and_advice() -> None:
    lines = to_lines([GENUINE, IMPOSTOR], Advice(0.41, Reason.NEAR_IMPOSTOR), 0.488)
    text = "\n".join(lines)
    assert "ada at own template: 3 attempts, distance 0.310 to 0.520, median 0.330" in text
    assert "bob at ada's template: 3 attempts" in text
    assert "at 0.410, 1 of 3 genuine attempts would be refused" in text
    assert "at 0.410, 0 of 3 impostor attempts would be granted (at most 100.0 %" in text
    assert "1 pair of people, which can show nothing about other pairs" in text
    assert "most of them" not in text
    assert "most of them; enrol again" in "\n".join(to_lines([GENUINE], Advice(0.32, Reason.ENOUGH), 0.32))
    assert lines[-1].startswith("recommended: 0.410 in place of 0.488: somebody else came nearer")


def test_no_advice_says_what_to_do() -> None:
    sentence = to_sentence(Advice(None, Reason.NO_IMPOSTOR), 0.488)
    assert sentence.startswith("no threshold is recommended")
    assert "--strangers" in sentence
    assert to_marks(Advice(None, Reason.NO_IMPOSTOR), 0.488) == {"in use": 0.488}
    assert "0.488 as it is" in to_sentence(Advice(0.488, Reason.ENOUGH), 0.488)


def test_programs_read_the_same_numbers() -> None:
    record = to_record([GENUINE, IMPOSTOR], Advice(0.41, Reason.NEAR_IMPOSTOR), 0.488)
    assert json.loads(json.dumps(record)) == record
    assert (record["recommended"], record["reason"]) == (0.41, "near-impostor")
    assert record["genuine"] == {"attempts": 3, "errors": 1, "at_most": record["genuine"]["at_most"]}  # type: ignore[index]
    assert record["impostor"] == {"attempts": 3, "errors": 0, "at_most": 1.0, "pairs_of_people": 1}
