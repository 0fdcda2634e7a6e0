"""enrol, verify, identify, users, remove on the demonstration's recordings.

The encoder is a tiny random one: it tells no people apart, but everything around it is real.
"""

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facelatch import cli, resources
from facelatch.acquisition import Failure, Sample
from facelatch.commands import enrol, remove
from facelatch.enrolling import gather
from facelatch.enrolment import Enrolment
from facelatch.errors import StoreError
from facelatch.exit_codes import ExitCode
from facelatch.guidance import LEGEND
from facelatch.progress import Progress
from facelatch.store import Store
from tests.bundles import make_bundle
from tests.factories import MOMENT, make_embedding, make_template
from tests.looks import FLAT, NO_FACE, make_frames, make_sample, scripted
from tests.outsiders import shut_out_of
from tests.processes import ROOT

DEMO = resources.demo_folder()
TURNS, VISIT = DEMO / "owner" / "enrol", DEMO / "owner" / "poses"
PHOTO, NOBODY = DEMO / "owner" / "photo-flat", DEMO / "nobody" / "empty-room"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; gives exit code, standard output and standard error."""

    def run_words(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([str(word) for word in words])
        printed = capsys.readouterr()
        return int(code), printed.out, printed.err

    return run_words


def model(bundle: Path, store: Store) -> tuple[object, ...]:
    return ("--bundle", bundle, "--store", store.folder)


def test_enrolment_guides_from_direction_to_direction(bundle: Path, tmp_path: Path, run: Run) -> None:
    store = Store(tmp_path / "templates")
    code, out, err = run("enrol", "bob", "--capture", TURNS, *model(bundle, store))
    assert (code, out) == (ExitCode.OK, "bob is enrolled from 12 directions\n")
    lines = err.splitlines()
    bars = [f"[{'#' * n}{'.' * (12 - n)}] {n} of 12  " for n in range(1, 13)]
    assert [line[: len(bar)] for line, bar in zip(lines, bars, strict=True)] == bars
    assert lines[0].endswith("  turn your head to the left")
    assert lines[1].endswith("  turn your head to the left and raise your chin a little")
    template = store.load("bob")
    assert len(template.embeddings) == len(set(template.poses)) == 12
    assert template.encoder_sha256 == make_bundle().card.encoder_sha256


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        pytest.param(
            make_sample(make_embedding(1), pose=(15.0, 0.0)),
            ["@   #   .    turn your head to the left and raise your chin a little", ".       .    "],
            id="taken",
        ),
        pytest.param(
            make_sample(make_embedding(1)),
            [".   @   .    turn your head to the left", ".       .    "],
            id="covered-already",
        ),
        pytest.param(
            make_sample(make_embedding(1), [FLAT], pose=(15.0, 0.0)),
            ["o   #   .    turn your head to the left", ".       .    the face is as flat as a picture"],
            id="in-a-missing-direction-but-not-live",
        ),
        pytest.param(
            make_sample(make_embedding(1), pose=(8.0, 0.0)),
            [".   #   .    turn your head to the left", ".       .    a little farther"],
            id="between",
        ),
        pytest.param(
            make_sample(make_embedding(1), pose=(0.0, 45.0)),
            [".   #   .    turn your head to the left", ".       .    not so far"],
            id="too-far",
        ),
        pytest.param(
            NO_FACE,
            [".   #   .    turn your head to the left", ".       .    no face is seen; look into the camera"],
            id="no-face",
        ),
    ],
)
def test_a_terminal_shows_where_the_head_is(found: Sample | Failure, shown: list[str]) -> None:
    stream = Terminal()
    guide = enrol.Guide("ada", Progress(stream, lambda: 100))
    looks = [make_sample(make_embedding(1)), found]
    gather(make_frames(2), scripted(*looks), Enrolment(0.6), lambda: MOMENT, guide.tell)
    lines = stream.getvalue().splitlines()
    assert [line.removeprefix("    ") for line in lines[-3:-1]] == shown
    assert lines[-1].endswith(f"    {LEGEND}")


@pytest.mark.parametrize(
    ("capture", "code", "said"),
    [
        pytest.param(PHOTO, ExitCode.REFUSED, "as flat as a picture; a living person is needed", id="photo"),
        pytest.param(VISIT, ExitCode.RETRY, "missing: centre", id="too-few-directions"),
        pytest.param(NOBODY, ExitCode.RETRY, "0 of 12 directions", id="nobody-there"),
    ],
)
def test_an_enrolment_that_fails_stores_nothing(
    *, capture: Path, code: ExitCode, said: str, bundle: Path, tmp_path: Path, run: Run
) -> None:
    store = Store(tmp_path / "templates")
    ended, out, err = run("enrol", "bob", "--capture", capture, "--json", *model(bundle, store))
    assert ended == code
    record: dict[str, Any] = json.loads(out)
    assert (record["enrolled"], len(record["missing"]) > 1) == (False, True)
    assert said in err.splitlines()[-1]
    assert store.users() == []


def test_a_template_is_replaced_only_when_asked(bundle: Path, tmp_path: Path, run: Run) -> None:
    store = Store(tmp_path / "templates")
    store.save(make_template("ada"))
    code, out, err = run("enrol", "ada", "--capture", TURNS, *model(bundle, store))
    assert (code, out) == (ExitCode.TEMPLATE, "")
    assert err.count("\n") == 1
    assert "--replace" in err
    assert len(store.load("ada").embeddings) == 3
    # An enrolment that fails keeps the old one, --replace or not.
    assert run("enrol", "ada", "--replace", "--capture", PHOTO, *model(bundle, store))[0] == ExitCode.REFUSED
    assert len(store.load("ada").embeddings) == 3
    assert run("enrol", "ada", "--replace", "--capture", TURNS, *model(bundle, store))[0] == ExitCode.OK
    assert len(store.load("ada").embeddings) == 12


def test_a_folder_that_cannot_be_written_is_refused_before_anybody_turns_a_head(tmp_path: Path) -> None:
    enrol.refuse_unwritable(tmp_path / "not" / "there", lambda path: path == tmp_path)
    with pytest.raises(StoreError, match="--store"):
        enrol.refuse_unwritable(tmp_path, lambda path: path != tmp_path)


def test_a_folder_that_may_not_be_looked_into_is_one_sentence(bundle: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "private").mkdir(mode=0o700)
    store = Store(tmp_path / "private" / "lib" / "templates")
    with shut_out_of(tmp_path / "private"):
        for words in (
            ("enrol", "ada", "--capture", TURNS),
            ("verify", "ada", "--capture", TURNS),
            ("users",),
        ):
            options = model(bundle, store) if words != ("users",) else ("--store", store.folder)
            code, out, err = run(*words, "--config", "/dev/null", *options)
            assert (code, out, err.count("\n")) == (ExitCode.STORE, "", 1)
            assert str(store.folder) in err


def test_a_key_that_is_lost_is_told_before_anybody_turns_a_head(
    bundle: Path, tmp_path: Path, run: Run
) -> None:
    store = Store(tmp_path / "templates")
    store.save(make_template("ada"))
    store.key_path.unlink()
    code, _, err = run("enrol", "bob", "--capture", tmp_path / "no-camera", *model(bundle, store))
    assert (code, "the key of" in err) == (ExitCode.STORE, True)


def test_an_enrolment_does_not_wait_for_ever(bundle: Path, tmp_path: Path, run: Run) -> None:
    store = Store(tmp_path / "templates")
    slow = shutil.copytree(TURNS, tmp_path / "slow")
    document = json.loads((slow / "capture.json").read_text())
    for place, frame in enumerate(document["frames"]):
        frame["timestamp_ns"] = place * 400_000_000
    (slow / "capture.json").write_text(json.dumps(document))
    code, _, err = run("enrol", "bob", "--seconds", 1, "--capture", slow, *model(bundle, store))
    assert (code, store.users()) == (ExitCode.RETRY, [])
    assert "the frames ended" in err


def test_a_terminal_without_a_width_shows_what_to_do(bundle: Path, tmp_path: Path) -> None:
    """A new pseudo-terminal reports 0 columns, as a serial console does."""
    store = Store(tmp_path / "templates")
    words = ("enrol", "bob", "--config", "/dev/null", "--capture", TURNS, *model(bundle, store))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "facelatch.cli", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "device"), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: read_terminal(ours), b"")).decode()
        assert process.wait(timeout=30) == ExitCode.OK
    os.close(ours)
    assert "turn your head to the left" in seen
    assert "enrolling bob  [####........] 4 of 12" in seen
    assert seen.endswith("\x1b[0Jbob is enrolled from 12 directions\r\n")


def read_terminal(descriptor: int) -> bytes:
    """What was written to the other end, or nothing once it is closed."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("capture", "code", "outcome", "reason"),
    [
        pytest.param(VISIT, ExitCode.OK, "granted", None, id="owner"),
        pytest.param(PHOTO, ExitCode.REFUSED, "not-live", "plane", id="photo"),
        pytest.param(NOBODY, ExitCode.RETRY, "retry", "no-face", id="nobody-there"),
    ],
)
@pytest.mark.parametrize("command", [("verify", "ada"), ("identify",)], ids=["verify", "identify"])
def test_a_verdict_for_programs(
    *,
    command: tuple[str, ...],
    capture: Path,
    code: ExitCode,
    outcome: str,
    reason: str | None,
    bundle: Path,
    enrolled: Store,
    run: Run,
) -> None:
    ended, out, err = run(*command, "--capture", capture, "--json", *model(bundle, enrolled))
    assert (ended, err) == (code, "")
    record: dict[str, Any] = json.loads(out)
    assert (record["outcome"], record["reason"]) == (outcome, reason)
    assert record["user"] == ("ada" if outcome == "granted" else None)
    assert (record["distance"] is None) == (outcome != "granted")


