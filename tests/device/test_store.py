import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from facelatch.errors import StoreError, TemplateError, UnknownUserError
from facelatch.files import new_path
from facelatch.matching import identify
from facelatch.store import Store
from tests.factories import make_embedding, make_template
from tests.processes import run_python, start_python

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "templates")


def test_templates_come_back(store: Store) -> None:
    for user, seed in (("grace", 2), ("ada", 1)):
        store.save(make_template(user, seed=seed))
    assert store.users() == ["ada", "grace"]
    assert [template.user for template in store.all()] == ["ada", "grace"]
    assert np.array_equal(store.load("grace").embeddings, make_template("grace", seed=2).embeddings)


@pytest.mark.parametrize("count", [1, 8, 12])
def test_a_template_of_any_number_of_poses_matches(store: Store, count: int) -> None:
    store.save(make_template("ada", count=count))
    store.save(make_template("grace", seed=2))
    assert len(store.load("ada").poses) == count
    match = identify(make_embedding(1), store.all())
    assert match.user == "ada"
    assert match.distance is not None
    assert match.distance < 0.2


def test_everything_is_private(store: Store) -> None:
    store.save(make_template())
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in store.folder.iterdir()] == [0o600]
    assert store.key_path.stat().st_mode & 0o777 == 0o600
    assert store.key_path.parent == store.folder.parent


def test_an_empty_store_makes_nothing(store: Store) -> None:
    assert store.users() == []
    assert store.all() == []
    with pytest.raises(UnknownUserError, match=r"ada is not enrolled in .*; enrol ada first"):
        store.load("ada")
    with pytest.raises(UnknownUserError, match="nothing was removed"):
        store.remove("ada")
    assert not store.folder.exists()
    assert not store.key_path.exists()


def test_enrolling_again_replaces(store: Store) -> None:
    store.save(make_template(seed=1))
    store.save(make_template(seed=2, count=5))
    assert store.users() == ["ada"]
    assert np.array_equal(store.load("ada").embeddings, make_template(seed=2, count=5).embeddings)


def test_remove_deletes_one_user(store: Store) -> None:
    store.save(make_template("ada"))
    store.save(make_template("grace"))
    store.remove("ada")
    assert store.users() == ["grace"]
    assert not list(store.folder.glob("*ada*"))
    with pytest.raises(UnknownUserError):
        store.remove("ada")


def test_remove_needs_no_key(store: Store) -> None:
    store.save(make_template())
    store.key_path.unlink()
    store.remove("ada")
    assert store.users() == []


@pytest.mark.parametrize("user", ["../ada", "Ada", ""])
def test_a_user_name_cannot_leave_the_folder(store: Store, user: str) -> None:
    for action in (store.load, store.remove):
        with pytest.raises(TemplateError, match="cannot be a user name"):
            action(user)


def test_one_bad_template_is_not_left_out(store: Store) -> None:
    store.save(make_template("ada"))
    store.save(make_template("grace"))
    path = store.folder / "ada.template"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        TemplateError, match=r"templates/ada\.template: is damaged.*remove ada and enrol again"
    ):
        store.all()
    assert store.load("grace").user == "grace"


def test_a_template_under_another_name_is_refused(store: Store) -> None:
    store.save(make_template("ada"))
    (store.folder / "ada.template").rename(store.folder / "eve.template")
    with pytest.raises(TemplateError, match=r"eve\.template: is damaged, or belongs to another user"):
        store.all()


def test_a_template_that_leads_nowhere_is_not_left_out(store: Store) -> None:
    store.save(make_template("ada"))
    (store.folder / "grace.template").symlink_to("nowhere")
    with pytest.raises(UnknownUserError, match="grace is not enrolled"):
        store.all()


@pytest.mark.parametrize("name", ["Ada Lovelace", "\x1b[31m", "é"])
def test_a_foreign_name_is_not_left_out_and_stops_nobody(store: Store, name: str) -> None:
    store.save(make_template("ada"))
    (store.folder / f"{name}.template").touch()
    for action in (store.all, lambda: store.load(name)):
        with pytest.raises(
            TemplateError, match=r"\.template: is not a template of this store.*move it away"
        ) as told:
            action()
        assert str(told.value).isprintable()
    assert store.load("ada").user == "ada"
    store.save(make_template("grace"))
    store.remove("ada")
    assert store.users() == sorted([name, "grace"])


