from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facelatch.cameras.fakenect import check_dump
from facelatch.errors import CaptureError
from tests.device.kinect_dump import write_dump

IMAGES = [(np.zeros((480, 640), np.uint16), np.zeros((480, 640, 3), np.uint8))]


def test_a_whole_dump_may_be_played(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", IMAGES)
    assert check_dump(str(folder)) == folder


def cut(kind: str, by: int) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        path = next(folder.glob(f"{kind}-*"))
        path.write_bytes(path.read_bytes()[:-by])

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(
            lambda folder: (folder / "INDEX.txt").unlink(), r"no dump .*No such file", id="no-index"
        ),
        pytest.param(
            lambda folder: next(folder.glob("r-*")).unlink(), "no dump .*No such file", id="no-image"
        ),
        pytest.param(cut("d", 1), r"d-.*\.pgm: is cut short, 614416 of 614417 bytes", id="depth"),
        pytest.param(cut("r", 900_000), r"r-.*\.ppm: is cut short", id="colour"),
        pytest.param(cut("a", 12), r"a-.*\.dump: is cut short", id="empty"),
        pytest.param(lambda folder: (folder / "INDEX.txt").write_bytes(b"d\0\n"), "is no dump", id="garbage"),
    ],
)
def test_a_damaged_dump_is_refused_before_it_ends_the_process(
    tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    folder = write_dump(tmp_path / "dump", IMAGES)
    damage(folder)
    with pytest.raises(CaptureError, match=message) as caught:
        check_dump(str(folder))
    assert str(caught.value).startswith(str(folder))
    assert "record it again" in str(caught.value)


def test_without_a_dump_nothing_is_played(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="FAKENECT_PATH"):
        check_dump("")
    with pytest.raises(CaptureError, match="is no dump"):
        check_dump(str(tmp_path / "none"))
