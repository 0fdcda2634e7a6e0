"""What the board tells of itself through /proc and /sys; None or nothing where it does not tell.

Every reader takes the root of the file system, so that a folder of text files can stand in for a board.
"""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ARM_PARTS: Mapping[tuple[str, str], str] = {
    ("0x41", "0xd03"): "Cortex-A53",
    ("0x41", "0xd04"): "Cortex-A35",
    ("0x41", "0xd05"): "Cortex-A55",
    ("0x41", "0xd07"): "Cortex-A57",
    ("0x41", "0xd08"): "Cortex-A72",
    ("0x41", "0xd09"): "Cortex-A73",
    ("0x41", "0xd0b"): "Cortex-A76",
    ("0x41", "0xd0c"): "Neoverse N1",
    ("0x41", "0xd41"): "Cortex-A78",
    ("0x41", "0xd42"): "Cortex-A78AE",
    ("0x4e", "0x003"): "Denver 2",
    ("0x4e", "0x004"): "Carmel",
}
"""(implementer, part) as in /proc/cpuinfo; the numbers are those of MIDR_EL1 in the cores' manuals."""

_THROTTLING: Mapping[int, str] = {
    0: "under-voltage now",
    1: "frequency capped now",
    2: "throttled now",
    3: "soft temperature limit now",
    16: "under-voltage since boot",
    17: "frequency capped since boot",
    18: "throttled since boot",
    19: "soft temperature limit since boot",
}
"""The bits of the Raspberry Pi firmware's get_throttled."""


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """One device on the bus."""

    vendor: str
    product: str
    """Both as four hexadecimal digits."""
    name: str
    speed_mbps: float
    node: Path
    """The device file that a program must be allowed to open."""
    video_nodes: tuple[Path, ...] = ()
    """The kernel's video devices of a camera."""


@dataclass(frozen=True, slots=True)
class Board:
    """What a measurement depends on."""

    model: str | None
    """Such as `Raspberry Pi 5 Model B Rev 1.0`; a PC has none."""
    cpu: str
    cores: int
    governor: str | None
    """How the first core's clock is chosen: `powersave` measures something else than `performance`."""
    temperatures_c: Mapping[str, float]
    throttling: tuple[str, ...] | None
    """What the firmware says holds the clock back; None where it cannot say."""


def read_board(root: Path, vcgencmd: str | None = None) -> Board:
    """The board's facts now; `vcgencmd` is what `vcgencmd get_throttled` printed, if it could be asked."""
    cpu, cores = read_cpu(root)
    return Board(
        model=_text(root / "proc/device-tree/model") or _text(root / "sys/firmware/devicetree/base/model"),
        cpu=cpu,
        cores=cores,
        governor=_text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        temperatures_c=read_temperatures_c(root),
        throttling=read_throttling(root, vcgencmd),
    )


def read_cpu(root: Path) -> tuple[str, int]:
    """The CPU's name and its number of cores; ARM kernels give part numbers, which are named here."""
    cores: list[str] = []
    text = _text(root / "proc/cpuinfo") or ""
    for block in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([^:\n]*?)\s*:[ \t]*(.*)$", block, re.MULTILINE))
        if "processor" not in fields:
            continue
        part = (fields.get("CPU implementer", ""), fields.get("CPU part", ""))
        if part in _ARM_PARTS:
            cores.append(_ARM_PARTS[part])
        elif any(part):
            cores.append(f"ARM {part[0]}/{part[1]}")
        else:
            cores.append(fields.get("model name") or "unknown")
    kinds = Counter(cores)
    if len(kinds) < 2:
        return next(iter(kinds), "unknown"), len(cores)
    return " + ".join(f"{count}x {name}" for name, count in kinds.items()), len(cores)


def read_temperatures_c(root: Path) -> dict[str, float]:
    """Degrees Celsius by the zone's name; a second zone of one name gets its number."""
    found: dict[str, float] = {}
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        millidegrees = _text(zone / "temp")
        if millidegrees is None or not re.fullmatch(r"-?\d+", millidegrees):
            continue
        name = _text(zone / "type") or zone.name
        found[f"{name} ({zone.name})" if name in found else name] = int(millidegrees) / 1000
    return found


def read_throttling(root: Path, vcgencmd: str | None = None) -> tuple[str, ...] | None:
    """What holds the clock back, in words; the voltage alarm of plain kernels where the firmware's file is missing."""
    # The folders' names hold an address on a Raspberry Pi 5.
    for path in sorted((root / "sys/devices/platform").glob("soc*/soc*:firmware/get_throttled")):
        told = to_throttling(_text(path))
        if told is not None:
            return told
    if vcgencmd is not None:
        return to_throttling(vcgencmd)
    for sensor in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        if _text(sensor / "name") == "rpi_volt" and (alarm := _text(sensor / "in0_lcrit_alarm")) is not None:
            return (_THROTTLING[0],) if alarm != "0" else ()
    return None


def to_throttling(text: str | None) -> tuple[str, ...] | None:
    """The reasons in words, from `0x50005`, `50005` or `throttled=0x50005`; None where nothing was said."""
    digits = re.fullmatch(r"(?:throttled=)?(?:0x)?([0-9a-fA-F]+)", (text or "").strip())
    if digits is None:
        return None
    bits = int(digits[1], 16)
    return tuple(words for bit, words in _THROTTLING.items() if bits >> bit & 1)


def ask_vcgencmd() -> str | None:
    """What `vcgencmd get_throttled` prints; None where it is missing or may not be asked."""
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        answer = subprocess.run([program, "get_throttled"], capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.decode(errors="replace")


def read_resident_mib(root: Path) -> tuple[float, float] | None:
    """This process's memory now and at its highest, in MiB."""
    text = _text(root / "proc/self/status") or ""
    fields = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", text, re.MULTILINE))
    if len(fields) != 2:
        return None
    return int(fields["VmRSS"]) / 1024, int(fields["VmHWM"]) / 1024


def read_usb(root: Path) -> list[UsbDevice]:
    """Every device on the board's USB buses, hubs included."""
    found = []
    for folder in sorted((root / "sys/bus/usb/devices").glob("*")):
        vendor, product = _text(folder / "idVendor"), _text(folder / "idProduct")
        bus, number = _text(folder / "busnum"), _text(folder / "devnum")
        if not (vendor and product and bus and number and bus.isdecimal() and number.isdecimal()):
            continue
        found.append(
            UsbDevice(
                vendor=vendor.lower(),
                product=product.lower(),
                name=_text(folder / "product") or "unnamed device",
                speed_mbps=_real(_text(folder / "speed")),
                node=root / f"dev/bus/usb/{int(bus):03d}/{int(number):03d}",
                video_nodes=tuple(
                    root / "dev" / video.name for video in sorted(folder.glob("*/video4linux/video*"))
                ),
            )
        )
    return found


def _text(path: Path) -> str | None:
    """What a one-value file says; the device tree ends its strings with a NUL."""
    try:
        return path.read_bytes().decode(errors="replace").strip("\0\n ") or None
    except OSError:
        return None


def _real(text: str | None) -> float:
    return float(text) if text and re.fullmatch(r"\d+(\.\d+)?", text) else 0.0
