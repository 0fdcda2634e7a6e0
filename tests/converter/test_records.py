import json
from pathlib import Path
from typing import Any

import pytest

from facelatch_converter import train
from facelatch_converter.errors import DatasetError
from facelatch_converter.records import (
    LOSSES,
    crops_seen,
    read_parity,
    read_record,
    to_training,
    trained_anywhere,
    trained_people,
)
from tests.converter.test_bundle import PARITY, RECORD


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_what_json_has_no_number_for_becomes_null(tmp_path: Path) -> None:
    text = '{"arguments": {"minutes": Infinity, "rate": NaN, "crops": 1e999, "seed": 1}, "reports": []}'
    record = read_record(write(tmp_path / "run.json", text))
    assert record["arguments"] == {"minutes": None, "rate": None, "crops": None, "seed": 1}
    json.dumps(to_training(record, rendered=True), allow_nan=False)


def test_teachers_are_told_with_the_weight_that_their_record_names() -> None:
    earlier = {"name": "one", "sha256": "a" * 64, "crops": 1_000, "from_crops": 10}
    later = earlier | {"name": "two", "weight": 100.0, "mirrored": True, "privileged": True}
    near = later | {"name": "three", "prototypes": 30.0}
    second = near | {"name": "four", "prototypes": 0.0, "rivals": 0.0}
    last = near | {"name": "five", "rivals": 1.0}
    told = to_training(RECORD | {"taught_by": [earlier, later, near, second, last]}, rendered=True)["taught"]
    assert "one (sha256 aaaaaaaaaaaa, 1,000 crops) from crop 10 on with weight 64, two" in told
    assert (
        "two (sha256 aaaaaaaaaaaa, 1,000 crops) from crop 10 on with weight 100, each face mirrored too, bare, "
        "calm and without noise, three"
    ) in told
    lie_near = (
        "calm and without noise, a person's faces as one, which the encoder's are to lie near with weight 30"
    )
    assert f"{lie_near}, four" in told
    assert "on with weight 100, each face mirrored too, bare, calm and without noise, five" in told
    assert told.endswith(f"{lie_near} and be told from everybody else's with 1")


@pytest.mark.parametrize("name", ["weight", "prototypes", "rivals"])
def test_a_damaged_weight_is_none(name: str) -> None:
    teacher = {"name": "one", "sha256": "a" * 64, "crops": 1_000, "from_crops": 10, name: "30"}
    told = to_training(RECORD | {"taught_by": [teacher]}, rendered=True)["taught"]
    assert told.endswith("one (sha256 aaaaaaaaaaaa, 1,000 crops) from crop 10 on with weight 64")


def test_a_run_that_began_with_anothers_encoder_tells_of_both() -> None:
    teacher = {"name": "one", "sha256": "a" * 64, "crops": 1_000, "from_crops": 10}
    first = RECORD | {"crops": 500, "taught_by": [teacher], "reports": [{"eer": 0.3}, {"eer": 0.2}]}
    second = RECORD | {"crops": 70, "taught_by": [teacher | {"name": "two", "from_crops": 0}]}
    second["begun_from"] = {"name": "first", "sha256": "b" * 64, "training": first}
    told = to_training(second, rendered=True)
    assert "570 crops in all" in told["data"]
    assert "one (sha256 aaaaaaaaaaaa, 1,000 crops) from crop 10 on" in told["taught"]
    assert "two (sha256 aaaaaaaaaaaa, 1,000 crops) from crop 500 on" in told["taught"]
    before = told["begun_from"]["training"]
    assert before["last_report"] == {"eer": 0.2}
    assert "reports" not in before
    # A damaged count is none, here as for the crops in all.
    first["crops"] = "many"
    assert "from crop 0 on" in to_training(second, rendered=True)["taught"]


def test_a_fine_tuned_encoder_does_not_tell_every_report_of_the_one_it_began_with() -> None:
    training = RECORD | {"crops": 500, "reports": [{"eer": 0.3}, {"eer": 0.2}]}
    tuned = {
        "dataset": "captures",
        "subjects": {"trained": ["a", "b"], "validated": ["c"]},
        "from": {"name": "first", "sha256": "b" * 64, "training": training},
    }
    told = to_training(RECORD | {"crops": 70, "fine_tuning": tuned}, rendered=False)
    before = told["fine_tuning"]["from"]["training"]
    assert before["last_report"] == {"eer": 0.2}
    assert "reports" not in before
    assert "500 crops in all; then 2 people of captures, 70 crops" in told["data"]
    assert "reports" in training


def tuning(start: dict[str, Any], dataset: str, trained: list[str], crops: int = 70) -> dict[str, Any]:
    """The record of a run that fine-tuned the encoder of `start`."""
    return RECORD | {
        "crops": crops,
        "fine_tuning": {
            "dataset": dataset,
            "subjects": {"trained": trained, "validated": ["kim"], "without_face": ["lee"]},
            "from": {"name": "first", "sha256": "b" * 64, "training": start},
        },
    }


