"""The templates that a running program compares with, always those that the store holds now."""

from collections.abc import Callable, Sequence

from facelatch.errors import StoreError, TemplateError, UnknownUserError
from facelatch.matching import Template, expect_encoder
from facelatch.store import Store

Signature = tuple[tuple[str, int, int, int], ...]


def read_gallery(store: Store, encoder_sha256: str, warn: Callable[[str], object]) -> tuple[Template, ...]:
    """Every template that can be used with the encoder; `warn` is told of each that cannot.

    One damaged template must not lock everybody else out; its own user matches nothing until enrolled again.
    Raises `StoreError` where the folder or its key cannot be used at all.
    """
    templates = []
    for user in store.users():
        try:
            templates.append(expect_encoder(store.load(user), encoder_sha256))
        except UnknownUserError as error:
            # Fine if it was removed since the folder was listed; a link that leads nowhere is not.
            if store.holds(user):
                warn(str(error))
        except TemplateError as error:
            warn(str(error))
    return tuple(templates)


class Gallery:
    """The store's templates, read again when its files change; calling it gives the current ones.

    A store that can no longer be read holds nobody: the door stays shut and `warn` is told, once for each
    reason as long as it lasts.
    """

    def __init__(self, store: Store, encoder_sha256: str, warn: Callable[[str], object]) -> None:
        self._store = store
        self._encoder_sha256 = encoder_sha256
        self._warn = warn
        self._signature = _sign(store)
        self._told: frozenset[str] = frozenset()
        self._templates = self._read()

    def __call__(self) -> tuple[Template, ...]:
        """The templates as they are now."""
        signature = _sign(self._store)
        if signature is None or signature != self._signature:
            self._signature, self._templates = signature, self._read_or_none()
        return self._templates

    def _read_or_none(self) -> tuple[Template, ...]:
        try:
            return self._read()
        except (StoreError, TemplateError) as error:
            self._tell([str(error)])
            return ()

    def _read(self) -> tuple[Template, ...]:
        reasons: list[str] = []
        templates = read_gallery(self._store, self._encoder_sha256, reasons.append)
        self._tell(reasons)
        return templates

    def _tell(self, reasons: Sequence[str]) -> None:
        """Warn of what was not the case at the last reading."""
        for reason in reasons:
            if reason not in self._told:
                self._warn(reason)
        self._told = frozenset(reasons)


def _sign(store: Store) -> Signature | None:
    """Names, inodes, times and sizes of all that templates depend on; None where they cannot be listed."""
    try:
        paths = [*sorted(store.folder.iterdir()), store.key_path] if store.folder.exists() else []
        found = [(path.name, path.stat()) for path in paths if path.exists()]
        return tuple((name, one.st_ino, one.st_mtime_ns, one.st_size) for name, one in found)
    except OSError:
        return None
