"""calibrate on the demonstration's recordings; the encoder is random, so made-up templates stand for people."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facelatch import cli, resources
from facelatch.commands import calibrate
from facelatch.errors import ConfigError
from facelatch.exit_codes import ExitCode
from facelatch.matching import Template
from facelatch.store import Store
from tests.bundles import make_bundle
from tests.factories import make_near, make_template

DEMO = resources.demo_folder()
TURNS, NOBODY, STRANGER = (
    DEMO / "owner" / "enrol",
    DEMO / "nobody" / "empty-room",
    DEMO / "stranger-1" / "visit",
)
SETTINGS = "# ours\n[matching]\n# how near\nmax_distance = 0.0\nframes = 3\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], bundle: Path, store: Store, settings: Path) -> Run:
    """Runs `calibrate` with these settings and templates; gives exit code, standard output and standard error."""

    def run_words(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        fixed = ("--bundle", bundle, "--store", store.folder, "--config", settings)
        code = cli.main(["calibrate", *map(str, words), *map(str, fixed)])
        printed = capsys.readouterr()
        return int(code), printed.out, printed.err

    return run_words


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "facelatch.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture
def store(enrolled: Store, tmp_path: Path) -> Store:
    """ada as enrolled from the recording."""
    made = Store(tmp_path / "templates")
    made.save(enrolled.load("ada"))
    return made


def other(near: Template, distance: float) -> Template:
    """bob, of whom every embedding lies so far from one of ada's, all to the same side, and so does their middle."""
    return replace(
        make_template("bob", len(near.embeddings), encoder_sha256=near.encoder_sha256),
        embeddings=np.stack([make_near(one, distance) for one in near.embeddings]),
    )


def test_people_far_apart_need_no_change(run: Run, store: Store, settings: Path) -> None:
    store.save(make_template("bob", seed=9, encoder_sha256=make_bundle().card.encoder_sha256))
    code, out, _ = run("--user", "ada", "--capture", TURNS, "--write")
    assert code == ExitCode.OK
    assert "ada at own template" in out
    assert "ada at bob's template" in out
    assert "recommended: 0.800 as it is" in out
    assert out.endswith("nothing was written\n")
    assert settings.read_text() == SETTINGS


def test_somebody_too_near_makes_the_settings_stricter_and_never_looser(
    run: Run, store: Store, settings: Path
) -> None:
    store.save(other(store.load("ada"), 0.6))
    code, out, _ = run("--user", "ada", "--capture", TURNS)
    assert code == ExitCode.OK
    assert "add --write" in out
    assert settings.read_text() == SETTINGS

    code, out, _ = run("--user", "ada", "--capture", TURNS, "--write", "--json")
    record = json.loads(out)
    wanted = record["recommended"]
    assert (code, record["written"], record["reason"]) == (ExitCode.OK, True, "near-impostor")
    assert 0.4 < wanted <= 0.6
    assert settings.read_text() == SETTINGS.replace("0.0", f"{wanted:g}")
    assert "embedding" not in out

    settings.write_text(SETTINGS.replace("0.0", "0.2"))
    code, out, _ = run("--user", "ada", "--capture", TURNS, "--write", "--json")
    assert (code, json.loads(out)["recommended"], json.loads(out)["written"]) == (ExitCode.OK, 0.2, False)
    assert "max_distance = 0.2" in settings.read_text()


def test_a_model_that_tells_nobody_apart_is_found_out(run: Run, settings: Path, tmp_path: Path) -> None:
    picture = tmp_path / "distances.png"
    words = ("--user", "ada", "--capture", TURNS, "--strangers", TURNS, "--picture", picture, "--write")
    code, out, _ = run(*words)
    assert code == ExitCode.REFUSED
    assert "stranger 1 (enrol) at ada's template" in out
    assert "no threshold is recommended: no threshold keeps other people out" in out
    assert settings.read_text() == SETTINGS
    assert cv2.imread(str(picture)).shape == (460, 1000, 3)


def test_a_folder_named_like_a_user_makes_a_stranger_no_user(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ada").symlink_to(STRANGER)
    _, out, _ = run("--strangers", tmp_path / "ada", "--json")
    assert [one["genuine"] for one in json.loads(out)["series"]] == [False]


def test_nobody_else_decides_nothing(run: Run) -> None:
    code, out, _ = run("--user", "ada", "--capture", TURNS)
    assert code == ExitCode.RETRY
    assert "enrol a second person" in out


def test_an_empty_room_says_what_is_wrong(run: Run) -> None:
    code, _, err = run("--strangers", NOBODY)
    assert code == ExitCode.RETRY
    assert "gave 0 usable frames, 3 make an attempt: no face is seen" in err


def test_a_template_can_be_left_out(run: Run, store: Store) -> None:
    store.save(other(store.load("ada"), 0.6))
    words = ("--user", "ada", "--capture", TURNS, "--leave-out", "bob")
    assert run(*words)[0] == ExitCode.RETRY


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param([], ExitCode.CONFIG, "--strangers", id="nobody"),
        pytest.param(["--capture", "x"], ExitCode.CONFIG, "add --user NAME", id="whose"),
        pytest.param(["--user", "ada", "--leave-out", "ada"], ExitCode.CONFIG, "cannot be both", id="both"),
        pytest.param(["--user", "eve"], ExitCode.TEMPLATE, "eve is not enrolled", id="not-enrolled"),
        pytest.param(
            ["--strangers", "no/such"],
            ExitCode.CAPTURE,
            "no/such: cannot be found (No such file",
            id="no-recording",
        ),
        pytest.param(
            ["--user", "ada", "--picture", "/no/such/x.png"], ExitCode.CONFIG, "no such folder", id="picture"
        ),
        pytest.param(
            ["--user", "ada", "--picture", str(TURNS)],
            ExitCode.CONFIG,
            "is a folder",
            id="picture-over-folder",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(
    run: Run, words: list[str], code: ExitCode, said: str
) -> None:
    ended, out, err = run(*words)
    assert (ended, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1


def test_writing_needs_a_settings_file(
    bundle: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["calibrate", "--user", "ada", "--write", "--bundle", bundle, "--store", store.folder]
    assert cli.main([str(word) for word in words]) == ExitCode.CONFIG
    assert "no settings file to write" in capsys.readouterr().err


def test_settings_that_cannot_be_written_are_known_before_anybody_is_measured(
    run: Run, settings: Path
) -> None:
    settings.write_text("matching = {max_distance = 0.0, frames = 3}\n")
    code, out, err = run("--user", "ada", "--capture", "no/such", "--write")
    assert (code, out) == (ExitCode.CONFIG, "")
    assert "write max_distance = ... on a line of its own below [matching] first" in err


@pytest.mark.parametrize("as_json", [False, True], ids=["lines", "json"])
def test_what_was_measured_is_told_though_it_cannot_be_written(
    run: Run, store: Store, settings: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    def fail(*_: object) -> None:
        raise ConfigError("the disk is full")

    monkeypatch.setattr(calibrate, "set_number", fail)
    store.save(other(store.load("ada"), 0.6))
    words = ("--user", "ada", "--capture", TURNS, "--write", *(["--json"] if as_json else []))
    code, out, err = run(*words)
    assert (code, settings.read_text()) == (ExitCode.CONFIG, SETTINGS)
    assert "the disk is full" in err
    if as_json:
        assert (json.loads(out)["reason"], json.loads(out)["written"]) == ("near-impostor", False)
    else:
        assert "recommended: 0." in out
        assert "is now" not in out
