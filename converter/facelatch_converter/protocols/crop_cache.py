"""Rendered crops kept in a folder, so that the next network need not wait for the renderer.

An entry's name is a digest of everything that a rendering depends on, the rendering code included.
"""

import ast
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import CropSpec, oval
from facelatch_converter.errors import OutputError

Tensors = npt.NDArray[np.float16]

_RENDERER = "facelatch_converter.protocols.take_crops"
_OWN = ("facelatch.", "facelatch_converter.")


def cached(folder: Path | None, what: str, spec: CropSpec, render: Callable[[], Tensors]) -> Tensors:
    """The tensors (n, size, size, 4) that `render` makes, from `folder` where they are kept already."""
    if folder is None:
        return render()
    name = hashlib.sha256(f"{_code_digest()} {spec} {what}".encode()).hexdigest()
    path = folder / name[:2] / f"{name[2:]}.npy"
    if path.is_file():
        return _expand(np.load(path, allow_pickle=False), spec)
    tensors = render()
    _keep(tensors[:, oval(spec.size_px)], path)
    return tensors


def _expand(kept: Tensors, spec: CropSpec) -> Tensors:
    """Outside of the oval all tensors are alike, no image and no depth, so only the inside is kept."""
    tensors = np.zeros((len(kept), spec.size_px, spec.size_px, 4), np.float16)
    tensors[..., 3] = -1
    tensors[:, oval(spec.size_px)] = kept
    return tensors


def _keep(inside: Tensors, path: Path) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.save(file, inside)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another --cache") from error


@lru_cache(maxsize=1)
def _code_digest() -> str:
    """Of every module that rendering runs through: another release's crops are not taken for this one's."""
    digest = hashlib.sha256()
    for module in sorted(imported_by(_RENDERER)):
        digest.update(_source(module).read_bytes())
    return digest.hexdigest()


def imported_by(root: str) -> set[str]:
    """The module and all of this project's modules that it imports, and that those import, by name."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        for node in ast.walk(ast.parse(_source(module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(_OWN):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                waiting += [name for name in (node.module, *names) if _is_module(name)]
    return found


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # A name of a module, not of a package.
        return False


def _source(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{module} has no source")
    return Path(spec.origin)
