"""Crops kept in a folder: exactly what was rendered, and only while the renderer is the same."""

from pathlib import Path

import numpy as np
import pytest

from facelatch.preprocess import Crop, CropSpec, encode
from facelatch_converter.errors import OutputError
from facelatch_converter.protocols.crop_cache import Tensors, cached, imported_by

SPEC = CropSpec(size_px=32)


def rendered(seed: int = 1) -> Tensors:
    rng = np.random.default_rng(seed)
    depth = np.where(rng.random((32, 32)) < 0.9, rng.uniform(480, 520, (32, 32)), 0).astype(np.float32)
    crop = Crop(rng.uniform(0, 255, (32, 32, 3)).astype(np.float32), depth)
    return encode(crop, SPEC)[None].astype(np.float16)


def never() -> Tensors:
    raise AssertionError("rendered again")


def test_what_is_kept_comes_back_as_it_was_rendered(tmp_path: Path) -> None:
    first = cached(tmp_path, "anna", SPEC, rendered)
    np.testing.assert_array_equal(first, rendered())
    np.testing.assert_array_equal(cached(tmp_path, "anna", SPEC, never), rendered())
    (kept,) = tmp_path.glob("*/*.npy")
    assert kept.stat().st_size < 0.7 * rendered().nbytes
    assert [path.suffix for path in kept.parent.iterdir()] == [".npy"]


def test_another_subject_or_crop_is_another_entry(tmp_path: Path) -> None:
    cached(tmp_path, "anna", SPEC, rendered)
    other = cached(tmp_path, "bert", SPEC, lambda: rendered(2))
    assert (other != rendered()).any()
    with pytest.raises(AssertionError, match="rendered again"):
        cached(tmp_path, "anna", CropSpec(size_px=32, span_mm=180), never)


def test_without_a_folder_nothing_is_kept() -> None:
    np.testing.assert_array_equal(cached(None, "anna", SPEC, rendered), rendered())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written .*; choose another --cache"):
        cached(tmp_path / "file", "anna", SPEC, rendered)


def test_the_renderers_code_is_all_of_it_and_no_more() -> None:
    found = imported_by("facelatch_converter.protocols.take_crops")
    assert {
        "facelatch.preprocess",
        "facelatch_converter.sensors",
        "facelatch_converter.rasterise",
        "facelatch_converter.people",
        "facelatch_converter.protocols.named",
    } <= found
    assert not found & {"facelatch_converter.train", "facelatch_converter.plots", "facelatch.session"}
