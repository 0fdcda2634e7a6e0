import json
from pathlib import Path

import pytest

from facelatch import cli
from facelatch.commands.cameras import look, to_text
from facelatch.errors import ConfigError
from tests.device.foreign_drivers import install


def plug(root: Path, name: str, vendor: str, product: str, speed: str) -> None:
    folder = root / "sys/bus/usb/devices" / name
    folder.mkdir(parents=True)
    values = {"idVendor": vendor, "idProduct": product, "busnum": "2", "devnum": "7", "product": name}
    for file, value in (values | {"speed": speed}).items():
        (folder / file).write_text(f"{value}\n")


def missing() -> None:
    raise ConfigError("it needs a library; install it")


def test_cameras_are_told_from_other_devices(tmp_path: Path) -> None:
    plug(tmp_path, "D435", "8086", "0b07", "5000")
    plug(tmp_path, "Xbox NUI Camera", "045e", "02ae", "480")
    plug(tmp_path, "Xbox NUI Motor", "045e", "02b0", "12")
    plug(tmp_path, "keyboard", "045e", "0750", "12")
    cameras = look(tmp_path, {})["cameras"]
    assert [(camera["driver"], camera["name"]) for camera in cameras] == [
        ("realsense", "D435"),
        ("kinect", "Xbox NUI Camera"),
    ]
    assert cameras[0]["node"] == str(tmp_path / "dev/bus/usb/002/007")


def test_drivers_say_what_they_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "told-a", "told-of", "")
    install(tmp_path, monkeypatch, "told-b", "told-twice", "")
    install(tmp_path, monkeypatch, "told-c", "told-twice", "")
    install(tmp_path, monkeypatch, "told-d", "kinect", "")
    report = look(tmp_path, {"realsense": missing, "kinect": lambda: None})
    found = [(driver["name"], driver["packages"], str(driver["state"])) for driver in report["drivers"]]
    assert ("realsense", ["facelatch"], "it needs a library; install it") in found
    assert ("kinect", ["facelatch"], "ready") in found
    assert ("replay", ["facelatch"], "ready") in found
    assert ("told-of", ["told-a"], "ready") in found
    assert (
        "told-twice",
        ["told-b", "told-c"],
        "refused: several packages bring it; uninstall all but one",
    ) in found
    assert ("kinect", ["told-d"], "ignored: the built-in driver has that name") in found
    text = to_text(report)
    assert "none that a built-in driver knows" in text
    assert "realsense     it needs a library; install it (facelatch)" in text


def test_both_ways_of_printing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cameras", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"realsense", "kinect", "replay"} <= {driver["name"] for driver in report["drivers"]}
    assert cli.main(["cameras"]) == 0
    assert capsys.readouterr().out.startswith("cameras\n")
