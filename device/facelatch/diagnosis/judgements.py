"""What the facts of a board mean for a door: the judging behind `facelatch doctor`.

All of it is pure: what the board shows is read by others and passed in.
"""

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facelatch.diagnosis.board import Board, UsbDevice
from facelatch.diagnosis.checks import Finding, Status

USB3_MBPS = 5000
HOT_C = 80.0
"""Where a Raspberry Pi starts to slow down."""
LEAST_FREE_BYTES = 16 << 20

_PRODUCTS = {"realsense": ("8086", ("0ad", "0af", "0b")), "kinect": ("045e", ("02ae", "02bf"))}
"""USB vendor and how its cameras' product numbers start."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who runs the checks."""

    uid: int
    as_service: str
    """The hint how to run them as the service's user."""

    def temper(self, finding: Finding) -> Finding:
        """The finding itself, but root's `ok` is a warning: root may open everything, the service may not."""
        if self.uid != 0 or finding.status is not Status.OK:
            return finding
        found = f"{finding.found}; checked as root, which says nothing about the service"
        return replace(finding, status=Status.WARN, found=found, hint=self.as_service)


@dataclass(frozen=True, slots=True)
class Folder:
    """What the file system says of a folder that should hold templates."""

    mode: int
    """As in `os.stat_result.st_mode`."""
    owner_uid: int
    is_writable: bool
    free_bytes: int


def camera_driver(device: UsbDevice) -> str | None:
    """The built-in driver of a camera on the bus; None for everything else."""
    for driver, (vendor, products) in _PRODUCTS.items():
        if device.vendor == vendor and device.product.startswith(products):
            return driver
    return None


@dataclass(frozen=True, slots=True)
class Seen:
    """A camera that is plugged in, as its driver's library or the USB bus tells; empty for what it does not."""

    driver: str
    name: str
    serial: str = ""
    connection: str = ""
    """In words, such as `USB 3.2` or `480 Mbit/s`."""
    is_slow: bool = False
    """Whether it is connected by less than it needs."""
    firmware: str = ""

    def __str__(self) -> str:
        """On one line."""
        told = (self.serial, self.connection, self.firmware and f"firmware {self.firmware}")
        details = ", ".join(word for word in told if word)
        return f"{self.driver} {self.name}" + (f" ({details})" if details else "")


def judge_cameras(driver: str, serial: str, seen: Sequence[Seen]) -> Finding:
    """Whether the camera that the config names is plugged in, and by a connection that is fast enough."""
    name = "cameras"
    listed = ", ".join(map(str, seen)) or "none that a built-in driver knows"
    if driver not in _PRODUCTS:
        return Finding(name, Status.OK, f"{listed}; the config asks for none of them")
    own = [one for one in seen if one.driver == driver]
    serials = [one.serial for one in own if one.serial]
    if not own:
        hint = "plug the camera in; try another cable and port" + (
            f', or set camera.driver = "{seen[0].driver}"' if seen else ""
        )
        return Finding(name, Status.FAIL, f"no {driver} is plugged in, found {listed}", hint)
    if serial and serials and serial not in serials:
        hint = f'plug that one in, or set camera.serial = "{serials[0]}"'
        return Finding(name, Status.FAIL, f"camera {serial} is not plugged in, found {listed}", hint)
    if not serial and len(own) > 1:
        hint = "set camera.serial to the one that is to be trusted"
        return Finding(name, Status.FAIL, f"several cameras are plugged in, {listed}", hint)
    if any(one.is_slow for one in own if serial in ("", one.serial) or not one.serial):
        hint = "use a USB 3 port (blue) and a short USB 3 cable: at USB 2 speed frames are fewer and smaller"
        return Finding(name, Status.WARN, listed, hint)
    return Finding(name, Status.OK, listed)


