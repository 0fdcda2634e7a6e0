import argparse
import json
import os
import sys
from pathlib import Path

import pytest

from facelatch.captures import CaptureWriter
from facelatch.commands import doctor
from facelatch.commands.program import INSTALLED, own_program
from facelatch.config import load, parse
from facelatch.diagnosis.checks import Finding, Status, examine
from facelatch.exit_codes import ExitCode
from facelatch.frames import Frame
from tests.bundles import make_bundle, write_bundle
from tests.factories import make_frame
from tests.outsiders import shut_out_of
from tests.wired_door import CHIP, wire


def record(folder: Path, frame: Frame) -> Path:
    with CaptureWriter(folder, driver="scripted", serial="7") as writer:
        writer.write(frame)
    return folder


def write_config(folder: Path, *, model: str = "encoder", lock: str = 'driver = "recording"') -> Path:
    """A config of a board that is in order but for what the arguments say."""
    (folder / "store").mkdir(mode=0o700)
    bundle = write_bundle(folder / "bundle", make_bundle(model))
    capture = record(folder / "capture", make_frame(600, noise_seed=1))
    path = folder / "facelatch.toml"
    path.write_text(
        f'[model]\nbundle = "{bundle}"\n[camera]\ndriver = "replay"\nrecording = "{capture}"\n'
        f'[lock]\n{lock}\n[store]\nfolder = "{folder / "store"}"\n'
    )
    return path


def diagnose(path: Path, root: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in doctor.diagnose(lambda: load(path), root)}


def test_a_board_in_order_without_a_door(tmp_path: Path) -> None:
    findings = diagnose(write_config(tmp_path), tmp_path)
    assert {name: finding.status.value for name, finding in findings.items()} == {
        "settings": "ok",
        "runtime": "ok",
        "model": "ok",
        "driver": "ok",
        "cameras": "ok",
        "camera": "ok",
        "permissions": "ok",
        "lock": "warn",
        "store": "warn" if os.geteuid() == 0 else "ok",
        "templates": "warn",
        "events": "ok",
        "board": "ok",
    }
    assert "made-up (" in findings["model"].found
    assert "0.8" in findings["model"].found
    assert "640x480, depth on 100% of the view" in findings["camera"].found
    assert "nobody is enrolled" in findings["templates"].found


def test_a_config_that_is_refused_fails_every_check(tmp_path: Path) -> None:
    path = tmp_path / "facelatch.toml"
    path.write_text("[lock]\nkind = 1\n")
    findings = doctor.diagnose(lambda: load(path), tmp_path)
    assert all(finding.status is Status.FAIL for finding in findings)
    assert f"{path}: unknown key in [lock]: kind" in findings[0].found
    assert {finding.found for finding in findings[1:]} == {"not checked"}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        pytest.param("silent", "gives no embedding", id="no-embedding"),
        pytest.param("float", "input is float32, not int8", id="float"),
        pytest.param("short-embedding", "its card says (1, 128)", id="another-shape"),
    ],
)
def test_a_model_that_does_not_work(tmp_path: Path, model: str, words: str) -> None:
    finding = diagnose(write_config(tmp_path, model=model), tmp_path)["model"]
    assert finding.status is Status.FAIL
    assert words in finding.found


