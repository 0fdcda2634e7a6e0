"""The toy head, made once: tests read it and never change it."""

from pathlib import Path

import pytest

from facelatch_converter.face_model import FaceModel, load_face_model
from facelatch_converter.regions import Regions, find_regions
from tests.converter.toy_model import write_toy_model


@pytest.fixture(scope="session")
def face_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its file."""
    return write_toy_model(Path(tmp_path_factory.mktemp("model")) / "toy.npz")


@pytest.fixture(scope="session")
def model(face_model: Path) -> FaceModel:
    return load_face_model(face_model)


@pytest.fixture(scope="session")
def regions(model: FaceModel) -> Regions:
    return find_regions(model)