def begun(start: dict[str, Any], crops: int = 30) -> dict[str, Any]:
    """The record of a run on rendered people that began with the encoder of `start`."""
    return RECORD | {
        "crops": crops,
        "begun_from": {"name": "tuned", "sha256": "c" * 64, "training": start},
    }


ONCE = tuning(RECORD | {"crops": 500}, "home", ["anna", "bert"])
CARD = to_training(ONCE, rendered=False)


@pytest.mark.parametrize(
    ("record", "crops"),
    [
        pytest.param(tuning(ONCE, "away", ["cleo"]), 640, id="tuned-twice"),
        pytest.param(begun(ONCE), 600, id="rendered-again"),
        pytest.param(tuning(begun(ONCE), "away", ["cleo"]), 670, id="tuned-rendered-tuned"),
        pytest.param(tuning(CARD, "away", ["cleo"]), 640, id="from-a-card"),
        pytest.param(begun(CARD), 600, id="rendered-from-a-card"),
    ],
)
def test_no_chain_of_runs_tells_a_name_and_all_its_crops_count(record: dict[str, Any], crops: int) -> None:
    assert crops_seen(record) == crops
    told = to_training(record, rendered=False)
    assert crops_seen(told) == crops
    text = json.dumps(told)
    assert not any(name in text for name in ("anna", "bert", "cleo", "kim", "lee", "subjects"))
    assert "fine-tuned on home" in told["notice"]
    assert "then 2 people of home, 70 crops" in told["data"]


def test_a_card_tells_every_kind_of_training_in_order() -> None:
    told = to_training(begun(ONCE), rendered=True)
    assert told["notice"] == (
        "trained on rendered faces, fine-tuned on home, trained on rendered faces again, not yet measured on real "
        "people"
    )
    assert "500 crops in all; then 2 people of home" in told["data"]
    assert told["data"].endswith("; then 30 crops of new rendered people again")
    twice = to_training(tuning(ONCE, "home", ["anna"]), rendered=False)["notice"]
    assert twice == "trained on rendered faces, fine-tuned on home, measured on real people"


def test_teachers_before_a_fine_tuning_are_told_after_it() -> None:
    teacher = {"name": "one", "sha256": "a" * 64, "crops": 1_000, "from_crops": 10}
    later = begun(tuning(RECORD | {"crops": 500, "taught_by": [teacher]}, "home", ["anna"]))
    later["taught_by"] = [teacher | {"name": "two", "from_crops": 0}]
    told = to_training(later, rendered=True)["taught"]
    assert "one (sha256 aaaaaaaaaaaa, 1,000 crops) from crop 10 on" in told
    assert "two (sha256 aaaaaaaaaaaa, 1,000 crops) from crop 570 on" in told


def test_people_are_those_of_all_runs_before() -> None:
    again = tuning(begun(tuning(ONCE, "away", ["cleo"])), "home", ["dora"])
    assert trained_people(again, "home") == {"anna", "bert", "dora"}
    assert trained_people(again, "away") == {"cleo"}
    assert trained_people(again, "elsewhere") == frozenset()
    assert trained_anywhere(again) == {"anna", "bert", "cleo", "dora"}


def test_a_card_in_between_leaves_nobody_known() -> None:
    chain = tuning(CARD, "away", ["cleo"])
    assert trained_people(chain, "away") == {"cleo"}
    assert trained_anywhere(chain) == {"cleo"}
    with pytest.raises(
        DatasetError, match=r"fine-tuned on home before, .* nobody knows whom it learnt from; begin"
    ):
        trained_people(chain, "home")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param("{]", "not JSON", id="no-json"),
        pytest.param([], "expected a JSON object, found list", id="list"),
        pytest.param({"reports": []}, "not a training run's record", id="no-arguments"),
        pytest.param(
            {"arguments": {}, "reports": {"a": 1}}, "not a training run's record", id="reports-no-list"
        ),
        pytest.param(PARITY, "not a training run's record", id="parity-report"),
        pytest.param("[" * 100_000, "not JSON", id="too-deep"),
    ],
)
def test_a_foreign_record_is_refused_by_name(tmp_path: Path, content: object, found: str) -> None:
    with pytest.raises(DatasetError, match=found) as caught:
        read_record(write(tmp_path / "run.json", content))
    assert "run.json" in str(caught.value)


EQUALISED = {"share": 0.5, "activations": 3, "of": 4, "tried": [{"share": 0.5, "cosine_mean": 0.01}]}


def spoilt(*path: str, value: Any = None, drop: bool = False) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(PARITY))
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    if drop:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


