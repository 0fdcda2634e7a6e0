"""The root file system that a board boots: Debian, Python and its packages, and facelatch as the README installs it.

What changes seldom is unpacked once and kept; this checkout's own part is added for every run. No package's
scripts run, so nothing has to be emulated but the compiling of Python files.
"""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.board import initrd, wheels
from tests.board.needs import NeedError, program
from tests.board.packages import KERNEL_SUITE, SUITE, Archive
from tests.board.programs import run, run_as_root
from tests.board.wheels import MACHINES, PYTHON

ROOT = Path(__file__).resolve().parents[2]
GUEST = Path(__file__).parent / "guest"
CAPTURES = "/usr/share/facelatch-captures"
"""Where a board has the demonstration's recordings."""
SIZE_MIB = 1024
"""An SD card's size has to be a power of two."""
_LAYOUT = 2
"""To be raised where what is kept of an earlier run no longer fits."""
_PACKAGES = (
    *("base-files", "base-passwd", "busybox-static", "coreutils", "dash", "gpiod"),
    *("kmod", "procps", "python3", "systemd-sysv", "udev"),
)
_OPT = "opt/facelatch"
_SITE = f"{_OPT}/lib/python{PYTHON}/site-packages"
_COMPILE = ("-m", "compileall", "-q")
_NEVER_IMPORTED = "/(ensurepip|idlelib|pydoc_data|tkinter|turtledemo|unittest)/"
_IMPORTED = "ai_edge_litert.interpreter, cryptography.hazmat.primitives.ciphers.aead, cv2, gpiod, numpy"
_PROGRAM = f"""\
#!/{_OPT}/bin/python3
import sys
from facelatch.cli import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Image:
    """Files that a machine starts from."""

    kernel: Path
    initrd: Path
    disk: Path
    device_trees: Path
    release: str
    """The kernel's, as `uname -r` says it."""


def build(architecture: str, cache: Path) -> Image:
    """The image of this checkout; the first time on a machine takes minutes."""
    base = _base(architecture, cache)
    release = (base / "release").read_text().strip()
    folder = cache / "images" / architecture
    shutil.rmtree(folder, ignore_errors=True)
    root = folder / "root"
    folder.mkdir(parents=True)
    # Hard links: nothing below writes into a file that is there already.
    run("cp", "--archive", "--link", str(base / "root"), str(root))
    _add_facelatch(root, architecture, cache / "tools", folder)
    _add_guest(root)
    _python(root, architecture, *_COMPILE, str(root / _SITE / "facelatch"))
    modules = base / "kernel" / "usr" / "lib" / "modules" / release
    disk = folder / "disk.img"
    disk.touch()
    os.truncate(disk, SIZE_MIB * 2**20)
    run_as_root(program("mke2fs"), "-q", "-F", "-t", "ext4", "-d", str(root), str(disk))
    return Image(
        kernel=modules / "vmlinuz",
        initrd=initrd.pack(architecture, base, folder, release),
        disk=disk,
        device_trees=modules / "dtb",
        release=release,
    )


def _base(architecture: str, cache: Path) -> Path:
    """Debian, the kernel and the Python packages, unpacked; made once."""
    names = wheels.requirements(architecture)
    stamp = json.dumps([_LAYOUT, SUITE, KERNEL_SUITE, PYTHON, _PACKAGES, names])
    base = cache / f"base-{architecture}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    if base.is_dir():
        return base
    print(
        f"{architecture}: fetching Debian {SUITE}, a kernel and Python packages; the first time takes minutes"
    )
    unfinished = base.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    root, kernel = unfinished / "root", unfinished / "kernel"
    root.mkdir(parents=True)
    kernel.mkdir()
    archive = Archive(cache / f"packages-{architecture}", architecture)
    archive.update()
    # base-files first: it brings /bin, /lib and /sbin as links into /usr.
    packages = archive.fetch(*_PACKAGES)
    for package in sorted(packages, key=lambda path: not path.name.startswith("base-files_")):
        unpack(package, root)
    release, parts = archive.fetch_kernel()
    for package in parts:
        unpack(package, kernel)
    run(program("depmod"), "-b", str(kernel / "usr"), release)
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / f"etc/{name}")
    wheels.install(names, architecture, root / _SITE, cache / "tools")
    # What Debian's own scripts would have compiled, and what facelatch imports of its packages.
    stdlib = str(root / f"usr/lib/python{PYTHON}")
    _python(root, architecture, *_COMPILE, "-x", _NEVER_IMPORTED, stdlib)
    _python(root, architecture, "-c", f"import {_IMPORTED}")
    (unfinished / "release").write_text(release)
    unfinished.rename(base)
    return base


