"""Recipes compared on one budget: the table, the picture, and a run that is made once."""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facelatch_converter import recipe_runs, recipe_trials, train
from facelatch_converter.architecture import NETWORK
from facelatch_converter.errors import OutputError, TrainingError
from facelatch_converter.plots import DARK, LIGHT, Look
from facelatch_converter.recipe_runs import RECIPES


def record(*eers: float) -> dict[str, Any]:
    rows = [
        {"crops": 1000 * place, "eer": eer, "genuine": 0.4, "impostor": 1.2}
        for place, eer in enumerate(eers, start=1)
    ]
    return {"crops": 1000 * len(eers), "reports": rows}


def test_the_best_recipe_comes_first_by_its_last_reports() -> None:
    runs = {"pairs": record(0.3, 0.2, 0.1, 0.09), "margin": record(0.4, 0.06, 0.05, 0.04)}
    lines = recipe_trials.to_table(runs).splitlines()
    assert len(lines) == 4
    assert lines[2] == "| margin | 4,000 | 5.00% | 0.40 / 1.20 |"
    assert lines[3].startswith("| pairs | 4,000 | 13.00% |")


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_each_recipe_has_its_curve(look: Look) -> None:
    runs = {"pairs": record(0.3, 0.2, 0.1), "margin": record(0.4, 0.06, 0.05)}
    picture = cv2.imdecode(np.frombuffer(recipe_trials.curves(runs, look), np.uint8), cv2.IMREAD_COLOR)
    for colour in look.people[:2]:
        wanted = [int(colour[start : start + 2], 16) for start in (5, 3, 1)]
        assert (np.abs(picture.astype(int) - wanted).max(2) < 6).sum() > 200


def test_all_recipes_fit_the_picture() -> None:
    """Each with its line in the legend, beside axes that are as wide as for two."""
    few, all_of_them = (
        cv2.imdecode(
            np.frombuffer(
                recipe_trials.curves(
                    {name: record(0.3, 0.2 - 0.01 * place) for place, name in enumerate(names)}, LIGHT
                ),
                np.uint8,
            ),
            cv2.IMREAD_COLOR,
        )
        for names in (RECIPES[:2], RECIPES)
    )
    assert few.shape == all_of_them.shape
    for colour in LIGHT.people[: len(RECIPES)]:
        wanted = [int(colour[start : start + 2], 16) for start in (5, 3, 1)]
        found = np.abs(all_of_them.astype(int) - wanted).max(2) < 6
        assert np.ptp(np.flatnonzero(found.any(0))) > 0.7 * all_of_them.shape[1]


def test_a_run_that_was_resumed_to_a_larger_budget_is_marked() -> None:
    resumed = {"arguments": {"crops": 2000}, "phases": [{"crops": 2000}, {"crops": 4000}], "resumed": 2}
    whole = {"arguments": {"crops": 4000}, "phases": [{"crops": 4000}], "resumed": 1}
    runs = {
        "pairs": record(0.3, 0.2) | resumed,
        "margin": record(0.4, 0.3) | whole,
        "regression": record(0.5),
    }
    rows = [line.split(" | ")[0] for line in recipe_trials.to_table(runs).splitlines()[2:]]
    assert rows == ["| pairs (resumed: meant for 2,000, then 4,000)", "| margin", "| regression"]
    assert "other people than the rest: pairs, margin; each" in recipe_trials.to_section("", runs, 3)
    assert "Resumed" not in recipe_trials.to_section("", {"regression": runs["regression"]}, 3)


def test_what_is_kept_of_a_run_names_no_folder() -> None:
    phase = {"from_crops": 2000, "crops": 4000, "teachers": ["/home/someone/encoder.keras"]}
    kept = recipe_runs.to_row(record(0.3) | {"arguments": {"workers": 2}, "phases": [phase], "resumed": 1})
    assert (kept["workers"], kept["resumed"]) == (2, 1)
    assert kept["phases"] == [{"from_crops": 2000, "crops": 4000}]
    assert "/home" not in json.dumps(kept)


