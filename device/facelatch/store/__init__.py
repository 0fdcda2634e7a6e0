"""Private, encrypted templates on disk, one file per user.

The key lies beside the folder, not in it: a copy of the folder alone tells nothing. It does not protect
against who can read both.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facelatch.errors import StoreError, TemplateError, UnknownUserError
from facelatch.fields import printable
from facelatch.files import NEW_SUFFIX, remove_file, replace_file, sync_folder
from facelatch.matching import Template, check_user_name
from facelatch.store.sealed import KEY_BYTES, generate_key, seal, unseal

SUFFIX = ".template"

_LARGEST_BYTES = 4 << 20


class Store:
    """The templates in a folder, which is made when the first one is saved.

    `key` is the key's file; by default the folder's name with `.key`, beside it. Raises `StoreError` where
    the folder or the key cannot be used safely and `TemplateError` where one template cannot.
    """

    def __init__(self, folder: Path, key: Path | None = None) -> None:
        self.folder = folder
        self.key_path = key or folder.with_name(f"{folder.name}.key")

    def users(self) -> list[str]:
        """Whom the folder has a file for, sorted; `load` says what is wrong with one that cannot be used."""
        if not self._is_there():
            return []
        try:
            names = [path.name for path in self.folder.iterdir()]
        except OSError as problem:
            raise self._unreadable(problem) from problem
        return sorted(name.removesuffix(SUFFIX) for name in names if _is_template(name))

    def holds(self, user: str) -> bool:
        """Whether there is a file for the user, usable or not."""
        try:
            return self._is_there() and os.path.lexists(self._path(user))
        except OSError as problem:
            raise self._unreadable(problem) from problem

    def load(self, user: str) -> Template:
        """The user's template, checked; raises `UnknownUserError` where there is none."""
        try:
            path = self._path(user)
        except TemplateError as problem:
            if user not in self.users():
                raise
            name = printable(f"{user}{SUFFIX}")
            raise TemplateError(
                f"{self.folder}/{name}: is not a template of this store, {problem}; move it away"
            ) from problem
        data = self._read(path, user)
        if data is None:
            raise UnknownUserError(f"{user} is not enrolled in {self.folder}; enrol {user} first")
        return unseal(data, self._key(), user, str(path))

    def all(self) -> list[Template]:
        """Every user's template; one that cannot be used raises, none is left out in silence."""
        templates = []
        for user in self.users():
            try:
                templates.append(self.load(user))
            except UnknownUserError:
                # Fine if it was removed since it was listed; a file that is there but cannot be found is not.
                if user in self.users():
                    raise
        return templates

    def check_ready(self) -> None:
        """Raise what would stop `save` at its end: a folder or key that cannot be used; nothing is changed."""
        try:
            if not self._is_new():
                self._key()
        except OSError as problem:
            raise self._unreadable(problem) from problem

    def refuse_taken(self, user: str) -> None:
        """Raise `TemplateError` where the user has a template."""
        if self.holds(user):
            raise TemplateError(
                f"{user} is enrolled already and keeps that template; add --replace to enrol {user} anew"
            )

    def save(self, template: Template, *, replace: bool = True) -> None:
        """Put the template in place of the user's old one, which a failure or a kill at any point keeps.

        Without `replace` a user who has one by now is a `TemplateError`.
        """
        path = self._path(template.user)
        try:
            with self._alone():
                if not replace:
                    self.refuse_taken(template.user)
                key = self._key_or_new()
                replace_file(path, seal(template, key), self._owner())
        except OSError as problem:
            raise StoreError(
                f"{path}: cannot be written ({problem.strerror}); the template that was there before "
                "is kept; check the disk and the folder's permissions"
            ) from problem

    def remove(self, user: str) -> None:
        """Delete the user's template for good; raises `UnknownUserError` where there is none."""
        path = self._path(user)
        if not self._is_there():
            raise UnknownUserError(f"{user} is not enrolled in {self.folder}; nothing was removed")
        try:
            with self._alone():
                remove_file(path)
        except FileNotFoundError as problem:
            raise UnknownUserError(
                f"{user} is not enrolled in {self.folder}; nothing was removed"
            ) from problem
        except OSError as problem:
            raise StoreError(
                f"{path}: cannot be removed ({problem.strerror}); check the folder's permissions"
            ) from problem

    def _read(self, path: Path, user: str) -> bytes | None:
        """The file's content, or None where there is none; a file that cannot be read is the user's trouble."""
        try:
            return _read_limited(path) if self._is_there() else None
        except FileNotFoundError:
            return None
        except OSError as problem:
            if isinstance(problem, PermissionError) and not os.access(self.folder, os.X_OK):
                raise self._unreadable(problem) from problem
            raise TemplateError(
                f"{path}: cannot be read ({problem.strerror}); run as the templates' owner, "
                f"or remove the file and enrol {user} again"
            ) from problem

    def _path(self, user: str) -> Path:
        return self.folder / f"{check_user_name(user)}{SUFFIX}"

    def _is_there(self) -> bool:
        """Whether the folder exists; refuses one that others may look into."""
        try:
            mode = self.folder.stat().st_mode
        except FileNotFoundError:
            return False
        except OSError as problem:
            raise self._unreadable(problem) from problem
        if not stat.S_ISDIR(mode):
            raise StoreError(f"{self.folder}: is not a folder; set store.folder to one")
        _refuse_shared(self.folder, mode, "700")
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder's lock, with leftovers of killed writers cleared away."""
        if not self._is_there():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._give_away(self.folder)
            sync_folder(self.folder.parent)
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            for leftover in self.folder.glob(f".*{SUFFIX}{NEW_SUFFIX}"):
                leftover.unlink()
            yield
        finally:
            os.close(descriptor)

    def _key(self) -> bytes:
        try:
            mode = self.key_path.stat().st_mode
            key = self.key_path.read_bytes()
        except FileNotFoundError as problem:
            raise StoreError(
                f"{self.key_path}: the key of {self.folder} is missing; put it back, "
                "or remove every user and enrol again"
            ) from problem
        except OSError as problem:
            raise StoreError(
                f"{self.key_path}: cannot be read ({problem.strerror}); run as the templates' owner"
            ) from problem
        _refuse_shared(self.key_path, mode, "600")
        if len(key) != KEY_BYTES:
            raise StoreError(
                f"{self.key_path}: a key has {KEY_BYTES} bytes, found {len(key)}; put the right one back, "
                "or remove it and every user and enrol again"
            )
        return key

    def _key_or_new(self) -> bytes:
        """The key; a new one only where no template depends on an old one."""
        if self._is_new():
            replace_file(self.key_path, generate_key(), self._owner())
        return self._key()

    def _is_new(self) -> bool:
        """Whether there is neither a key nor a template that depends on one."""
        return not self.key_path.exists() and not self.users()

    def _owner(self) -> tuple[int, int] | None:
        """Whose the files must be when root writes them: the folder's, or the daemon cannot read them."""
        if os.geteuid() != 0:
            return None
        found = self.folder.stat()
        return found.st_uid, found.st_gid

    def _give_away(self, folder: Path) -> None:
        if os.geteuid() == 0:
            above = folder.parent.stat()
            os.chown(folder, above.st_uid, above.st_gid)

    def _unreadable(self, problem: OSError) -> StoreError:
        return StoreError(
            f"{problem.filename or self.folder}: cannot be read ({problem.strerror}); "
            "run as the templates' owner"
        )


def _is_template(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")


def _read_limited(path: Path) -> bytes:
    # Without O_NONBLOCK whoever opens a FIFO waits for a writer, for ever.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        return file.read(_LARGEST_BYTES) or b""


def _refuse_shared(path: Path, mode: int, wanted: str) -> None:
    if stat.S_IMODE(mode) & 0o077:
        raise StoreError(
            f"{path}: others may use it (mode {stat.S_IMODE(mode):o}); "
            f"make it private with `chmod {wanted} {path}`"
        )
