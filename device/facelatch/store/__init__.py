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
        """The enrolled users, sorted; a template file with a name that none can have is a `TemplateError`."""
        if not self._is_there():
            return []
        try:
            found = sorted(path for path in self.folder.iterdir() if _is_template(path))
        except OSError as problem:
            raise self._unreadable(problem) from problem
        for path in found:
            try:
                check_user_name(path.name.removesuffix(SUFFIX))
            except TemplateError as problem:
                raise TemplateError(
                    f"{path}: is not a template of this store, {problem}; move it away"
                ) from problem
        return [path.name.removesuffix(SUFFIX) for path in found]

    def load(self, user: str) -> Template:
        """The user's template, checked; raises `UnknownUserError` where there is none."""
        path = self._path(user)
        try:
            data = _read_limited(path) if self._is_there() else None
        except FileNotFoundError:
            data = None
        except OSError as problem:
            raise self._unreadable(problem) from problem
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

    def save(self, template: Template) -> None:
        """Put the template in place of the user's old one, which a failure or a kill at any point keeps."""
        path = self._path(template.user)
        try:
            with self._alone():
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
        if not self.key_path.exists() and not self.users():
            replace_file(self.key_path, generate_key(), self._owner())
        return self._key()

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


def _is_template(path: Path) -> bool:
    return path.name.endswith(SUFFIX) and not path.name.startswith(".")


def _read_limited(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST_BYTES)


def _refuse_shared(path: Path, mode: int, wanted: str) -> None:
    if stat.S_IMODE(mode) & 0o077:
        raise StoreError(
            f"{path}: others may use it (mode {stat.S_IMODE(mode):o}); "
            f"make it private with `chmod {wanted} {path}`"
        )