def options(face_model: Path, out: Path, recipe: str, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    recipe_trials.add_arguments(parser)
    numbers = {"--crops": 8, "--people": 4, "--views": 2, "--held-out": 4, "--report-every": 1}
    words = [str(word) for pair in numbers.items() for word in pair]
    return parser.parse_args(
        ["--face-model", str(face_model), "--out", str(out), "--recipes", recipe, *words, *more]
    )


def test_a_run_is_made_once_and_shown(
    face_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "MODEL_CARD.md"
    card.write_text("# Model card: default\n")
    for _ in range(2):
        assert recipe_trials.run(options(face_model, tmp_path, "regression", "--card", str(card))) == 0
        assert "| regression | 8 | " in capsys.readouterr().out
        assert card.read_text().count("## Recipes on one budget\n\nThe same network") == 1
        assert "| regression | 8 | " in card.read_text()
    run = json.loads((tmp_path / "regression" / "run.json").read_text())
    assert (run["arguments"]["loss"], run["crops"], run["resumed"]) == ("regression", 8, 0)
    assert json.loads((tmp_path / "recipes.json").read_text())["regression"]["reports"] == run["reports"]
    assert (tmp_path / "recipes.md").read_text().startswith("| recipe | crops |")
    assert (tmp_path / "recipes.png").stat().st_size > 5000


@pytest.fixture(scope="module")
def made(face_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the finished run of one recipe."""
    out = tmp_path_factory.mktemp("made")
    assert recipe_trials.run(options(face_model, out, "pairs")) == 0
    return out


def test_a_run_goes_on_to_a_larger_budget(face_model: Path, made: Path, tmp_path: Path) -> None:
    out = tmp_path / "recipes"
    shutil.copytree(made, out)
    assert recipe_trials.run(options(face_model, out, "pairs", "--crops", "16")) == 0
    run = json.loads((out / "pairs" / "run.json").read_text())
    assert (run["crops"], run["resumed"]) == (16, 1)
    row = json.loads((out / "recipes.json").read_text())["pairs"]
    assert (row["workers"], row["resumed"]) == (1, 1)
    assert [(phase["from_crops"], phase["crops"]) for phase in row["phases"]] == [(8, 16)]
    assert "| pairs (resumed: meant for 8, then 16) | 16 |" in (out / "recipes.md").read_text()
    with pytest.raises(TrainingError, match="pairs: its run differs in crops from"):
        recipe_trials.run(options(face_model, out, "pairs"))


@pytest.mark.parametrize(
    ("recipe", "more", "words"),
    [
        pytest.param("pairs", ["--seed", "2"], "differs in seed from", id="seed"),
        pytest.param("pairs", ["--people", "5", "--views", "3"], "in people and views from", id="batch"),
        pytest.param("pairs", ["--precision", "bfloat16"], "in precision from", id="precision"),
        pytest.param("pairs", ["--workers", "2"], "in workers from", id="other-people"),
        pytest.param("pairs", ["--held-out", "5"], "in held-out from", id="measured-on-others"),
        pytest.param("pairs", ["--crops", "4"], "in crops from", id="smaller-budget"),
        pytest.param("margin", [], "in loss from", id="another-recipe"),
        pytest.param("turned", [], "in loss and turned from", id="turned"),
        pytest.param("taught", ["--teachers"], "in loss and teachers from", id="taught"),
    ],
)
def test_a_run_made_otherwise_is_never_taken(
    face_model: Path, made: Path, tmp_path: Path, recipe: str, more: list[str], words: str
) -> None:
    out = tmp_path / "recipes"
    shutil.copytree(made / "pairs", out / recipe)
    teacher = [str(made / "pairs" / "encoder.keras")] if recipe == "taught" else []
    with pytest.raises(TrainingError, match=words):
        recipe_trials.run(options(face_model, out, recipe, *more, *teacher))
    assert sorted(path.name for path in out.iterdir()) == [recipe]


def test_finished_runs_of_an_earlier_network_are_told_as_such_and_never_mixed(
    face_model: Path, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "recipes"
    shutil.copytree(made, out)
    record = json.loads((out / "pairs" / "run.json").read_text())
    assert record["versions"].pop("network") == str(NETWORK)
    (out / "pairs" / "run.json").write_text(json.dumps(record))
    with pytest.raises(
        TrainingError, match="pairs trained network 1, not all of the other recipes; name pairs alone"
    ):
        recipe_trials.run(options(face_model, out, "pairs", "--recipes", "pairs", "margin"))
    assert recipe_trials.run(options(face_model, out, "pairs")) == 0
    runs = {"pairs": recipe_runs.read_run(out / "pairs")}
    told = recipe_trials.to_section("", runs, 3)
    assert f"The same network (network 1, this release trains {NETWORK}) from random weights" in told
    with pytest.raises(
        TrainingError, match=r"pairs: its run trained network 1, .* cannot go on .* --crops 8 as then"
    ):
        recipe_trials.run(
            options(face_model, out, "margin", "--crops", "800", "--recipes", "margin", "pairs")
        )
    assert not (out / "margin").exists()


def test_a_taught_run_whose_teachers_weighed_otherwise_is_never_taken(
    face_model: Path, made: Path, tmp_path: Path
) -> None:
    out, teacher = tmp_path / "recipes", made / "pairs" / "encoder.keras"
    words = ("--teachers", str(teacher))
    recipe_trials.run(options(face_model, out, "taught", *words))
    path = out / "taught" / "run.json"
    record = json.loads(path.read_text())
    del record["taught_by"][0]["weight"]
    path.write_text(json.dumps(record))
    with pytest.raises(TrainingError, match="differs in how its teachers weighed from"):
        recipe_trials.run(options(face_model, out, "taught", *words))


def test_teachers_in_another_order_are_others(face_model: Path, made: Path, tmp_path: Path) -> None:
    """The first one's embedding space is learnt."""
    recipe_trials.run(options(face_model, tmp_path / "second", "pairs", "--seed", "2"))
    teachers = [str(folder / "pairs" / "encoder.keras") for folder in (made, tmp_path / "second")]
    out = tmp_path / "recipes"
    recipe_trials.run(options(face_model, out, "taught", "--teachers", *teachers))
    told = json.loads((out / "taught" / "run.json").read_text())["taught_by"]
    assert [(one["prototypes"] > 0, one["rivals"] > 0) for one in told] == [(True, True), (False, False)]
    assert recipe_trials.run(options(face_model, out, "taught", "--teachers", *teachers)) == 0
    with pytest.raises(TrainingError, match="differs in teachers from"):
        recipe_trials.run(options(face_model, out, "taught", "--teachers", *teachers[::-1]))


def test_a_run_on_other_heads_is_never_taken(face_model: Path, made: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.npz"
    shutil.copy(face_model, moved)
    assert recipe_trials.run(options(moved, made, "pairs")) == 0
    with np.load(face_model) as arrays:
        np.savez(moved, **{**arrays, "unused": np.zeros(1)})
    with pytest.raises(TrainingError, match="in face-model from"):
        recipe_trials.run(options(moved, made, "pairs"))


def test_a_missing_model_card_is_found_out_before_training(face_model: Path, tmp_path: Path) -> None:
    out, card = tmp_path / "recipes", tmp_path / "MODEL_CARD.md"
    with pytest.raises(OutputError, match=r"MODEL_CARD.md: cannot be read .*bundle writes it"):
        recipe_trials.run(options(face_model, out, "pairs", "--card", str(card)))
    assert not out.exists()


def test_the_turned_recipe_is_the_default_one_on_turned_crops(face_model: Path, tmp_path: Path) -> None:
    recipe_trials.run(options(face_model, tmp_path, "turned"))
    chosen = json.loads((tmp_path / "turned" / "run.json").read_text())["arguments"]
    assert (chosen["loss"], chosen["turned"]) == (train.DEFAULTS["loss"], True)


def test_every_loss_of_training_is_compared_unless_some_are_named() -> None:
    parser = argparse.ArgumentParser()
    recipe_trials.add_arguments(parser)
    given = ["--face-model", "m", "--out", "o"]
    every = [*train.LOSSES, "turned"]
    assert list(recipe_trials._choose(parser.parse_args(given))) == every
    taught = parser.parse_args([*given, "--teachers", "e.keras"])
    assert list(recipe_trials._choose(taught)) == [*every, "taught"]


def test_the_taught_recipe_is_the_default_one_with_teachers(face_model: Path, tmp_path: Path) -> None:
    recipe_trials.run(options(face_model, tmp_path / "teachers", "pairs"))
    teacher = tmp_path / "teachers" / "pairs" / "encoder.keras"
    recipe_trials.run(options(face_model, tmp_path / "trial", "taught", "--teachers", str(teacher)))
    chosen = json.loads((tmp_path / "trial" / "taught" / "run.json").read_text())["arguments"]
    assert (chosen["loss"], chosen["teachers"]) == (train.DEFAULTS["loss"], [str(teacher)])


@pytest.mark.parametrize(
    ("recipe", "more"),
    [
        pytest.param("taught", (), id="nobody-teaches"),
        pytest.param("pairs", ("--teachers", "encoder.keras"), id="nobody-is-taught"),
    ],
)
def test_teachers_and_who_is_taught_belong_together(
    tmp_path: Path, recipe: str, more: tuple[str, ...]
) -> None:
    with pytest.raises(TrainingError, match="the recipe taught and --teachers belong together"):
        recipe_trials.run(options(tmp_path / "model.npz", tmp_path / "out", recipe, *more))
    assert not (tmp_path / "out").exists()