def make_folder(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_folder, make_fifo])
def test_what_is_no_file_is_that_users_trouble_alone(store: Store, make: Callable[[Path], None]) -> None:
    store.save(make_template("ada"))
    make(store.folder / "bob.template")
    for action in (store.all, lambda: store.load("bob")):
        with pytest.raises(TemplateError, match=r"bob\.template: .*enrol"):
            action()
    assert store.load("ada").user == "ada"


def test_whom_the_store_holds(store: Store) -> None:
    assert not store.holds("ada")
    store.save(make_template("ada"))
    (store.folder / "bob.template").symlink_to("nowhere")
    assert [store.holds(user) for user in ("ada", "bob", "eve")] == [True, True, False]


def test_nobody_is_replaced_unasked(store: Store) -> None:
    store.save(make_template("ada"), replace=False)
    with pytest.raises(TemplateError, match=r"ada is enrolled already.*--replace"):
        store.save(make_template("ada", count=5), replace=False)
    assert len(store.load("ada").embeddings) == 3
    store.save(make_template("ada", count=5))
    assert len(store.load("ada").embeddings) == 5


def test_readiness_is_told_beforehand_and_changes_nothing(store: Store) -> None:
    store.check_ready()
    assert not store.folder.parent.joinpath("templates").exists()
    store.save(make_template("ada"))
    store.check_ready()
    store.key_path.unlink()
    with pytest.raises(StoreError, match=r"the key of .* is missing"):
        store.check_ready()
    assert not store.key_path.exists()


def test_other_files_are_no_templates(store: Store) -> None:
    store.save(make_template("ada"))
    (store.folder / "README").touch()
    new_path(store.folder / "grace.template").touch()
    assert store.users() == ["ada"]


@pytest.mark.parametrize(
    ("mode", "name", "hint"),
    [
        (0o750, "templates", "chmod 700"),
        (0o604, "templates.key", "chmod 600"),
        (0o777, "templates", "chmod 700"),
    ],
)
def test_what_others_may_use_is_refused(store: Store, mode: int, name: str, hint: str) -> None:
    store.save(make_template())
    (store.folder.parent / name).chmod(mode)
    for action in (store.all, lambda: store.save(make_template(seed=2))):
        with pytest.raises(StoreError, match=rf"{name}: others may use it \(mode {mode:o}\); .*{hint}"):
            action()


def test_a_lost_key_is_not_replaced(store: Store) -> None:
    store.save(make_template())
    store.key_path.unlink()
    for action in (store.all, lambda: store.save(make_template("grace"))):
        with pytest.raises(StoreError, match=r"the key of .* is missing; put it back, or remove every user"):
            action()
    assert not store.key_path.exists()
    assert store.users() == ["ada"]


def test_a_cut_key_is_named(store: Store) -> None:
    store.save(make_template())
    store.key_path.write_bytes(store.key_path.read_bytes()[:16])
    with pytest.raises(StoreError, match=r"templates\.key: a key has 32 bytes, found 16"):
        store.load("ada")


def test_the_key_may_lie_elsewhere(tmp_path: Path) -> None:
    store = Store(tmp_path / "templates", tmp_path / "key")
    store.save(make_template())
    assert (tmp_path / "key").exists()
    with pytest.raises(StoreError, match="is missing"):
        Store(tmp_path / "templates").load("ada")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "templates").touch(mode=0o600)
    with pytest.raises(StoreError, match="is not a folder"):
        Store(tmp_path / "templates").all()


def test_leftovers_of_killed_writers_go_with_the_next_write(store: Store) -> None:
    store.save(make_template("ada"))
    leftover = new_path(store.folder / "grace.template")
    leftover.write_bytes(b"half a face")
    store.remove("ada")
    assert list(store.folder.iterdir()) == []


@as_root
def test_root_writes_for_the_folders_owner(store: Store) -> None:
    store.folder.mkdir(mode=0o700)
    os.chown(store.folder, 1234, 5678)
    store.save(make_template())
    for path in (store.folder / "ada.template", store.key_path):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)


