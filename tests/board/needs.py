"""What the board tests need of this machine; a refusal names what is missing and what brings it."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

SCRIPT = "tests/board/install-debian-packages.sh"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PROGRAMS = (
    "apt-get",
    "cpio",
    "dpkg-deb",
    "mke2fs",
    "modprobe",
    "depmod",
    "qemu-aarch64",
    "qemu-system-aarch64",
    "qemu-system-x86_64",
    "qemu-x86_64",
    "systemctl",
    "systemd-sysusers",
    "xz",
)


class NeedError(Exception):
    """The board tests cannot run here; one sentence says what to do."""


class CheckError(Exception):
    """A board did not do what it has to; one sentence says what was found and what was expected."""


def check(programs: Iterable[str] = PROGRAMS, keyring: Path = KEYRING) -> None:
    """Raise `NeedError` where a program is missing; names all that are."""
    missing = [name for name in programs if find(name) is None]
    if not keyring.exists():
        missing.append(str(keyring))
    if missing:
        raise NeedError(f"the board tests need {', '.join(missing)}: run {SCRIPT} as root")


def find(name: str) -> str | None:
    """The path of a program; the system's own folders are searched for users without them in PATH too."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def program(name: str) -> str:
    """The path of a program that `check` found."""
    path = find(name)
    if path is None:
        raise NeedError(f"the board tests need {name}: run {SCRIPT} as root")
    return path


def cache_folder() -> Path:
    """Where packages and images are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "facelatch" / "board"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
