import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from facelatch.cameras.drivers import BUILT_IN, DriverSettings, open_camera
from facelatch.cameras.installed import installed_drivers
from facelatch.captures import read_frames, read_info
from facelatch.errors import CameraError, CaptureError, ConfigError, FacelatchError
from tests.device.foreign_drivers import install
from tests.processes import run_python
from tests.requirements import need_module

EXAMPLE = Path(__file__).parents[1] / "data" / "example-camera-driver"
WORKING = """
from facelatch.cameras.scripted import ScriptedCamera
opened = []
def open_camera(settings):
    opened.append(settings)
    return ScriptedCamera([], serial=settings.serial or "7")
"""
COMMAND = "import sys; sys.path.append(sys.argv[1]); from facelatch import cli; print(cli.main(sys.argv[2:]))"


def test_a_driver_of_another_package_is_opened_with_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "some-driver", "some", WORKING)
    settings = DriverSettings("42", tmp_path, 3.0, {"gain": 2})
    camera = open_camera("some", settings)
    assert (camera.driver, camera.serial) == ("some", "42")
    assert list(camera.frames()) == []
    assert sys.modules["some_driver"].opened == [settings]


def test_installed_drivers_are_listed_with_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "listed-b", "one", WORKING)
    install(tmp_path, monkeypatch, "listed-a", "one", WORKING)
    install(tmp_path, monkeypatch, "listed-c", "two", WORKING)
    found = installed_drivers()
    assert (found["one"], found["two"]) == (["listed-a", "listed-b"], ["listed-c"])
    with pytest.raises(
        ConfigError, match=r"no camera driver 'three'; known are realsense, kinect, .*one, two"
    ):
        open_camera("three", DriverSettings())


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_package_takes_the_name_of_a_built_in_driver(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, f"shadow-{name}", name, "raise SystemExit('the wrong one was loaded')")
    with pytest.raises(FacelatchError) as caught:
        open_camera(name, DriverSettings(recording=tmp_path / "none", options={"no-such": 1}))
    assert "shadow" not in str(caught.value)


def test_two_packages_with_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "twin-b", "twin", WORKING)
    install(tmp_path, monkeypatch, "twin-a", "twin", WORKING)
    with pytest.raises(ConfigError, match=r"driver twin: twin-a, twin-b; uninstall all but one"):
        open_camera("twin", DriverSettings())


@pytest.mark.parametrize(
    ("module", "kind", "message"),
    [
        pytest.param(
            "import no_such_sdk",
            ConfigError,
            "cannot be loaded .ModuleNotFoundError: No module named 'no_such_sdk'.; install that package anew",
            id="its-sdk-is-missing",
        ),
        pytest.param("x = 1", ConfigError, "cannot be loaded .AttributeError", id="nothing-there"),
        pytest.param("def open_camera(:", ConfigError, "cannot be loaded .SyntaxError", id="no-python"),
        pytest.param(
            "open_camera = 3", ConfigError, "must be something that opens .* found 3", id="no-opener"
        ),
        pytest.param(
            "def open_camera(settings): return 3",
            ConfigError,
            r"opened 3, which is no camera: it has no frames, close, serial \(text\)",
            id="no-camera",
        ),
        pytest.param(
            "def open_camera(settings): return None",
            ConfigError,
            "opened None, which is no camera",
            id="nothing",
        ),
        pytest.param(
            "def open_camera(): pass", CameraError, "failed to open its camera .TypeError", id="takes-nothing"
        ),
        pytest.param(
            "def open_camera(settings): raise RuntimeError('no\\ndevice')",
            CameraError,
            r"failed to open its camera \(RuntimeError: no device\)",
            id="raises",
        ),
        pytest.param(
            "from facelatch.errors import CaptureError\ndef open_camera(settings): raise CaptureError('cut')",
            CaptureError,
            "^cut$",
            id="raises-ours",
        ),
    ],
)
def test_a_driver_that_is_broken_is_named(
    module: str, kind: type[FacelatchError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"broken-{abs(hash(module))}"
    install(tmp_path, monkeypatch, package, "broken", module)
    with pytest.raises(kind, match=message) as caught:
        open_camera("broken", DriverSettings())
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert kind is CaptureError or f"the camera driver broken of package {package}" in str(caught.value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example driver, built and installed as pip would, without network."""
    need_module("hatchling")
    folder = tmp_path_factory.mktemp("example")
    source = shutil.copytree(EXAMPLE, folder / "source")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=source, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    # A wheel of Python alone is installed by unpacking it.
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_example_of_the_docs_is_a_camera_like_any_other(site: Path, tmp_path: Path) -> None:
    (tmp_path / "ball.toml").write_text(
        '[camera]\ndriver = "rolling-ball"\nserial = "BALL-1"\n[camera.options]\nradius_px = 30\nmoments = 5\n'
    )
    words = ("record", str(tmp_path / "kept"), "--json", "--config", str(tmp_path / "ball.toml"))
    said = run_python(COMMAND, str(site), *words)
    assert said.endswith("\n0\n")
    assert json.loads(said[: said.rindex("}") + 1])["frames"] == 5
    info = read_info(tmp_path / "kept")
    assert (info.driver, info.serial) == ("rolling-ball", "BALL-1")
    frames = list(read_frames(tmp_path / "kept"))
    assert [int((frame.depth_mm == 600).sum()) for frame in frames] == sorted(
        int((frame.depth_mm == 600).sum()) for frame in frames
    )
    assert frames[4].timestamp_ns == 133_333_333


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        pytest.param(
            "[camera.options]\nradius = 3", 3, "camera.options.radius; known are radius_px", id="unknown"
        ),
        pytest.param("[camera.options]\nradius_px = 0", 3, "radius_px must be .* found 0", id="out-of-range"),
        pytest.param('serial = "BALL-2"', 7, "ball BALL-2 is not here", id="another-serial"),
        pytest.param('recording = "/a.db3"', 3, "plays no recordings", id="recording"),
    ],
)
def test_the_examples_errors_end_commands_as_ours_do(
    site: Path, settings: str, code: int, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from facelatch import cli

    monkeypatch.syspath_prepend(site)
    (tmp_path / "ball.toml").write_text(f'[camera]\ndriver = "rolling-ball"\n{settings}\n')
    with pytest.raises(FacelatchError, match=message) as caught:
        cli.run(["record", str(tmp_path / "kept"), "--config", str(tmp_path / "ball.toml")])
    from facelatch.exit_codes import of_error

    assert of_error(caught.value) == code