SAVE = """
import fcntl, os, sys
from pathlib import Path
from facelatch.store import Store
from tests.factories import make_template

folder, stop_at = Path(sys.argv[1]), sys.argv[2]


def say(word):
    # Python's audit events come right before the call that they name.
    if word.split()[0] == stop_at:
        print(word, flush=True)
        sys.stdin.readline()


def hear(event, arguments):
    if event == "fcntl.flock":
        descriptor, operation = arguments
        is_ours = os.fstat(descriptor).st_ino == folder.stat().st_ino
        say(f"lock {is_ours and operation == fcntl.LOCK_EX}")
    if event == "open" and str(arguments[0]).endswith(".template.new"):
        say("write")


sys.addaudithook(hear)
Store(folder).save(make_template("ada", seed=2, count=5))
print("saved", flush=True)
"""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder's lock, or `BlockingIOError` where a writer holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def test_a_writer_waits_for_another(store: Store) -> None:
    """It asks for the folder's lock, for itself alone and without an end, before it touches anything."""
    store.save(make_template("ada", seed=1))
    half_written = new_path(store.folder / "grace.template")
    with start_python(SAVE, str(store.folder), "lock") as writer:
        with locked(store.folder):
            assert writer.hear() == "lock True"
            half_written.write_bytes(b"half a face")
            writer.say("go on")
            assert half_written.exists()
            assert len(store.load("ada").embeddings) == 3
            half_written.rename(store.folder / "taken")
        assert writer.hear() == "saved"
    assert (store.folder / "taken").exists()
    assert len(store.load("ada").embeddings) == 5


def test_a_writer_lets_nobody_else_write(store: Store) -> None:
    store.save(make_template("ada", seed=1))
    with start_python(SAVE, str(store.folder), "write") as writer:
        assert writer.hear() == "write"
        with pytest.raises(BlockingIOError), locked(store.folder):
            pass
        writer.say("go on")
        assert writer.hear() == "saved"
    with locked(store.folder):
        assert len(store.load("ada").embeddings) == 5


FULL_DISK = """
import resource, sys
from pathlib import Path
from facelatch.errors import StoreError
from facelatch.store import Store
from tests.factories import make_template
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    Store(Path(sys.argv[1])).save(make_template(seed=2, count=8))
except StoreError as error:
    print(error)
"""


def test_a_full_disk_keeps_the_old_template(store: Store) -> None:
    store.save(make_template(seed=1))
    said = run_python(FULL_DISK, str(store.folder))
    assert (
        "ada.template: cannot be written (File too large); the template that was there before is kept" in said
    )
    assert np.array_equal(store.load("ada").embeddings, make_template(seed=1).embeddings)
    assert [path.name for path in store.folder.iterdir()] == ["ada.template"]


KILLS = """
import os, shutil, signal, sys
from pathlib import Path
from facelatch.errors import UnknownUserError
from facelatch.store import Store
from tests.factories import make_template

root, action = Path(sys.argv[1]), sys.argv[2]
old, new = make_template(seed=1), make_template(seed=2, count=5)


def act(store):
    store.remove("ada") if action == "remove" else store.save(new)


def killed_before_line(store, number):
    # Only these two files touch the disk; a kill between other lines finds it as one of theirs does.
    left = [number]

    def trace(frame, event, argument):
        if not frame.f_code.co_filename.endswith(("facelatch/store/__init__.py", "facelatch/files.py")):
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    child = os.fork()
    if child == 0:
        sys.settrace(trace)
        act(store)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


before = Store(root / "before" / "templates")
before.folder.parent.mkdir()
if action != "first":
    before.save(old)
    before.save(make_template("grace", seed=3))
number, seen = 0, set()
while True:
    number += 1
    store = Store(root / str(number) / "templates")
    shutil.copytree(before.folder.parent, store.folder.parent)
    killed = killed_before_line(store, number)
    try:
        state = {3: "old", 5: "new"}[len(store.load("ada").embeddings)]
    except UnknownUserError:
        state = "none"
    others = [template.user for template in store.all() if template.user != "ada"]
    assert others == ([] if action == "first" else ["grace"]), (number, others)
    seen.add(state)
    # Whatever was left behind, the work can be done again.
    if not killed:
        break
    if (action, state) != ("remove", "none"):
        act(store)
    leftovers = [path.name for path in store.folder.iterdir() if path.name.startswith(".")]
    assert (action, state) == ("remove", "none") or leftovers == [], (number, leftovers)
print(number, sorted(seen), state)
"""


@pytest.mark.parametrize(
    ("action", "states", "finally_"),
    [
        pytest.param("first", ["new", "none"], "new", id="first-enrolment"),
        pytest.param("save", ["new", "old"], "new", id="enrolment-again"),
        pytest.param("remove", ["none", "old"], "none", id="removal"),
    ],
)
def test_a_kill_before_any_line_leaves_the_old_or_the_new(
    tmp_path: Path, action: str, states: list[str], finally_: str
) -> None:
    lines, seen = run_python(KILLS, str(tmp_path), action).split(" ", 1)
    assert int(lines) > 20
    assert seen.strip() == f"{states} {finally_}"
