import stat
from dataclasses import replace
from pathlib import Path

import pytest

from facelatch.diagnosis.board import Board, UsbDevice
from facelatch.diagnosis.checks import Status
from facelatch.diagnosis.judgements import (
    Caller,
    Folder,
    Seen,
    judge_board,
    judge_cameras,
    judge_line,
    judge_permissions,
    judge_store,
)

D435I = UsbDevice("8086", "0b3a", "RealSense 435i", 5000.0, Path("/dev/bus/usb/002/013"))
KINECT = UsbDevice("045e", "02ae", "Xbox NUI Camera", 480.0, Path("/dev/bus/usb/001/005"))
MOUSE = UsbDevice("046d", "0b07", "Mouse", 12.0, Path("/dev/bus/usb/001/002"))
CHIP = Path("/dev/gpiochip0")
NOTHING = frozenset[Path]()


def caller(uid: int = 997) -> Caller:
    return Caller(uid, "sudo -u facelatch /opt/x doctor")


@pytest.mark.parametrize(
    ("driver", "lock", "devices", "chips", "forbidden", "status", "words"),
    [
        pytest.param(
            "realsense", "gpio", [MOUSE, D435I], [CHIP], NOTHING, Status.OK, "/dev/gpiochip0 may", id="all"
        ),
        pytest.param("replay", "recording", [], [], NOTHING, Status.OK, "no device", id="nothing-needed"),
        pytest.param(
            "replay", "recording", [D435I], [CHIP], {CHIP, D435I.node}, Status.OK, "no device", id="unused"
        ),
        pytest.param(
            "realsense", "recording", [MOUSE], [], NOTHING, Status.FAIL, "no realsense", id="no-camera"
        ),
        pytest.param(
            "kinect", "recording", [D435I], [], NOTHING, Status.FAIL, "no kinect", id="another-camera"
        ),
        pytest.param("kinect", "recording", [KINECT], [], NOTHING, Status.OK, "001/005 may be", id="kinect"),
        pytest.param(
            "realsense", "gpio", [D435I], [], NOTHING, Status.FAIL, "no /dev/gpiochip", id="no-chip"
        ),
        pytest.param(
            "realsense",
            "recording",
            [D435I],
            [],
            {D435I.node},
            Status.FAIL,
            "may not open /dev/bus",
            id="no-rules",
        ),
        pytest.param(
            "replay", "gpio", [], [CHIP], {CHIP}, Status.FAIL, "may not open /dev/gpio", id="no-group"
        ),
        pytest.param(
            "realsense",
            "recording",
            [replace(D435I, speed_mbps=480.0)],
            [],
            NOTHING,
            Status.WARN,
            "480",
            id="usb-2",
        ),
        pytest.param(
            "realsense",
            "recording",
            [replace(D435I, speed_mbps=0.0)],
            [],
            NOTHING,
            Status.WARN,
            "0",
            id="speed-unknown",
        ),
    ],
)
def test_permissions(
    *,
    driver: str,
    lock: str,
    devices: list[UsbDevice],
    chips: list[Path],
    forbidden: frozenset[Path],
    status: Status,
    words: str,
) -> None:
    finding = judge_permissions(driver, lock, devices, chips, lambda path: path not in forbidden, caller())
    assert finding.status is status
    assert words in finding.found
    assert bool(finding.hint) == (status is not Status.OK)


def test_a_realsense_is_seen_through_its_video_devices_too() -> None:
    video = Path("/dev/video2")
    for driver, device, status in (
        ("realsense", replace(D435I, video_nodes=(video,)), Status.FAIL),
        ("kinect", replace(KINECT, video_nodes=(video,)), Status.OK),
    ):
        finding = judge_permissions(driver, "", [device], [], lambda path: path != video, caller())
        assert finding.status is status
        assert (str(video) in finding.found) == (status is Status.FAIL)


def test_refused_devices_name_the_rules_and_the_groups() -> None:
    finding = judge_permissions("realsense", "gpio", [D435I], [CHIP], lambda path: False, caller())
    for words in (
        "systemd/60-facelatch.rules",
        "udevadm",
        "groups video (camera) and gpio (lock)",
        "sudo -u",
    ):
        assert words in finding.hint


FAST = Seen("realsense", "D435", "111", "USB 3.2", firmware="5.16.0.1")
SLOW = Seen("realsense", "D455", "222", "USB 2.1", is_slow=True)
XBOX = Seen("kinect", "Xbox NUI Camera", connection="480 Mbit/s")


@pytest.mark.parametrize(
    ("driver", "serial", "seen", "status", "words", "hint"),
    [
        pytest.param(
            "realsense",
            "",
            [FAST, XBOX],
            Status.OK,
            "realsense D435 (111, USB 3.2, firmware 5.16.0.1), kinect Xbox NUI Camera (480 Mbit/s)",
            "",
            id="one-of-its-kind",
        ),
        pytest.param(
            "kinect", "", [FAST, XBOX], Status.OK, "kinect Xbox", "", id="usb-2-is-enough-for-a-kinect"
        ),
        pytest.param(
            "realsense", "111", [FAST, SLOW], Status.OK, "D455 (222", "", id="the-other-one-is-slow"
        ),
        pytest.param("realsense", "222", [FAST, SLOW], Status.WARN, "USB 2.1", "USB 3 port", id="usb-2"),
        pytest.param(
            "realsense", "", [SLOW], Status.WARN, "USB 2.1", "USB 3 port", id="the-only-one-on-usb-2"
        ),
        pytest.param(
            "realsense", "9", [FAST], Status.FAIL, "9 is not plugged in", '"111"', id="wrong-serial"
        ),
        pytest.param("realsense", "", [FAST, SLOW], Status.FAIL, "several", "camera.serial", id="which-one"),
        pytest.param(
            "realsense", "", [], Status.FAIL, "no realsense is plugged in", "cable and port", id="none"
        ),
        pytest.param(
            "realsense", "", [XBOX], Status.FAIL, "found kinect", 'driver = "kinect"', id="another-kind"
        ),
        pytest.param("a recording", "5", [], Status.OK, "asks for none", "", id="nothing-needed"),
    ],
)
def test_cameras(
    *, driver: str, serial: str, seen: list[Seen], status: Status, words: str, hint: str
) -> None:
    finding = judge_cameras(driver, serial, seen)
    assert finding.status is status
    assert words in finding.found
    assert hint in finding.hint
    assert bool(finding.hint) == (status is not Status.OK)