def test_a_model_that_was_changed_after_its_card(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    (tmp_path / "bundle" / "encoder.tflite").write_bytes(b"other")
    finding = diagnose(path, tmp_path)["model"]
    assert finding.status is Status.FAIL
    assert "is not the one card.json names" in finding.found


@pytest.mark.parametrize(
    ("driver", "status", "found", "hint"),
    [
        pytest.param("replay", Status.OK, "replay needs nothing", "", id="replay"),
        pytest.param("orbit", Status.FAIL, "orbit: no package brings it", "facelatch cameras", id="unknown"),
    ],
)
def test_the_driver(tmp_path: Path, driver: str, status: Status, found: str, hint: str) -> None:
    config = parse(f'[camera]\ndriver = "{driver}"\nrecording = "/x"\n', "x.toml")
    finding = doctor.CHECKS["driver"](config, tmp_path)
    assert (finding.status, finding.found) == (status, found)
    assert hint in finding.hint


@pytest.mark.parametrize(
    ("driver", "module", "remedy"),
    [
        pytest.param("realsense", "pyrealsense2", "pip install 'facelatch[realsense]'", id="realsense"),
        pytest.param("kinect", "libfreenect", "apt install libfreenect0.5", id="kinect"),
    ],
)
def test_a_driver_is_there_or_its_package_is_named(
    tmp_path: Path, driver: str, module: str, remedy: str
) -> None:
    config = parse(f'[camera]\ndriver = "{driver}"\n', "x.toml")
    finding = examine("driver", lambda: doctor.CHECKS["driver"](config, tmp_path))
    if finding.status is Status.OK:
        assert module in finding.found
    else:
        assert remedy in finding.found + finding.hint


def test_without_the_sdk_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrealsense2", None)  # Python's way to say that there is none.
    finding = examine("driver", lambda: doctor.CHECKS["driver"](parse("", "x"), tmp_path))
    assert (finding.status, "not installed" in finding.found) == (Status.FAIL, True)
    assert "pip install 'facelatch[realsense]'" in finding.hint


def put_usb(root: Path, name: str, **files: str) -> None:
    folder = root / "sys/bus/usb/devices" / name
    folder.mkdir(parents=True)
    for file, text in ({"busnum": "1", "devnum": "4"} | files).items():
        (folder / file).write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("driver", "status", "words"),
    [
        pytest.param("kinect", Status.OK, "kinect Xbox NUI Camera (480 Mbit/s)", id="kinect"),
        pytest.param("replay", Status.OK, "asks for none of them", id="not-asked-for"),
        pytest.param("realsense", Status.FAIL, "no realsense is plugged in, found kinect", id="another"),
    ],
)
def test_cameras_on_the_bus(tmp_path: Path, driver: str, status: Status, words: str) -> None:
    put_usb(tmp_path, "1-2", idVendor="045e", idProduct="02ae", product="Xbox NUI Camera", speed="480")
    config = parse(
        f'[camera]\ndriver = "{driver}"\nrecording = "{"/x" if driver == "replay" else ""}"\n', "x"
    )
    finding = doctor.CHECKS["cameras"](config, tmp_path)
    assert finding.status is status
    assert words in finding.found


def test_a_realsense_on_the_bus_that_the_sdk_may_not_open_is_still_seen(tmp_path: Path) -> None:
    put_usb(tmp_path, "1-2", idVendor="8086", idProduct="0b07", product="RealSense 435", speed="480")
    finding = doctor.CHECKS["cameras"](parse("", "x"), tmp_path)
    assert finding.status is Status.WARN
    assert "realsense RealSense 435 (480 Mbit/s)" in finding.found
    assert "USB 3 port" in finding.hint