def test_a_parity_report_comes_back(tmp_path: Path) -> None:
    assert read_parity(write(tmp_path / "parity.json", PARITY)) == PARITY
    unlabelled = spoilt("comparisons") | {"people": None, "float": dict.fromkeys(PARITY["float"])}  # type: ignore[call-overload]
    assert read_parity(write(tmp_path / "parity.json", unlabelled)) == unlabelled
    told = PARITY | {"equalised": EQUALISED}
    assert read_parity(write(tmp_path / "parity.json", told)) == told


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({}, id="empty"),
        pytest.param(RECORD, id="training-record"),
        pytest.param(spoilt("model", drop=True), id="no-model"),
        pytest.param(spoilt("model", "macs", value="many"), id="text-for-a-number"),
        pytest.param(spoilt("float", "genuine_mean", drop=True), id="no-distances"),
        pytest.param(spoilt("runtimes", value=[1, 2]), id="runtimes-no-object"),
        pytest.param(spoilt("runtimes", value={}), id="no-runtime-compared"),
        pytest.param(PARITY | {"equalised": EQUALISED | {"of": "many"}}, id="equalised-text"),
        pytest.param(PARITY | {"equalised": {"share": 1}}, id="equalised-incomplete"),
        pytest.param(spoilt("runtimes", "ai-edge-litert", "version", value=2), id="version-a-number"),
        pytest.param(spoilt("runtimes", "ai-edge-litert", "cosine_p50"), id="not-finite"),
    ],
)
def test_a_foreign_parity_report_is_refused_by_name(tmp_path: Path, content: object) -> None:
    with pytest.raises(DatasetError, match=r"parity\.json: not a parity report"):
        read_parity(write(tmp_path / "parity.json", content))


@pytest.mark.parametrize("name", ["keras_sha256", "tflite_sha256"])
def test_a_parity_report_that_names_no_files_is_to_be_made_again(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        DatasetError, match=r"parity\.json: does not name the files .* quantise --parity again"
    ):
        read_parity(write(tmp_path / "parity.json", spoilt("model", name, drop=True)))


def test_a_card_says_in_sentences_how_a_model_was_trained() -> None:
    told = to_training(RECORD, rendered=True)
    assert told["notice"] == "trained on rendered faces, not yet measured on real people"
    assert "shape part of the ICT Face Model Light" in told["data"]
    assert "900,000 crops" in told["data"]
    assert "supervised contrastive loss at temperature 1/16" in told["loss"]
    assert told["settled_offset"] == {"share": 0.83, "note": "fitted on people of its own"}
    assert told["arguments"]["face_model"] == "ict.npz"
    assert told["last_report"] == {"eer": 0.1}
    assert not {"reports", "offset_share", "offset_note"} & told.keys()
    assert (
        to_training(RECORD, rendered=False)["notice"] == "trained on rendered faces, measured on real people"
    )
    assert "margin 1" in to_training({"arguments": {"loss": "contrastive"}}, rendered=True)["loss"]


def test_a_fitted_head_is_told_after_what_trained_the_rest() -> None:
    """Neither loss nor teachers of the trunk are the head's."""
    teacher = {"name": "then", "sha256": "b" * 64, "crops": 4000, "from_crops": 0, "weight": 100}
    trained = {
        "arguments": {"loss": "pairs", "variant": "default"},
        "versions": {"network": "2"},
        "crops": 5000,
        "taught_by": [teacher],
        "offset_share": 0.1,
    }
    fitted = {
        "arguments": {"loss": "head", "variant": "default"},
        "versions": {"network": "3"},
        "crops": 600,
        "begun_from": {"name": "trained", "sha256": "a" * 64, "training": trained},
        "offset_share": -0.25,
    }
    told = to_training(fitted, rendered=True)
    assert told["loss"] == LOSSES["pairs"]
    assert "then (sha256 bbbbbbbbbbbb, 4,000 crops) from crop 0 on" in told["taught"]
    assert told["fitted"].startswith(
        "at last parts of the network were fitted by themselves, the last layers alone to 600 crops of people of their "
        "own: every pair"
    )
    again = fitted | {
        "arguments": {"loss": "head", "variant": "default", "fitted": "upper half"},
        "crops": 7000,
        "begun_from": {"name": "fitted", "sha256": "c" * 64, "training": fitted},
    }
    twice = to_training(again, rendered=True)
    assert (
        "the last layers alone to 600 crops of people of their own, then the upper half to 7,000 crops"
        in twice["fitted"]
    )
    assert twice["loss"] == LOSSES["pairs"]
    assert "12,600 crops in all" in twice["data"]
    assert "5,600 crops in all" in told["data"]
    assert told["settled_offset"] == {"share": -0.25, "pole": True}
    assert "fitted" not in to_training(trained, rendered=True)
    assert to_training(trained, rendered=True)["settled_offset"] == {"share": 0.1}


def test_no_folder_of_this_machine_is_kept_however_deep() -> None:
    record = {"arguments": {"data": ["/home/someone/a.npz", {"b": "/home/someone/b"}], "out": "runs/1"}}
    assert to_training(record, rendered=True)["arguments"] == {"data": ["a.npz", {"b": "b"}], "out": "runs/1"}


def test_every_loss_of_training_has_its_words() -> None:
    assert set(LOSSES) == set(train.LOSSES)
