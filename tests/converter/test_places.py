import stat
from pathlib import Path

import pytest

from facelatch_converter import places
from facelatch_converter.errors import OutputError


def test_a_file_takes_its_place_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "encoder.tflite"
    for content in (b"first", b"second"):
        with places.replacing(path) as file:
            file.write(content)
        assert path.read_bytes() == content
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [file.name for file in path.parent.iterdir()] == ["encoder.tflite"]


def write_half(path: Path, error: Exception) -> None:
    with places.replacing(path) as file:
        file.write(b"half")
        raise error


def test_a_failure_changes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "encoder.tflite"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="bad luck"):
        write_half(path, ValueError("bad luck"))
    with pytest.raises(OutputError, match="No space left"):
        write_half(path, OSError(28, "No space left on device"))
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["encoder.tflite"]


def test_what_is_in_the_way_is_refused(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("text")
    (folder / "inner").mkdir(parents=True)
    with pytest.raises(OutputError, match="is there already"):
        places.refuse_taken_file(file, force=False)
    places.refuse_taken_file(file, force=True)
    places.refuse_taken_file(tmp_path / "new" / "deep" / "file", force=False)
    with pytest.raises(OutputError, match="is a folder"):
        places.refuse_taken_file(folder, force=True)
    with pytest.raises(OutputError, match="file is not a folder"):
        places.refuse_taken_file(file / "inner", force=True)
    with pytest.raises(OutputError, match="file: is not a folder"):
        places.refuse_taken_folder(file)
    with pytest.raises(OutputError, match="folder: is not empty"):
        places.refuse_taken_folder(folder)
    places.refuse_taken_folder(folder / "inner")
    places.refuse_taken_folder(tmp_path / "new")
