import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch.session import USUAL_REACH
from facelatch_converter import report
from facelatch_converter.errors import OutputError
from facelatch_converter.evaluate import Evaluation, evaluate, summarise
from facelatch_converter.evaluate_command import to_lines
from facelatch_converter.evaluation_report import (
    FILES,
    PROTOCOL_FILES,
    refuse_existing,
    write_report,
)
from facelatch_converter.measure import measure
from facelatch_converter.scores import compare
from tests.converter.scripted import FLAT_MM, NO_FACE_MM, ScriptedAcquirer, capture, people

VOID = {"meta", "img", "source", "br"}


class Page(HTMLParser):
    """Checks that every tag is closed and remembers what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def measured(count: int = 6) -> tuple[Evaluation, dict[str, Any]]:
    refs = [*people(count, 2), capture("person-000", "photo", (FLAT_MM,), attack="photo <b>bent</b>")]
    captures = measure(refs, ScriptedAcquirer(), samples=3, reach=USUAL_REACH)
    evaluation = evaluate(captures, compare(captures), 0.8)
    numbers = {
        "format": 1,
        "model": {"name": "tiny", "encoder_sha256": "0" * 64, "runtime": "none"},
        "data": {
            "source": "<made & up>",
            "rendered": True,
            "seed": 1,
            "subjects": count,
            "captures": 2 * count,
            "attack_captures": 1,
            "frames_looked_at": 2 * count,
            "fusion": "up to 3 samples (the median capture gave 1) are fused into their mean direction",
        },
        **summarise(evaluation),
    }
    return evaluation, numbers


def test_a_report_is_complete_and_needs_no_other_file(tmp_path: Path) -> None:
    evaluation, numbers = measured()
    folder = tmp_path / "new" / "report"
    write_report(folder, evaluation, numbers, seed=1)
    assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
    assert json.loads((folder / "metrics.json").read_text()) == numbers
    text = (folder / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert len(page.fetched) == 8  # four pictures in two looks
    assert all(address.startswith("data:image/png;base64,") for address in page.fetched)
    assert "prefers-color-scheme: dark" in text
    for word in ("FMR", "FNMR", "EER", "genuine", "impostor", "APCER", "BPCER", "t-SNE"):
        assert word in text
    assert "&lt;made &amp; up&gt;" in text
    assert "<made" not in text
    assert "photo &lt;b&gt;bent" in text
    assert "The faces are rendered. Nothing here was measured on real people." in text
    assert "An attempt at a board is several: it fuses up to 3 samples" in text
    assert "the median capture gave 1" in text
    assert "no face found in photo &lt;b&gt;bent" in text
    assert "<td>&emsp;samples-disagree</td><td>0 captures</td>" in text
    assert "fitted on these people" not in text
    assert "60 impostor comparisons cannot show an FMR of 0.001" in text
    with np.load(folder / "scores.npz") as archive:
        assert archive["impostor"].size == numbers["comparisons"]["impostor"]


def test_too_few_captures_leave_the_embeddings_undrawn(tmp_path: Path) -> None:
    evaluation, numbers = measured(count=2)
    write_report(tmp_path, evaluation, numbers, seed=1)
    assert not (tmp_path / "tsne.png").exists()
    assert (tmp_path / "distances.png").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    evaluation, numbers = measured(count=2)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="the report cannot be written"):
        write_report(tmp_path / "file", evaluation, numbers, seed=1)
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0.00%"), (1.0, "100.00%"), (0.0256, "2.56%"), (0.00123, "0.12%"), (1e-6, "0.0001%")],
)
def test_percent(share: float, text: str) -> None:
    assert report.percent(share) == text


def test_what_flatters_is_said_in_the_report_and_in_the_terminal(tmp_path: Path) -> None:
    numbers = measured(count=2)[1]
    numbers["data"]["fitted_on_these_people"] = True
    numbers["distances"]["impostor_near_zero"] = 3
    page, lines = report.to_html(numbers, []), "\n".join(to_lines(numbers, tmp_path))
    for text in (page, lines):
        assert "the threshold was fitted on these people" in text
        assert "3 impostor comparisons are closer than 0.1" in text


def test_an_attack_that_never_had_a_face_is_not_a_success_of_the_checks() -> None:
    refs = [*people(2, 2), capture("person-000", "hidden", (NO_FACE_MM,), attack="photo")]
    captures = measure(refs, ScriptedAcquirer(), samples=3, reach=USUAL_REACH)
    numbers = measured(count=2)[1] | summarise(evaluate(captures, compare(captures), 0.8))
    assert "photo accepted (APCER), where a face was found: not measured: no face was found in any" in (
        report.pad_lines(numbers["pad"])
    )
    assert any("(no response): 100.00%" in line for line in report.pad_lines(numbers["pad"]))
    assert "not measured: no face was found in any" in report.to_html(numbers, [])


def test_only_an_older_report_is_replaced_and_nothing_of_it_stays(tmp_path: Path) -> None:
    evaluation, numbers = measured()
    write_report(tmp_path / "report", evaluation, numbers, seed=1)
    with pytest.raises(OutputError, match="holds a report; choose another folder, or --force"):
        refuse_existing(tmp_path / "report", force=False)
    refuse_existing(tmp_path / "report", force=True)
    for name in PROTOCOL_FILES:  # of an evaluation of the other kind
        (tmp_path / "report" / name).write_text("older")
    evaluation, numbers = measured(count=2)  # too few to draw the embeddings
    write_report(tmp_path / "report", evaluation, numbers, seed=1)
    assert not (tmp_path / "report" / "tsne.png").exists()
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == sorted(
        set(FILES) - {"tsne.png", "pca.png"}
    )
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("dear")
    with pytest.raises(OutputError, match="is not empty"):
        refuse_existing(tmp_path / "photos", force=True)
