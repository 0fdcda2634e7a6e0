import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from facelatch import cli, resources
from facelatch.captures import CaptureWriter
from facelatch.exit_codes import ExitCode
from facelatch.store import Store
from tests.bundles import make_bundle, write_bundle
from tests.factories import make_frame, make_template
from tests.processes import run_python

ROOT = Path(__file__).parents[2]
VISIT = resources.demo_folder() / "owner" / "poses"


def run(*words: object) -> int:
    return cli.main([str(word) for word in words])


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(name, "--help")
    assert ended.value.code == 0
    out = capsys.readouterr().out
    module = importlib.import_module(f"facelatch.commands.{name.replace('-', '_')}")
    assert module.DESCRIPTION.strip() in out
    assert f"usage: facelatch {name} " in out


def test_the_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--help")
    out = capsys.readouterr().out
    assert all(line in out for line in cli.COMMANDS.values())
    told = re.findall(r"(?:^| )(\d+)  ?\w", out[out.index("exit codes:") :], re.MULTILINE)
    assert sorted(map(int, told)) == sorted(ExitCode)


def test_the_console_script_is_this_module() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"]["facelatch"] == "facelatch.cli:main"


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["verify"], ["enrol", "ada", "--capture", "a", "--recording", "b"]]
)
def test_a_wrong_command_line_is_2_and_on_standard_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = run(*words)
    except SystemExit as ended:
        code = int(str(ended.code))
    printed = capsys.readouterr()
    assert (code, printed.out, "usage:" in printed.err) == (ExitCode.USAGE, "", True)


def damage(path: Path, bundle: Path) -> dict[str, tuple[tuple[object, ...], ExitCode]]:
    """Command lines that meet a broken file of each kind."""
    store = Store(path / "templates")
    store.save(make_template("ada", encoder_sha256=make_bundle().card.encoder_sha256))
    (store.folder / "eve.template").write_bytes((store.folder / "ada.template").read_bytes()[:40])
    (path / "bad.toml").write_text("[model]\nbundel = 'x'\n")
    torn = write_bundle(path / "torn", make_bundle())
    (torn / "encoder.tflite").write_bytes(make_bundle().encoder[:500])
    with CaptureWriter(path / "cut", driver="scripted", serial="7") as writer:
        writer.write(make_frame(size=(64, 48)))
    depth = path / "cut" / "0000.depth.png"
    depth.write_bytes(depth.read_bytes()[:30])
    (path / "junk.db3").write_bytes(b"SQLite format 3\0 but no more")
    (path / "a-file").write_text("x")
    model, kept = ("--bundle", bundle), ("--store", store.folder)
    visit = ("identify", "--capture", VISIT)
    return {
        "config": ((*visit, *model, *kept, "--config", path / "bad.toml"), ExitCode.CONFIG),
        "no-config": ((*visit, *model, *kept, "--config", path / "none.toml"), ExitCode.CONFIG),
        "model": ((*visit, *kept, "--bundle", torn), ExitCode.MODEL),
        "no-model": ((*visit, *kept, "--bundle", path / "none"), ExitCode.MODEL),
        "template": (("verify", "eve", "--capture", VISIT, *model, *kept), ExitCode.TEMPLATE),
        "unknown-user": (("verify", "bob", "--capture", VISIT, *model, *kept), ExitCode.TEMPLATE),
        "user-name": (("enrol", "../eve", "--capture", VISIT, *model, *kept), ExitCode.TEMPLATE),
        "capture": (("identify", "--capture", path / "cut", *model, *kept), ExitCode.CAPTURE),
        "no-capture": (("identify", "--capture", path / "none", *model, *kept), ExitCode.CAPTURE),
        "recording": (("identify", "--recording", path / "junk.db3", *model, *kept), ExitCode.CAPTURE),
        "no-recording": (("identify", "--recording", path / "none.db3", *model, *kept), ExitCode.CAPTURE),
        "store": ((*visit, *model, "--store", path / "a-file"), ExitCode.STORE),
    }


