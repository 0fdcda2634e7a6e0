"""The files under systemd/, checked by systemd's own tools where they are installed.

`tests/install-debian-packages.sh` installs them.
"""

import fnmatch
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.requirements import need_program

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT = FOLDER / "facelatch.service"


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def settings(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_exposure_is_at_most_1_5() -> None:
    report = run(need_program("systemd-analyze"), "security", "--offline=yes", "--no-pager", str(UNIT))
    found = re.search(r"Overall exposure level for facelatch\.service: ([0-9.]+)", report.stdout)
    assert found is not None, report.stdout + report.stderr
    assert float(found[1]) <= 1.5


def test_the_unit_has_no_mistakes(tmp_path: Path) -> None:
    """`verify` wants the programs to exist: any program stands in for ours."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/facelatch/bin/facelatch", shutil.which("true") or ""))
    report = run(need_program("systemd-analyze"), "verify", "--man=no", str(unit))
    assert (report.returncode, report.stderr) == (0, "")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("Type", "notify", id="notifies"),
        pytest.param("WatchdogSec", "20", id="watched"),
        pytest.param("User", "facelatch", id="own-user"),
        pytest.param("StateDirectoryMode", "0700", id="private-templates"),
        pytest.param("PrivateNetwork", "yes", id="no-network"),
        pytest.param("DevicePolicy", "closed", id="no-device-but"),
        pytest.param("LimitCORE", "0", id="no-face-in-a-core-dump"),
    ],
)
def test_what_the_unit_promises(setting: str, value: str) -> None:
    assert settings(setting) == [value]


def test_only_camera_and_lock_devices_are_allowed() -> None:
    assert settings("DeviceAllow") == ["char-usb_device rw", "char-video4linux rw", "char-gpiochip rw"]


def test_the_door_is_secured_after_the_daemon_however_it_ends() -> None:
    """No `-` before the command: a door that could not be secured must show as a failed unit."""
    (start,), (stop,) = settings("ExecStart"), settings("ExecStopPost")
    assert stop == start.replace(" run ", " secure-lock ")
    assert stop.startswith("/")


def install(root: Path) -> None:
    for kind in ("sysusers", "tmpfiles"):
        folder = root / "usr/lib" / f"{kind}.d"
        folder.mkdir(parents=True)
        shutil.copy(FOLDER / f"facelatch.{kind}", folder / "facelatch.conf")
    (root / "etc").mkdir()


def test_the_user_joins_the_groups_that_the_unit_asks_for(tmp_path: Path) -> None:
    install(tmp_path)
    report = run(need_program("systemd-sysusers"), f"--root={tmp_path}")
    assert report.returncode == 0, report.stderr
    lines = (tmp_path / "etc/group").read_text().split()
    groups = {line.split(":")[0]: line.split(":")[3] for line in lines}
    assert {name: groups[name] for name in settings("SupplementaryGroups")[0].split()} == {
        "video": "facelatch",
        "gpio": "facelatch",
    }
    assert re.search(r"^facelatch:.*:/usr/sbin/nologin$", (tmp_path / "etc/passwd").read_text(), re.MULTILINE)


def test_the_folders_of_templates_are_private(tmp_path: Path) -> None:
    sysusers, tmpfiles = need_program("systemd-sysusers"), need_program("systemd-tmpfiles")
    install(tmp_path)
    assert run(sysusers, f"--root={tmp_path}").returncode == 0
    report = run(tmpfiles, f"--root={tmp_path}", "--create")
    assert report.returncode == 0, report.stderr
    modes = {
        folder: oct((tmp_path / folder).stat().st_mode & 0o777)
        for folder in ("etc/facelatch", "var/lib/facelatch", "var/lib/facelatch/templates")
    }
    assert list(modes.values()) == ["0o755", "0o700", "0o700"], modes


def matching_rule(**device: str) -> dict[str, str]:
    """What the udev rules assign to a device: `==` compares with globs and `|`, as udev does."""
    for line in (FOLDER / "60-facelatch.rules").read_text().splitlines():
        parts = re.findall(r'(\w+)(?:\{(\w+)\})?(==|\+=|=)"([^"]*)"', line)
        wanted = [(attribute or key, value) for key, attribute, operator, value in parts if operator == "=="]
        if wanted and all(
            any(fnmatch.fnmatchcase(device.get(key, ""), one) for one in value.split("|"))
            for key, value in wanted
        ):
            return {key: value for key, _, operator, value in parts if operator != "=="}
    return {}


def usb(vendor: str, product: str) -> dict[str, str]:
    return matching_rule(SUBSYSTEM="usb", DEVTYPE="usb_device", idVendor=vendor, idProduct=product)


@pytest.mark.parametrize(
    ("vendor", "product"),
    [
        pytest.param("8086", "0ad1", id="realsense-d400"),
        pytest.param("8086", "0ad3", id="realsense-d415"),
        pytest.param("8086", "0b07", id="realsense-d435"),
        pytest.param("8086", "0b3a", id="realsense-d435i"),
        pytest.param("8086", "0b5b", id="realsense-d405"),
        pytest.param("8086", "0b5c", id="realsense-d455"),
        pytest.param("8086", "0afe", id="realsense-d430i"),
        pytest.param("045e", "02ae", id="kinect-camera"),
        pytest.param("045e", "02b0", id="kinect-motor"),
        pytest.param("045e", "02bf", id="kinect-for-windows-camera"),
    ],
)
def test_udev_gives_cameras_to_the_services_group(vendor: str, product: str) -> None:
    assert usb(vendor, product)["GROUP"] in settings("SupplementaryGroups")[0].split()
    assert usb(vendor, product)["MODE"] == "0660"


@pytest.mark.parametrize(("vendor", "product"), [("8086", "0aaa"), ("046d", "0b07"), ("045e", "028e")])
def test_udev_leaves_other_devices_alone(vendor: str, product: str) -> None:
    assert usb(vendor, product) == {}


def test_udev_gives_the_lines_to_a_group_and_to_nobody_who_is_just_logged_in() -> None:
    assert matching_rule(SUBSYSTEM="gpio", KERNEL="gpiochip4") == {"MODE": "0660", "GROUP": "gpio"}