def test_a_camera_without_depth_warns(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    blind = record(tmp_path / "blind", make_frame(0))
    path.write_text(path.read_text().replace(str(tmp_path / "capture"), str(blind)))
    finding = diagnose(path, tmp_path)["camera"]
    assert finding.status is Status.WARN
    assert "depth on 0%" in finding.found


def test_a_recording_that_is_not_there_fails(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    path.write_text(path.read_text().replace(str(tmp_path / "capture"), str(tmp_path / "gone")))
    finding = diagnose(path, tmp_path)["camera"]
    assert finding.status is Status.FAIL
    assert str(tmp_path / "gone") in finding.found


def test_a_lock_that_is_not_there_fails_twice(tmp_path: Path) -> None:
    path = write_config(tmp_path, lock='driver = "gpio"\nchip = "/dev/gpiochip-none"\nline = "GPIO17"')
    findings = diagnose(path, tmp_path)
    assert findings["lock"].status is Status.FAIL
    assert "/dev/gpiochip-none is not a GPIO chip" in findings["lock"].found
    assert findings["permissions"].status is Status.FAIL
    assert "there is no /dev/gpiochip*" in findings["permissions"].found


def test_a_lock_that_has_its_keeper_is_asked_for_there(tmp_path: Path) -> None:
    """Neither the line nor the right to open it is any of the caller's business then."""
    place = tmp_path / "run" / "facelatch-lock"
    place.mkdir(parents=True)
    (tmp_path / "door").mkdir()
    with wire(tmp_path / "door") as door:
        door.write_config()
        path = write_config(tmp_path, lock=f'driver = "gpio"\nchip = "{CHIP}"\nline = "lock"')
        with door.keeper("--socket", str(place / "lock.sock")):
            findings = diagnose(path, tmp_path)
            text = path.read_text()
            path.write_text(text.replace('line = "lock"', 'line = "lock"\npulse_s = 9.0'))
            pulse = diagnose(path, tmp_path)["lock"]
            path.write_text(text.replace('line = "lock"', 'line = "GPIO17"\nactive_low = true'))
            changed = diagnose(path, tmp_path)["lock"]
            path.write_text(text.replace('driver = "gpio"', 'driver = "recording"'))
            forgotten = diagnose(path, tmp_path)["lock"]
            path.write_text(f'{text}[panel]\nbutton = "button"\n')
            wired = diagnose(path, tmp_path)["lock"]
            (place / "lock.sock.line").unlink()
            unknown = diagnose(path, tmp_path)["lock"]
    assert findings["lock"] == Finding("lock", Status.OK, "facelatch-lock.service keeps it, secured now")
    assert findings["permissions"].status is Status.OK
    assert pulse == findings["lock"]  # the daemon's, which tells the keeper with each grant
    assert {changed.status, forgotten.status, wired.status, unknown.status} == {Status.FAIL}
    assert changed.found.endswith(
        "settings: lock.line 'lock' and not 'GPIO17', lock.active_low False and not True"
    )
    assert wired.found.endswith("settings: panel.button '' and not 'button'")
    assert forgotten.found.endswith("settings: lock.driver 'gpio' and not 'recording'")
    assert unknown.found.endswith("which ones it does not say")
    assert changed.hint.startswith("sudo systemctl restart facelatch-lock")


def test_a_store_that_others_may_read_fails(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    (tmp_path / "store").chmod(0o755)
    findings = diagnose(path, tmp_path)
    assert (findings["store"].status, findings["templates"].status) == (Status.FAIL, Status.FAIL)
    assert "(mode 0755)" in findings["store"].found


def test_a_store_that_may_not_be_looked_into_names_the_services_user(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    (tmp_path / "private").mkdir(mode=0o700)
    text = path.read_text().replace(str(tmp_path / "store"), str(tmp_path / "private" / "store"))
    config = parse(text, str(path))
    with shut_out_of(tmp_path / "private"):
        finding = doctor.CHECKS["store"](config, tmp_path)
    assert finding.status is Status.FAIL
    assert "this user may not look there" in finding.found
    assert "sudo -u facelatch /" in finding.hint


@pytest.mark.parametrize(
    ("path", "status"), [("", Status.OK), ("/dev/null", Status.OK), ("/nowhere/events", Status.FAIL)]
)
def test_where_events_go(tmp_path: Path, path: str, status: Status) -> None:
    config = write_config(tmp_path)
    config.write_text(config.read_text() + f'[events]\npath = "{path}"\n')
    finding = diagnose(config, tmp_path)["events"]
    assert finding.status is status
    assert bool(finding.hint) == (status is Status.FAIL)


def test_an_errors_remedy_is_the_hint(tmp_path: Path) -> None:
    path = write_config(tmp_path, lock='driver = "gpio"\nchip = "/dev/gpiochip-none"\nline = "GPIO17"')
    assert diagnose(path, tmp_path)["lock"].hint == "see `gpiodetect`"


def test_the_examples_name_the_program_that_is_installed() -> None:
    unit = (Path(__file__).parents[2] / "systemd" / "facelatch.service").read_text()
    assert f"ExecStart={INSTALLED} run " in unit
    assert f"sudo -u facelatch {INSTALLED} doctor" in doctor.EXAMPLES


def test_hints_name_a_program_that_is_there(tmp_path: Path) -> None:
    called = tmp_path / "facelatch"
    assert own_program(str(called)) == INSTALLED
    called.touch()
    assert own_program(str(called)) == str(called)
    (tmp_path / "cli.py").touch()
    assert own_program(str(tmp_path / "cli.py")) == INSTALLED


def test_boards_facts_come_from_the_root(tmp_path: Path) -> None:
    firmware = tmp_path / "sys/devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (firmware / "get_throttled").write_text("1\n")
    finding = diagnose(write_config(tmp_path), tmp_path)["board"]
    assert (finding.status, finding.found) == (Status.WARN, "the firmware reports: under-voltage now")


def run(path: Path, *, as_json: bool) -> ExitCode:
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    return doctor.run(parser.parse_args(["--config", str(path), *(["--json"] if as_json else [])]))


def test_the_command_prints_findings_and_ends_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(write_config(tmp_path), as_json=False) is ExitCode.OK
    printed = capsys.readouterr().out
    assert "ok    model " in printed
    assert "warn  lock " in printed


def test_the_command_ends_with_1_where_a_check_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(write_config(tmp_path, model="silent"), as_json=True) is ExitCode.REFUSED
    record_ = json.loads(capsys.readouterr().out)
    assert record_["status"] == "fail"
    assert [check["name"] for check in record_["checks"] if check["status"] == "fail"] == ["model"]
