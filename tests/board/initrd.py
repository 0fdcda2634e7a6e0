"""A board's first file system: busybox and the modules that its disk needs, handing over to systemd."""

import shutil
import subprocess
from pathlib import Path

from tests.board.needs import program
from tests.board.programs import run

GUEST = Path(__file__).parent / "guest"
# In the order in which a dependency must come first; modprobe adds what they need themselves.
_MODULES = {
    "arm64": ("virtio_pci", "virtio_blk", "virtio_rng", "bcm2835", "mmc_block", "ext4"),
    "amd64": ("virtio_pci", "virtio_blk", "virtio_rng", "ext4", "gpio-sim"),
}


def pack(architecture: str, base: Path, folder: Path, release: str) -> Path:
    """A first file system that loads modules, mounts the disk and hands over."""
    tree = folder / "initrd"
    for name in ("bin", "dev", "proc", "sys", "modules", "root"):
        (tree / name).mkdir(parents=True)
    shutil.copy(base / "root/usr/bin/busybox", tree / "bin/busybox")
    shutil.copy(GUEST / "init.sh", tree / "init")
    (tree / "init").chmod(0o755)
    order: list[str] = []
    for module in _MODULES[architecture]:
        for packed in _module_files(base / "kernel" / "usr", release, module):
            name = packed.name.removesuffix(".xz")
            if name not in order:
                order.append(name)
                with (tree / "modules" / name).open("wb") as file:
                    run("xz", "-dc", str(packed), stdout=file)
    (tree / "modules" / "order").write_text("".join(f"{name}\n" for name in order))
    initrd = folder / "initrd.img"
    listed = subprocess.run(["find", "."], cwd=tree, capture_output=True, check=True).stdout
    with initrd.open("wb") as file:
        command = ["cpio", "-o", "-H", "newc", "--quiet", "--owner", "0:0"]
        subprocess.run(command, cwd=tree, input=listed, stdout=file, check=True)
    return initrd


def _module_files(kernel: Path, release: str, module: str) -> list[Path]:
    """The module and what it depends on, in the order of loading; nothing for one that is built in."""
    words = [program("modprobe"), "-d", str(kernel), "-S", release, "--show-depends", module]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    return [Path(words[1]) for words in lines if words[0] == "insmod"]