def test_a_verdict_for_people(bundle: Path, enrolled: Store, run: Run) -> None:
    _, out, _ = run("verify", "ada", "--capture", VISIT, *model(bundle, enrolled))
    assert out.startswith("granted: ada; distance 0.0")
    assert out.endswith("at most 0.800\n")


def test_both_runtimes_decide_the_same(bundle: Path, enrolled: Store, run: Run) -> None:
    words = ("identify", "--capture", VISIT, "--json", *model(bundle, enrolled))
    records = [json.loads(run(*words, "--runtime", name)[1]) for name in ("ai-edge-litert", "tflite-runtime")]
    assert records[0]["outcome"] == records[1]["outcome"] == "granted"
    assert records[0]["distance"] == pytest.approx(records[1]["distance"], abs=0.02)


def test_a_stricter_threshold_of_the_config_is_used(
    bundle: Path, enrolled: Store, tmp_path: Path, run: Run
) -> None:
    config = tmp_path / "facelatch.toml"
    config.write_text("[matching]\nmax_distance = 0.001\n")
    words = ("verify", "ada", "--capture", VISIT, "--config", config, *model(bundle, enrolled))
    code, out, _ = run(*words)
    assert code == ExitCode.REFUSED
    assert out.startswith("no-match: ")


def test_another_encoders_template_is_refused_and_left_out(bundle: Path, tmp_path: Path, run: Run) -> None:
    store = Store(tmp_path / "templates")
    store.save(make_template("old"))
    code, out, err = run("verify", "old", "--capture", VISIT, *model(bundle, store))
    assert (code, out, err.count("\n")) == (ExitCode.TEMPLATE, "", 1)
    assert "enrol old again" in err
    code, out, err = run("identify", "--capture", VISIT, *model(bundle, store))
    assert (code, out, err.count("\n")) == (ExitCode.TEMPLATE, "", 2)
    assert "none of the templates can be used with this model" in err
    store.remove("old")
    code, out, err = run("identify", "--capture", VISIT, *model(bundle, store))
    assert (code, err) == (ExitCode.REFUSED, "")
    assert out == "no-match: nobody is enrolled with a template that can be used; enrol first\n"


