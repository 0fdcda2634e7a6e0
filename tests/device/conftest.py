"""What several files of the device's tests need."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from facelatch import cli, resources
from facelatch.commands import options
from facelatch.exit_codes import ExitCode
from facelatch.store import Store
from tests.bundles import make_bundle, write_bundle
from tests.device.scripted_freenect import ScriptedFreenect, build_stub


@pytest.fixture(scope="session", autouse=True)
def _no_installed_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands without `--config` read no file of this machine.

    A process of its own does not know of this: give it `--config /dev/null`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "DEFAULT_CONFIG", tmp_path_factory.mktemp("etc") / "facelatch.toml")
        yield


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random model, for reading only."""
    return write_bundle(tmp_path_factory.mktemp("model") / "bundle", make_bundle())


@pytest.fixture(scope="session")
def enrolled(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that holds ada, enrolled by the command from the demonstration's owner, for reading only."""
    store = Store(tmp_path_factory.mktemp("store") / "templates")
    turns = resources.demo_folder() / "owner" / "enrol"
    words = ("enrol", "ada", "--capture", turns, "--bundle", bundle, "--store", store.folder)
    assert cli.main([str(word) for word in words]) == ExitCode.OK
    return store


@pytest.fixture(scope="session")
def _built_freenect(tmp_path_factory: pytest.TempPathFactory) -> ScriptedFreenect:
    return build_stub(tmp_path_factory.mktemp("freenect"))


@pytest.fixture
def freenect_stub(_built_freenect: ScriptedFreenect) -> ScriptedFreenect:
    """A libfreenect with one Kinect that works, until told otherwise."""
    _built_freenect.set()
    return _built_freenect
