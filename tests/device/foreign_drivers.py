"""Installed packages that bring camera drivers: the least that Python takes for one."""

from pathlib import Path

import pytest

GROUP = "facelatch.cameras"


def install(
    folder: Path,
    patch: pytest.MonkeyPatch,
    package: str,
    driver: str,
    module: str,
    target: str = "open_camera",
) -> None:
    """Put a package with one driver where Python finds it; `module` is the text of its only module."""
    name = package.replace("-", "_")
    (folder / f"{name}.py").write_text(module)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n{driver} = {name}:{target}\n")
    patch.syspath_prepend(folder)
