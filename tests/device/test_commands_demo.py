"""The demonstration, with the shipped model as a newcomer sees it, and with a random one where all goes wrong."""

import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from facelatch import cli, resources
from facelatch.exit_codes import ExitCode

DEMO = resources.demo_folder()
ENROL, VISIT, PHOTO = "owner/enrol", "owner/poses", "owner/photo-flat"


def write_plan(folder: Path, *attempts: tuple[str, str], enrol: str = ENROL) -> Path:
    """A folder of recordings with captures of the shipped one and a plan of its own."""
    for person in DEMO.iterdir():
        if person.is_dir():
            (folder / person.name).symlink_to(person)
    plan = {
        "format": 1,
        "enrol": enrol,
        "attempts": [
            {"capture": capture, "label": f"{capture}!", "expected": [expected]}
            for capture, expected in attempts
        ],
    }
    (folder / "attempts.json").write_text(json.dumps(plan))
    return folder


def run(*words: object) -> int:
    return cli.main([str(word) for word in ("demo", *words)])


def test_the_shipped_model_does_what_is_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run("--out", tmp_path / "demo.png", "--json")
    record: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [(one["label"], one["outcome"]) for one in record["attempts"] if not one["as_expected"]] == []
    assert (code, record["as_expected"]) == (ExitCode.OK, True)
    assert len(record["attempts"]) >= 7
    assert {word for one in record["attempts"] for word in one["expected"]} >= {
        "granted",
        "no-match",
        "not-live",
        "retry",
    }
    picture = cv2.imread(str(tmp_path / "demo.png"))
    assert picture.shape[1] == 1600


def test_what_is_not_as_expected_is_said_and_ends_with_1(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_plan(tmp_path, (VISIT, "granted"), (PHOTO, "granted"), (PHOTO, "not-live"))
    code = run("--recordings", folder, "--out", tmp_path / "demo.png", "--bundle", bundle)
    out = capsys.readouterr().out
    assert code == ExitCode.REFUSED
    assert [line.split()[0] for line in out.splitlines() if "!" in line] == ["ok", "NOT", "ok"]
    assert "1 of 3 not as expected" in out
    assert "released" in out
    assert (tmp_path / "demo.png").is_file()


def test_the_lock_moves_for_a_grant_only(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_plan(tmp_path, (VISIT, "granted"), (PHOTO, "not-live"), (VISIT, "granted"))
    assert (
        run("--recordings", folder, "--out", tmp_path / "d.png", "--bundle", bundle, "--json") == ExitCode.OK
    )
    record = json.loads(capsys.readouterr().out)
    assert [one["lock"] for one in record["attempts"]] == [
        ["released", "secured"],
        [],
        ["released", "secured"],
    ]
    assert set(record["stages_p50_ms"]) == {"locate", "preprocess", "encode", "liveness", "together"}
    assert record["samples"] > 12


def test_guessing_is_locked_out_here_too(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_plan(tmp_path, *[(PHOTO, "not-live")] * 5, (VISIT, "locked-out"))
    assert run("--recordings", folder, "--out", tmp_path / "demo.png", "--bundle", bundle) == ExitCode.OK


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"format": 2}, "format", id="other-format"),
        pytest.param({"enrol": "/etc"}, "within the recordings", id="outside"),
        pytest.param({"enrol": "../owner"}, "within the recordings", id="outside-by-dots"),
        pytest.param({"enrol": "owner/none"}, "owner/none", id="no-such-capture"),
        pytest.param({"enrol": VISIT}, "missing directions", id="not-enough-to-enrol"),
        pytest.param({"attempts": []}, "at least one", id="no-attempts"),
        pytest.param(
            {"attempts": [{"capture": VISIT, "label": "x", "expected": ["yes"]}]},
            "granted",
            id="unknown-word",
        ),
        pytest.param(
            {"attempts": [{"capture": VISIT, "label": "x", "expected": []}]},
            "one or more",
            id="expects-nothing",
        ),
        pytest.param({"more": 1}, "more", id="unknown-key"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_in_one_sentence(
    *, change: dict[str, object], said: str, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_plan(tmp_path, (VISIT, "granted")) / "attempts.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    code = run("--recordings", tmp_path, "--out", tmp_path / "demo.png", "--bundle", bundle)
    printed = capsys.readouterr()
    assert (code, printed.out, printed.err.count("\n")) == (ExitCode.CAPTURE, "", 1)
    assert said in printed.err
    assert not (tmp_path / "demo.png").exists()


def test_a_folder_without_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--recordings", tmp_path / "none") == ExitCode.CAPTURE
    assert "attempts.json" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_plan(tmp_path, (VISIT, "granted"))
    code = run("--recordings", folder, "--out", tmp_path / "none" / "d.png", "--bundle", bundle)
    assert (code, "--out" in capsys.readouterr().err) == (ExitCode.CONFIG, True)
