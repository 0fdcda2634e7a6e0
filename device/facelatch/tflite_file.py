"""Whether bytes are a whole TFLite file, told before a runtime sees them.

tflite-runtime 2.14 follows offsets without looking and ends the process with a segmentation fault on a
truncated file, so the offsets are followed here first. The layout is FlatBuffers'
(https://flatbuffers.dev/internals), the tables are those of TFLite's schema version 3 as far as an encoder
uses them.
"""

import struct
from collections.abc import Mapping

from facelatch.errors import ModelError

BYTES, WORDS, LONGS = 1, 4, 8
"""A vector of numbers, by the size of one number in bytes."""

_Field = int | str | tuple[str]
_TABLES: Mapping[str, Mapping[int, _Field]] = {
    # Slot -> a vector of numbers, a table by its name, or a vector of tables as a tuple of one name.
    "Model": {
        1: ("OperatorCode",), 2: ("SubGraph",), 3: BYTES, 4: ("Buffer",),
        5: WORDS, 6: ("Metadata",), 7: ("Signature",),
    },
    "OperatorCode": {1: BYTES},
    "SubGraph": {0: ("Tensor",), 1: WORDS, 2: WORDS, 3: ("Operator",), 4: BYTES},
    "Tensor": {0: WORDS, 3: BYTES, 4: "Quantisation", 7: WORDS},
    "Quantisation": {0: WORDS, 1: WORDS, 2: WORDS, 3: LONGS},
    "Operator": {1: WORDS, 2: WORDS, 4: "Options", 5: BYTES, 7: BYTES, 8: WORDS, 12: "Options"},
    "Options": {},
    "Buffer": {0: BYTES},
    "Metadata": {0: BYTES},
    "Signature": {0: ("TensorMap",), 1: ("TensorMap",), 2: BYTES},
    "TensorMap": {0: BYTES},
}  # fmt: skip


def check(data: bytes, source: str) -> None:
    """Refuse what is not a whole TFLite file: `ModelError` with `source` and what was found."""
    if data[4:8] != b"TFL3":
        found = f"{len(data)} bytes that start with {data[:8]!r}" if data else "an empty file"
        raise ModelError(f"{source}: not a TFLite model, found {found}; copy or convert the model again")
    try:
        _follow(data, _unsigned(data, 0), "Model")
    except (struct.error, IndexError):
        raise ModelError(
            f"{source}: the TFLite model is truncated or damaged ({len(data)} bytes); "
            "copy or convert it again"
        ) from None


def _follow(data: bytes, at: int, table: str) -> None:
    """Visit a table and all it points to; raises `IndexError` or `struct.error` where it leaves the file."""
    vtable = at - _number("<i", data, at)
    size, inline = _number("<H", data, vtable), _number("<H", data, vtable + 2)
    _need(data, vtable, size)
    _need(data, at, inline)
    for slot, field in _TABLES[table].items():
        entry = 4 + 2 * slot
        offset = _number("<H", data, vtable + entry) if entry + 2 <= size else 0
        if offset == 0:
            continue
        target = at + offset + _unsigned(data, at + offset)
        if isinstance(field, str):
            _follow(data, target, field)
        elif isinstance(field, int):
            _need(data, target + 4, _unsigned(data, target) * field)
        else:
            _follow_each(data, target, field[0])


def _follow_each(data: bytes, vector: int, table: str) -> None:
    count = _unsigned(data, vector)
    _need(data, vector + 4, 4 * count)
    for place in range(vector + 4, vector + 4 + 4 * count, 4):
        _follow(data, place + _unsigned(data, place), table)


def _unsigned(data: bytes, at: int) -> int:
    return _number("<I", data, at)


def _number(kind: str, data: bytes, at: int) -> int:
    if at < 0:
        raise IndexError(at)
    number: int = struct.unpack_from(kind, data, at)[0]
    return number


def _need(data: bytes, at: int, size: int) -> None:
    if at < 0 or at + size > len(data):
        raise IndexError(at + size)
