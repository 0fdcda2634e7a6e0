from pathlib import Path

import pytest

from facelatch.diagnosis.board import (
    read_board,
    read_cpu,
    read_resident_mib,
    read_temperatures_c,
    read_usb,
    to_throttling,
)

ARM_CORE = "processor\t: {n}\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU part\t: {part}\n"


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_raspberry_pi_tells_all(tmp_path: Path) -> None:
    cores = "\n".join(ARM_CORE.format(n=n, part="0xd0b") for n in range(4))
    put(
        tmp_path,
        {
            "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
            "proc/cpuinfo": cores + "\nRevision\t: d04170\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n",
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "61750\n",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50000\n",
        },
    )
    board = read_board(tmp_path, vcgencmd="throttled=0x0")
    assert (board.model, board.cpu, board.cores) == ("Raspberry Pi 5 Model B Rev 1.0", "Cortex-A76", 4)
    assert board.governor == "ondemand"
    assert board.temperatures_c == {"cpu-thermal": 61.75}
    assert board.throttling == ("under-voltage since boot", "throttled since boot")


def test_a_board_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    board = read_board(tmp_path)
    assert (board.model, board.cpu, board.cores, board.governor) == (None, "unknown", 0, None)
    assert board.temperatures_c == {}
    assert board.throttling is None
    assert read_resident_mib(tmp_path) is None
    assert read_usb(tmp_path) == []


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        pytest.param(
            "processor\t: 0\nmodel name\t: Intel(R) N100\n\nprocessor\t: 1\nmodel name\t: Intel(R) N100\n",
            ("Intel(R) N100", 2),
            id="x86",
        ),
        pytest.param(
            "\n".join(ARM_CORE.format(n=n, part="0xd05" if n < 4 else "0xd0b") for n in range(8)),
            ("4x Cortex-A55 + 4x Cortex-A76", 8),
            id="big-little",
        ),
        pytest.param(ARM_CORE.format(n=0, part="0xfff"), ("ARM 0x41/0xfff", 1), id="new-part"),
        pytest.param("processor\t: 0\nhart\t: 0\n", ("unknown", 1), id="riscv"),
        pytest.param("", ("unknown", 0), id="hidden"),
    ],
)
def test_cpu_names(tmp_path: Path, cpuinfo: str, expected: tuple[str, int]) -> None:
    assert read_cpu(put(tmp_path, {"proc/cpuinfo": cpuinfo})) == expected


def test_temperatures_of_a_jetson_and_of_a_zone_that_does_not_answer(tmp_path: Path) -> None:
    zone = "sys/class/thermal/thermal_zone"
    put(
        tmp_path,
        {
            f"{zone}0/type": "cpu-thermal\n",
            f"{zone}0/temp": "48500\n",
            f"{zone}1/type": "soc-thermal\n",
            f"{zone}1/temp": "-500\n",
            f"{zone}2/type": "cpu-thermal\n",
            f"{zone}2/temp": "50000\n",
            f"{zone}3/type": "gpu-thermal\n",
            f"{zone}3/temp": "N/A\n",
        },
    )
    assert read_temperatures_c(tmp_path) == {
        "cpu-thermal": 48.5,
        "soc-thermal": -0.5,
        "cpu-thermal (thermal_zone2)": 50.0,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("throttled=0x0\n", (), id="vcgencmd-fine"),
        pytest.param("throttled=0x50005", ("under-voltage now", "throttled now", "under-voltage since boot",
                                           "throttled since boot"), id="vcgencmd-starved"),
        pytest.param("0008", ("soft temperature limit now",), id="sysfs"),
        pytest.param("VCHI initialization failed", None, id="no-permission"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="no-pi"),
    ],
)  # fmt: skip
def test_throttling_in_words(text: str | None, expected: tuple[str, ...] | None) -> None:
    assert to_throttling(text) == expected


def test_vcgencmd_stands_in_where_the_kernel_has_no_file(tmp_path: Path) -> None:
    assert read_board(tmp_path, vcgencmd="throttled=0x1").throttling == ("under-voltage now",)


def test_resident_memory_now_and_highest(tmp_path: Path) -> None:
    put(tmp_path, {"proc/self/status": "Name:\tpython\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n"})
    assert read_resident_mib(tmp_path) == (100.0, 200.0)


def test_this_machine_answers() -> None:
    memory = read_resident_mib(Path("/"))
    assert memory is not None
    assert 0 < memory[0] <= memory[1]
    assert read_board(Path("/")).cores > 0


def test_usb_devices_with_their_files(tmp_path: Path) -> None:
    bus = "sys/bus/usb/devices"
    put(
        tmp_path,
        {
            f"{bus}/2-1/idVendor": "8086\n",
            f"{bus}/2-1/idProduct": "0B3A\n",
            f"{bus}/2-1/product": "Intel(R) RealSense(TM) Depth Camera 435i\n",
            f"{bus}/2-1/speed": "5000\n",
            f"{bus}/2-1/busnum": "2\n",
            f"{bus}/2-1/devnum": "13\n",
            f"{bus}/2-1:1.0/bInterfaceNumber": "00\n",
            f"{bus}/2-1/2-1:1.0/video4linux/video0/name": "RealSense\n",
            f"{bus}/2-1/2-1:1.3/video4linux/video2/name": "RealSense\n",
            f"{bus}/usb1/idVendor": "1d6b\n",
            f"{bus}/usb1/idProduct": "0002\n",
            f"{bus}/usb1/busnum": "1\n",
            f"{bus}/usb1/devnum": "1\n",
        },
    )
    camera, hub = read_usb(tmp_path)
    assert (camera.vendor, camera.product, camera.speed_mbps) == ("8086", "0b3a", 5000.0)
    assert camera.node == tmp_path / "dev/bus/usb/002/013"
    assert camera.video_nodes == (tmp_path / "dev/video0", tmp_path / "dev/video2")
    assert hub.video_nodes == ()
    assert (hub.name, hub.speed_mbps) == ("unnamed device", 0.0)
