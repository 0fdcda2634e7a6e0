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
LOCK_UNIT = FOLDER / "facelatch-lock.service"
BOTH = pytest.mark.parametrize("unit", [UNIT, LOCK_UNIT], ids=["daemon", "keeper"])


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def settings(name: str, unit: Path = UNIT) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


@BOTH
def test_exposure_is_at_most_1_5(unit: Path) -> None:
    report = run(need_program("systemd-analyze"), "security", "--offline=yes", "--no-pager", str(unit))
    found = re.search(rf"Overall exposure level for {re.escape(unit.name)}: ([0-9.]+)", report.stdout)
    assert found is not None, report.stdout + report.stderr
    assert float(found[1]) <= 1.5


@BOTH
def test_the_units_have_no_mistakes(unit: Path, tmp_path: Path) -> None:
    """`verify` wants the programs to exist: any program stands in for ours."""
    for each in (UNIT, LOCK_UNIT):
        text = each.read_text().replace("/opt/facelatch/bin/facelatch", shutil.which("true") or "")
        (tmp_path / each.name).write_text(text)
    report = run(need_program("systemd-analyze"), "verify", "--man=no", str(tmp_path / unit.name))
    assert (report.returncode, report.stderr) == (0, "")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("Type", "notify", id="notifies"),
        pytest.param("WatchdogSec", "20", id="watched"),
        pytest.param("User", "facelatch", id="own-user"),
        pytest.param("StateDirectoryMode", "0700", id="private-templates"),
        pytest.param("RuntimeDirectory", "facelatch", id="status"),
        pytest.param("RuntimeDirectoryMode", "0750", id="status-for-the-group"),
        pytest.param("RuntimeDirectoryPreserve", "restart", id="status-of-a-crashed-daemon"),
        pytest.param("PrivateNetwork", "yes", id="no-network"),
        pytest.param("DevicePolicy", "closed", id="no-device-but"),
        pytest.param("LimitCORE", "0", id="no-face-in-a-core-dump"),
    ],
)
def test_what_the_unit_promises(setting: str, value: str) -> None:
    assert settings(setting) == [value]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("Type", "notify", id="notifies"),
        pytest.param("WatchdogSec", "5", id="watched"),
        pytest.param("WatchdogSignal", "SIGKILL", id="killed-outright"),
        pytest.param("TimeoutStopSec", "10", id="time-to-secure-on-a-slow-board"),
        pytest.param("Restart", "always", id="comes-back"),
        pytest.param("StartLimitIntervalSec", "0", id="however-often"),
        pytest.param("User", "facelatch-lock", id="own-user"),
        pytest.param("RuntimeDirectoryMode", "0750", id="socket-for-the-group"),
        pytest.param("PrivateNetwork", "yes", id="no-network"),
    ],
)
def test_what_the_keepers_unit_promises(setting: str, value: str) -> None:
    assert settings(setting, LOCK_UNIT) == [value]


def test_only_the_keeper_may_touch_a_line() -> None:
    assert settings("DeviceAllow") == ["char-usb_device rw", "char-video4linux rw"]
    assert settings("SupplementaryGroups") == ["video"]
    assert settings("DeviceAllow", LOCK_UNIT) == ["char-gpiochip rw"]
    assert settings("SupplementaryGroups", LOCK_UNIT) == ["gpio"]
    assert settings("DevicePolicy") == settings("DevicePolicy", LOCK_UNIT) == ["closed"]
    assert settings("User") != settings("User", LOCK_UNIT)


def test_the_keeper_can_tell_who_connects() -> None:
    """In a user namespace of its own everybody is nobody."""
    assert settings("PrivateUsers", LOCK_UNIT) == []
    assert settings("Group", LOCK_UNIT) == settings("Group")
    assert f"--client-user {settings('User')[0]}" in settings("ExecStart", LOCK_UNIT)[0]


def test_the_daemon_starts_after_its_keeper_and_the_keeper_needs_no_daemon() -> None:
    assert settings("Wants") == settings("After") == [LOCK_UNIT.name]
    for name in ("Wants", "After", "Requires", "BindsTo", "PartOf"):
        assert settings(name, LOCK_UNIT) == []


@BOTH
def test_the_door_is_secured_after_it_however_it_ends(unit: Path) -> None:
    """No `-` before the command: a door that could not be secured must show as a failed unit."""
    (stop,) = settings("ExecStopPost", unit)
    folder = f"/run/{settings('RuntimeDirectory', LOCK_UNIT)[0]}"
    assert stop == (
        "/opt/facelatch/bin/facelatch secure-lock --config /etc/facelatch/facelatch.toml "
        f"--keeper {folder}/lock.sock"
    )


def test_daemon_and_keeper_mean_the_same_socket_and_settings() -> None:
    (daemon,), (keeper,) = settings("ExecStart"), settings("ExecStart", LOCK_UNIT)
    socket = "/run/facelatch-lock/lock.sock"
    assert daemon.endswith(f" run --config /etc/facelatch/facelatch.toml --keeper {socket}")
    assert f" keep-lock --config /etc/facelatch/facelatch.toml --socket {socket} " in keeper


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
    assert {name: groups[name] for name in ("video", "gpio")} == {
        "video": "facelatch",
        "gpio": "facelatch-lock",
    }
    users = (tmp_path / "etc/passwd").read_text()
    for user in ("facelatch", "facelatch-lock"):
        assert re.search(rf"^{user}:.*:/usr/sbin/nologin$", users, re.MULTILINE)


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
        pytest.param("045e", "02ad", id="kinect-audio"),
        pytest.param("045e", "02be", id="kinect-for-windows-audio"),
        pytest.param("045e", "02bb", id="kinect-for-windows-audio-with-firmware"),
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