def judge_permissions(
    driver: str,
    lock_driver: str,
    devices: Sequence[UsbDevice],
    gpio_chips: Sequence[Path],
    may_open: Callable[[Path], bool],
    caller: Caller,
) -> Finding:
    """Whether this user may open the files of the devices that the config names."""
    name = "permissions"
    vendor, products = _PRODUCTS.get(driver, ("", ()))
    cameras = [one for one in devices if one.vendor == vendor and one.product.startswith(products)]
    chips = list(gpio_chips) if lock_driver == "gpio" else []
    if vendor and not cameras:
        hint = "plug the camera in; try another cable and port"
        return Finding(name, Status.FAIL, f"no {driver} is on the USB bus", hint)
    if lock_driver == "gpio" and not chips:
        return Finding(name, Status.FAIL, "there is no /dev/gpiochip*", "run this on the board with the lock")
    # The SDK's wheels see a RealSense through the kernel's driver; libfreenect needs no such device.
    videos = [node for camera in cameras if driver == "realsense" for node in camera.video_nodes]
    needed = [camera.node for camera in cameras] + videos + chips
    refused = [str(path) for path in needed if not may_open(path)]
    if refused:
        hint = (
            "install systemd/60-facelatch.rules, run `udevadm control --reload && udevadm trigger`, and join the "
            f"groups video (camera) and gpio (lock); or {caller.as_service}"
        )
        return Finding(name, Status.FAIL, f"this user may not open {', '.join(refused)}", hint)
    slow = [camera for camera in cameras if driver == "realsense" and camera.speed_mbps < USB3_MBPS]
    if slow:
        hint = "use a USB 3 port and cable: at USB 2 speed frames are fewer and smaller"
        return Finding(name, Status.WARN, f"{slow[0].name} runs at {slow[0].speed_mbps:g} Mbit/s", hint)
    if not needed:
        return Finding(name, Status.OK, "the config names no device")
    return caller.temper(Finding(name, Status.OK, f"{', '.join(map(str, needed))} may be opened"))


def judge_store(path: Path, folder: Folder | None, parent_is_writable: bool, caller: Caller) -> Finding:
    """Whether templates can be kept private in a folder; None stands for a folder that is not there."""
    if folder is not None:
        fine = Finding("store", Status.OK, f"{path} is private and writable")
        return _unsafe(path, folder, caller) or caller.temper(fine)
    if parent_is_writable:
        return Finding("store", Status.WARN, f"{path} is not there yet", "the first enrolment makes it")
    hint = "run systemd-tmpfiles --create as root, or set store.folder"
    return Finding("store", Status.FAIL, f"{path} is not there and cannot be made by this user", hint)


def _unsafe(path: Path, folder: Folder, caller: Caller) -> Finding | None:
    """The first thing that is wrong with a folder; root may write for its owner."""
    free_mib = folder.free_bytes / (1 << 20)
    wrong = (
        (not stat.S_ISDIR(folder.mode), f"{path} is not a folder", "set store.folder to a folder of its own"),
        (
            bool(folder.mode & 0o077),
            f"{path} is open to other users (mode {folder.mode & 0o777:04o})",
            f"chmod 700 {path}",
        ),
        (
            caller.uid not in (0, folder.owner_uid),
            f"{path} belongs to user {folder.owner_uid}, you are {caller.uid}",
            caller.as_service,
        ),
        (not folder.is_writable, f"{path} cannot be written", "is the disk mounted read-only? see `mount`"),
    )
    for is_wrong, found, hint in wrong:
        if is_wrong:
            return Finding("store", Status.FAIL, found, hint)
    if folder.free_bytes < LEAST_FREE_BYTES:
        return Finding(
            "store", Status.WARN, f"the disk of {path} has {free_mib:.1f} MiB left", "make room on it"
        )
    return None


def judge_line(name: str, consumer: str | None, own: str) -> Finding:
    """Whether the lock's line is free or held by our own daemon; None stands for a free line."""
    if consumer is None:
        return Finding("lock", Status.OK, f"{name} is there and free")
    if consumer == own:
        return Finding("lock", Status.OK, f"{name} is held by the running daemon")
    hint = "stop that program, or move the lock to another line"
    return Finding("lock", Status.FAIL, f"{name} is in use by {consumer or 'another program'}", hint)


def judge_board(board: Board) -> Finding:
    """Whether power and cooling are good enough to be trusted; cameras fail first when they are not."""
    if board.throttling:
        hint = "fit a heat sink or a fan"
        if any("voltage" in words for words in board.throttling):
            hint = (
                "use the board's own power supply and a short cable: a depth camera draws up to 0.7 A of it"
            )
        return Finding("board", Status.WARN, f"the firmware reports: {', '.join(board.throttling)}", hint)
    hottest = max(board.temperatures_c.items(), key=lambda zone: zone[1], default=None)
    if hottest is not None and not hottest[1] < HOT_C:
        hint = "fit a heat sink or a fan"
        return Finding("board", Status.WARN, f"{hottest[0]} is at {hottest[1]:.0f} °C", hint)
    heat = f", {hottest[1]:.0f} °C" if hottest else ""
    return Finding("board", Status.OK, f"{board.model or 'no board name'}, {board.cores} x {board.cpu}{heat}")
