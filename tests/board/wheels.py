"""Python packages for a board's architecture, and facelatch itself, put into a folder as pip would on the board."""

import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from tests.board.needs import NeedError

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "3.13"
"""Of the boards' Debian release."""
MACHINES = {"arm64": "aarch64", "amd64": "x86_64"}
# pip takes a wheel for exactly the platforms that it is given, not for older ones that fit as well.
_PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_27", "manylinux_2_28", "manylinux_2_34")


def requirements(architecture: str) -> list[str]:
    """What pyproject.toml asks for on such a board, the extra gpio included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    board = {"python_version": PYTHON, "platform_machine": MACHINES[architecture], "sys_platform": "linux"}
    wanted = []
    for text in [*project["dependencies"], *project["optional-dependencies"]["gpio"]]:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(board):
            requirement.marker = None
            wanted.append(str(requirement))
    return wanted


def install(names: list[str], architecture: str, target: Path, tools: Path) -> None:
    """Unpack wheels for the board into `target`; `tools` is a folder for a pip of our own."""
    machine = MACHINES[architecture]
    platforms = [word for name in _PLATFORMS for word in ("--platform", f"{name}_{machine}")]
    _pip(
        tools,
        "install",
        *("--quiet", "--no-compile", "--only-binary=:all:", "--implementation", "cp"),
        *("--python-version", PYTHON, *platforms, "--target", str(target), *names),
    )


def install_facelatch(architecture: str, target: Path, tools: Path, folder: Path) -> None:
    """Build this checkout's wheel in `folder` and unpack it, without what it depends on."""
    _pip(tools, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("facelatch-*.whl")
    machine = MACHINES[architecture]
    _pip(
        tools,
        "install",
        *("--quiet", "--no-compile", "--no-deps", "--only-binary=:all:", "--upgrade"),
        *("--python-version", PYTHON, "--platform", f"manylinux_2_28_{machine}"),
        *("--target", str(target), str(wheel)),
    )


def _pip(tools: Path, *words: str) -> None:
    """Run pip from an environment of its own: the checkout's may have been made without one."""
    python = tools / "bin" / "python"
    try:
        if not python.exists():
            _run(sys.executable, "-m", "venv", str(tools))
        _run(str(python), "-m", "pip", "--disable-pip-version-check", *words)
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split())[-400:]
        raise NeedError(f"pip {words[0]} failed for the boards: {said}; try again later") from error


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True)