KINDS = ("config", "no-config", "model", "no-model", "template", "unknown-user", "user-name", "capture",
         "no-capture", "recording", "no-recording", "store")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_is_one_sentence_and_changes_nothing(
    kind: str, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, code = damage(tmp_path, bundle)[kind]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    capsys.readouterr()
    ended = run(*words)
    printed = capsys.readouterr()
    errors = [line for line in printed.err.splitlines() if "eve.template" not in line or kind == "template"]
    assert (ended, printed.out, len(errors)) == (code, "", 1), printed.err
    assert errors[0].startswith("facelatch: ")
    assert "Traceback" not in printed.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_ctrl_c_is_130_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(words: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run", interrupt)
    assert run("users") == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "\nfacelatch: stopped\n"


def shell(command: str, *words: object, unbuffered: bool = False) -> "subprocess.CompletedProcess[str]":
    """Run a line of bash; `$facelatch` is the program and `$@` are the words."""
    return subprocess.run(
        [
            "bash",
            "-c",
            f"set -o pipefail; {command}",
            "-",
            *map(str, words),
        ],
        env={
            "PYTHONPATH": str(ROOT / "device"),
            "PATH": "/usr/bin:/bin",
            "OMP_NUM_THREADS": "1",
            "facelatch": f"{sys.executable} -m facelatch.cli",
            "PYTHONUNBUFFERED": "1" if unbuffered else "",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def stranger(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """Options with which nobody is let in: a photograph, and a store that holds somebody."""
    store = Store(tmp_path_factory.mktemp("store") / "templates")
    store.save(make_template("ada", encoder_sha256=make_bundle().card.encoder_sha256))
    photo = VISIT.parent / "photo-flat"
    return ("--config", "/dev/null", "--bundle", bundle, "--store", store.folder, "--capture", photo)


@pytest.mark.parametrize("command", ["verify ada", "identify", "verify ada --json"])
@pytest.mark.parametrize("redirection", ["| true", ">&-", ">/dev/full", "2>&-", "2>/dev/full", ">&- 2>&-"])
def test_a_refusal_stays_one_whoever_listens(
    command: str, redirection: str, stranger: tuple[object, ...]
) -> None:
    done = shell(f'$facelatch {command} "$@" {redirection}', *stranger)
    assert done.returncode == ExitCode.REFUSED
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_what_is_cut_off_half_way_is_no_success(stranger: tuple[object, ...]) -> None:
    done = shell('$facelatch identify "$@" | true', *stranger, unbuffered=True)
    assert (done.returncode, done.stderr) == (ExitCode.OUTPUT, "")


def test_who_reads_our_output_may_leave(tmp_path: Path) -> None:
    for words in ("users --json", "--help"):
        done = shell(
            f'$facelatch {words} "$@" | true', *(["--store", tmp_path / "none"] if "users" in words else [])
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        pytest.param(
            "users >/dev/full", ExitCode.OUTPUT, "the output could not be written (No space", id="full"
        ),
        pytest.param("users >/dev/full 2>/dev/full", ExitCode.OUTPUT, "", id="both-full"),
        pytest.param("users >&-", ExitCode.OK, "", id="no-output"),
        pytest.param("users <&- >&- 2>&-", ExitCode.OK, "", id="no-streams"),
        pytest.param("remove ada <&-", ExitCode.USAGE, "there is no terminal; add --yes", id="no-input"),
        pytest.param("remove eve --yes 2>&-", ExitCode.TEMPLATE, "", id="an-error-nobody-hears"),
        pytest.param("remove eve --yes 2>/dev/full", ExitCode.TEMPLATE, "", id="an-error-on-a-full-disk"),
    ],
)
@pytest.mark.parametrize("unbuffered", [False, True])
def test_streams_that_are_closed_or_full(
    *, line: str, code: ExitCode, said: str, unbuffered: bool, tmp_path: Path
) -> None:
    store = Store(tmp_path / "templates")
    store.save(make_template("ada"))
    command, _, redirections = line.partition(" ")
    line = f'$facelatch {command} --config /dev/null --store "$1" {redirections}'
    done = shell(line, store.folder, unbuffered=unbuffered)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == bool(said)
    assert store.users() == ["ada"]


def test_help_and_verify_import_nothing_that_they_do_not_need() -> None:
    """A second counts from the process's start to the answer."""
    script = (
        "import sys; from facelatch import cli\n"
        "try: cli.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(); print(*sys.modules)"
    )
    for_help = run_python(script, "--help").splitlines()[-1].split()
    assert not {"cv2", "cryptography", "facelatch.commands.verify"} & set(for_help)
    for_verify = run_python(script, "verify", "--help").splitlines()[-1].split()
    assert "cv2" in for_verify
    heavy = {"pyrealsense2", "gpiod", "matplotlib", "scipy", "tensorflow", "ai_edge_litert.interpreter"}
    assert not heavy & set(for_verify)
