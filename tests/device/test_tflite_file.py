import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch import tflite_file
from facelatch.errors import ModelError

MODELS = Path(__file__).parents[1] / "data" / "models"
ENCODER = (MODELS / "encoder.tflite").read_bytes()


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.tflite")), ids=lambda path: path.stem)
def test_whole_files_pass(path: Path) -> None:
    tflite_file.check(path.read_bytes(), path.name)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"PK\x03\x04" * 40, "160 bytes that start with b'PK", id="foreign"),
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1\n", "43 bytes that start", id="lfs-pointer"
        ),
        pytest.param(ENCODER[:-1], "truncated or damaged (8503 bytes)", id="last-byte-missing"),
        pytest.param(ENCODER[: len(ENCODER) // 2], "truncated or damaged", id="half"),
        pytest.param(ENCODER[:12], "truncated or damaged (12 bytes)", id="header-only"),
        pytest.param(ENCODER[:60] + b"\xff" * 140 + ENCODER[200:], "truncated or damaged", id="overwritten"),
    ],
)
def test_refuses_by_name(data: bytes, found: str) -> None:
    with pytest.raises(ModelError) as refused:
        tflite_file.check(data, "door/encoder.tflite")
    assert str(refused.value).startswith("door/encoder.tflite: ")
    assert found in str(refused.value)


@given(length=st.integers(0, len(ENCODER) - 1))
def test_every_shorter_file_is_refused(length: int) -> None:
    with pytest.raises(ModelError):
        tflite_file.check(ENCODER[:length], "short")


@given(at=st.integers(8, len(ENCODER) - 1), value=st.integers(0, 255))
def test_a_damaged_byte_is_refused_or_harmless_but_never_an_exception(at: int, value: int) -> None:
    damaged = bytearray(ENCODER)
    damaged[at] = value
    with contextlib.suppress(ModelError):
        tflite_file.check(bytes(damaged), "damaged")