FOLDER = Folder(mode=stat.S_IFDIR | 0o700, owner_uid=997, is_writable=True, free_bytes=1 << 30)
PATH = Path("/var/lib/facelatch/templates")


@pytest.mark.parametrize(
    ("folder", "uid", "status", "words"),
    [
        pytest.param(FOLDER, 997, Status.OK, "is private and writable", id="private"),
        pytest.param(FOLDER, 0, Status.WARN, "checked as root, which says nothing", id="root"),
        pytest.param(FOLDER, 1000, Status.FAIL, "belongs to user 997, you are 1000", id="another-user"),
        pytest.param(
            replace(FOLDER, mode=stat.S_IFDIR | 0o750), 997, Status.FAIL, "(mode 0750)", id="group-reads"
        ),
        pytest.param(
            replace(FOLDER, mode=stat.S_IFDIR | 0o701), 0, Status.FAIL, "(mode 0701)", id="others-enter"
        ),
        pytest.param(
            replace(FOLDER, mode=stat.S_IFREG | 0o600), 997, Status.FAIL, "is not a folder", id="a-file"
        ),
        pytest.param(
            replace(FOLDER, is_writable=False), 997, Status.FAIL, "cannot be written", id="read-only"
        ),
        pytest.param(
            replace(FOLDER, free_bytes=1 << 20), 997, Status.WARN, "has 1.0 MiB left", id="disk-full"
        ),
    ],
)
def test_store(folder: Folder, uid: int, status: Status, words: str) -> None:
    finding = judge_store(PATH, folder, parent_is_writable=True, caller=caller(uid))
    assert finding.status is status
    assert words in finding.found


def test_what_root_may_open_says_nothing_about_the_service() -> None:
    as_root = judge_permissions("realsense", "gpio", [D435I], [CHIP], lambda path: True, caller(0))
    assert as_root.status is Status.WARN
    assert "checked as root" in as_root.found
    assert as_root.hint == "sudo -u facelatch /opt/x doctor"
    failed = judge_permissions("realsense", "gpio", [D435I], [], lambda path: True, caller(0))
    assert (failed.status, failed.hint) == (Status.FAIL, "run this on the board with the lock")
    unneeded = judge_permissions("replay", "recording", [], [], lambda path: False, caller(0))
    assert unneeded.status is Status.OK


@pytest.mark.parametrize(("parent_is_writable", "status"), [(True, Status.WARN), (False, Status.FAIL)])
def test_a_store_that_is_not_there_yet(parent_is_writable: bool, status: Status) -> None:
    finding = judge_store(PATH, None, parent_is_writable=parent_is_writable, caller=caller())
    assert finding.status is status
    assert finding.hint


@pytest.mark.parametrize(
    ("consumer", "status", "words"),
    [
        pytest.param(None, Status.OK, "is there and free", id="free"),
        pytest.param("facelatch", Status.OK, "held by the running daemon", id="ours"),
        pytest.param("spi0 CS0", Status.FAIL, "in use by spi0 CS0", id="a-driver"),
        pytest.param("", Status.FAIL, "in use by another program", id="nameless"),
    ],
)
def test_line(consumer: str | None, status: Status, words: str) -> None:
    finding = judge_line("line GPIO17 of pinctrl-rp1", consumer, "facelatch")
    assert finding.status is status
    assert words in finding.found


COOL = Board("Raspberry Pi 5", "Cortex-A76", 4, "ondemand", {"cpu-thermal": 55.0}, ())


@pytest.mark.parametrize(
    ("board", "status", "words"),
    [
        pytest.param(COOL, Status.OK, "Raspberry Pi 5, 4 x Cortex-A76, 55 °C", id="cool"),
        pytest.param(
            Board(None, "Intel N100", 4, None, {}, None), Status.OK, "no board name, 4 x Intel", id="silent"
        ),
        pytest.param(
            replace(COOL, throttling=("under-voltage now",)), Status.WARN, "under-voltage", id="starved"
        ),
        pytest.param(
            replace(COOL, temperatures_c={"a": 20.0, "b": 84.6}), Status.WARN, "b is at 85", id="hot"
        ),
    ],
)
def test_board(board: Board, status: Status, words: str) -> None:
    finding = judge_board(board)
    assert finding.status is status
    assert words in finding.found


@pytest.mark.parametrize(
    ("report", "remedy"),
    [("under-voltage since boot", "power supply"), ("throttled now", "heat sink")],
)
def test_a_weak_supply_and_heat_have_different_remedies(report: str, remedy: str) -> None:
    assert remedy in judge_board(replace(COOL, throttling=(report,))).hint