def unpack(package: Path, root: Path) -> None:
    """The files of a Debian package, without its scripts; links that lead into /usr stay links."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as reader:
        words = ("-x", "-p", "--no-same-owner", "--keep-directory-symlink", "-C", str(root))
        run("tar", *words, stdin=reader.stdout)
    if reader.returncode:
        raise NeedError(f"{package} cannot be unpacked; delete it and try again")


def _add_facelatch(root: Path, architecture: str, tools: Path, folder: Path) -> None:
    """What the README's section On a board does."""
    wheels.install_facelatch(architecture, root / _SITE, tools, folder)
    binaries = root / _OPT / "bin"
    binaries.mkdir()
    (binaries / "python3").symlink_to(f"/usr/bin/python{PYTHON}")
    (root / _OPT / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (binaries / "facelatch").write_text(_PROGRAM)
    (binaries / "facelatch").chmod(0o755)
    places = {
        "*.rules": "etc/udev/rules.d/{name}",
        "*.service": "etc/systemd/system/{name}",
        "*.sysusers": "usr/lib/sysusers.d/{stem}.conf",
        "*.tmpfiles": "usr/lib/tmpfiles.d/{stem}.conf",
    }
    for pattern, place in places.items():
        for file in sorted((ROOT / "systemd").glob(pattern)):
            to = root / place.format(name=file.name, stem=file.stem)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, to)
    shutil.copytree(ROOT / "tests" / "data" / "demo", root / CAPTURES.lstrip("/"))
    # The service's user reads them, whoever may read the checkout.
    run("chmod", "-R", "a+rX", str(root / CAPTURES.lstrip("/")))


def _add_guest(root: Path) -> None:
    """A shell on the serial console, in place of a login, and what a board has of its own."""
    for name in ("passwd", "group"):
        # A hard link to what is kept: sysusers must not change that.
        text = (root / f"etc/{name}").read_text()
        (root / f"etc/{name}").unlink()
        (root / f"etc/{name}").write_text(text)
    for name in ("console", "gpio-sim", "ticks", "until"):
        shutil.copy(GUEST / f"{name}.sh", root / f"usr/bin/board-{name}")
        (root / f"usr/bin/board-{name}").chmod(0o755)
    shutil.copy(GUEST / "console.service", root / "etc/systemd/system/console.service")
    # A machine id that is there already: this is no first boot, which would ask questions and enable everything.
    (root / "etc/machine-id").unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    for name in ("etc", "var"):
        # Newer than /usr: nothing is brought up to date at every start that was just made.
        (root / name / ".updated").touch()
    (root / "etc/hostname").write_text("board\n")
    run(program("systemd-sysusers"), f"--root={root}")
    run(program("systemctl"), f"--root={root}", "--quiet", "enable", "console.service")


def _python(root: Path, architecture: str, *words: str) -> None:
    """Run the board's own Python here, so that what it compiles need not be compiled at every start of a board."""
    environment = {"PYTHONPATH": str(root / _SITE), "PATH": os.environ.get("PATH", "")}
    emulator = program(f"qemu-{MACHINES[architecture]}")
    run(emulator, "-L", str(root), str(root / f"usr/bin/python{PYTHON}"), *words, env=environment)
