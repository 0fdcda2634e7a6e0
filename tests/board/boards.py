"""The three machines that stand in for boards, and what is read of their GPIO controllers from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.board.image import Image
from tests.board.machine import Machine, booted

_KERNEL_WORDS = (
    "rw quiet loglevel=1 panic=-1 systemd.show_status=0"
    # The console is ours alone.
    " systemd.getty_auto=no systemd.mask=getty-static.service"
)


@dataclass(frozen=True, slots=True)
class Register:
    """One line's bit in a data register."""

    address: int
    bit: int

    def is_high(self, machine: Machine) -> bool:
        """Whether the line is high now."""
        return bool(machine.read_word(self.address) >> self.bit & 1)


@dataclass(frozen=True, slots=True)
class Board:
    """A machine of QEMU's with the names that its kernel gives to things."""

    name: str
    architecture: str
    emulator: str
    options: tuple[str, ...]
    console: str
    disk: str
    disk_options: tuple[str, ...]
    device_tree: str = ""
    words: str = ""
    """For its kernel alone."""


VIRT = Board(
    name="arm64 virt, PL061",
    architecture="arm64",
    emulator="qemu-system-aarch64",
    options=("-M", "virt", "-cpu", "cortex-a72", "-m", "1G", "-smp", "1", "-device", "virtio-rng-pci"),
    console="ttyAMA0",
    disk="/dev/vda",
    disk_options=("if=none,id=disk", "-device", "virtio-blk-pci,drive=disk"),
)
RASPBERRY = Board(
    name="Raspberry Pi 3B, BCM2835",
    architecture="arm64",
    emulator="qemu-system-aarch64",
    # The board has four cores, and QEMU allows no fewer.
    # Its first serial port is the Bluetooth chip's, as on the real one.
    options=("-M", "raspi3b", "-m", "1G", "-smp", "4", "-serial", "null"),
    console="ttyS1",
    disk="/dev/mmcblk0",
    disk_options=("if=sd",),
    device_tree="broadcom/bcm2837-rpi-3-b.dtb",
    # As Raspberry Pi's own kernels are set: a line that is let go stays an output at its level.
    words="pinctrl_bcm2835.persist_gpio_outputs=1",
)
PC = Board(
    name="amd64, gpio-sim",
    architecture="amd64",
    emulator="qemu-system-x86_64",
    options=("-M", "q35", "-cpu", "max", "-m", "1G", "-smp", "1", "-device", "virtio-rng-pci"),
    console="ttyS0",
    disk="/dev/vda",
    disk_options=("if=none,id=disk", "-device", "virtio-blk-pci,drive=disk"),
)


@contextmanager
def powered(board: Board, image: Image, folder: Path) -> Iterator[Machine]:
    """The board, started from the image; what it writes to its disk is forgotten at the end of the block."""
    place, *devices = board.disk_options
    options = [
        *board.options,
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *("-drive", f"file={image.disk},format=raw,snapshot=on,{place}", *devices),
        *("-append", f"console={board.console} root={board.disk} {_KERNEL_WORDS} {board.words}".strip()),
    ]
    if board.device_tree:
        options += ["-dtb", str(image.device_trees / board.device_tree)]
    with booted(board.emulator, options, folder) as machine:
        yield machine