def test_users_are_listed(enrolled: Store, run: Run) -> None:
    code, out, _ = run("users", "--store", enrolled.folder)
    assert code == ExitCode.OK
    assert out.split()[:3] == ["ada", "12", "directions"]
    record = json.loads(run("users", "--store", enrolled.folder, "--json")[1])
    assert [user["user"] for user in record["users"]] == ["ada"]


def test_nobody_is_listed_before_the_first_enrolment(tmp_path: Path, run: Run) -> None:
    code, out, _ = run("users", "--store", tmp_path / "none")
    assert (code, "nobody is enrolled" in out) == (ExitCode.OK, True)
    assert json.loads(run("users", "--store", tmp_path / "none", "--json")[1])["users"] == []


def test_a_damaged_template_does_not_hide_the_others_and_can_be_removed(tmp_path: Path, run: Run) -> None:
    store = Store(tmp_path / "templates")
    for user in ("ada", "bob"):
        store.save(make_template(user))
    (store.folder / "ada.template").write_bytes(b"torn")
    code, out, err = run("users", "--store", store.folder)
    assert (code, out.split()[0]) == (ExitCode.TEMPLATE, "bob")
    assert "ada.template" in err
    assert run("remove", "ada", "--yes", "--store", store.folder)[0] == ExitCode.OK
    assert store.users() == ["bob"]


def test_one_odd_entry_stops_nobody(bundle: Path, tmp_path: Path, run: Run) -> None:
    store = Store(tmp_path / "templates")
    store.save(make_template("ada", encoder_sha256=make_bundle().card.encoder_sha256))
    (store.folder / "Ada Lovelace.template").touch()
    (store.folder / "bob.template").mkdir()
    code, out, err = run("users", "--store", store.folder)
    assert (code, out.split()[0], err.count("\n")) == (ExitCode.TEMPLATE, "ada", 2)
    code, _, err = run("identify", "--capture", PHOTO, *model(bundle, store))
    assert (code, err.count("\n")) == (ExitCode.REFUSED, 2)
    assert run("remove", "ada", "--yes", "--store", store.folder)[:2] == (ExitCode.OK, "ada is removed\n")


def test_removal_without_a_terminal_needs_yes(tmp_path: Path, run: Run) -> None:
    store = Store(tmp_path / "templates")
    store.save(make_template("ada"))
    code, _, err = run("remove", "ada", "--store", store.folder)
    assert (code, "--yes" in err) == (ExitCode.USAGE, True)
    assert store.users() == ["ada"]
    assert run("remove", "ada", "--yes", "--store", store.folder)[:2] == (ExitCode.OK, "ada is removed\n")
    assert store.users() == []
    assert run("remove", "ada", "--yes", "--store", store.folder)[0] == ExitCode.TEMPLATE


@pytest.mark.parametrize(
    ("answer", "agreed"), [("y", True), (" Yes ", True), ("", False), ("n", False), ("yesterday", False)]
)
def test_removal_asks(answer: str, agreed: bool) -> None:
    assert remove.agrees(lambda question: answer, "ada") is agreed


def test_no_answer_is_a_no() -> None:
    def hang_up(question: str) -> str:
        raise EOFError

    assert not remove.agrees(hang_up, "ada")
