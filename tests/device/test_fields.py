import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.errors import CaptureError, ModelError
from facelatch.fields import Fields, build, decode_object, printable, show


def decode(document: object) -> Fields:
    return decode_object(json.dumps(document), "a.json", ModelError)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", "not JSON", id="empty"),
        pytest.param('{"a": ', "not JSON", id="cut"),
        pytest.param('{"a": NaN}', "NaN", id="nan"),
        pytest.param('{"a": -Infinity}', "-Infinity", id="infinity"),
        pytest.param('{"a": 1e999}', "1e999", id="overflow"),
        pytest.param('{"a": 1, "a": 2}', "given twice", id="twice"),
        pytest.param("[" * 100_000, "not JSON", id="deep"),
        pytest.param("[1]", "the whole file must be an object", id="list"),
        pytest.param("null", "the whole file must be an object", id="null"),
    ],
)
def test_refuses_what_is_not_one_object(text: str, found: str) -> None:
    with pytest.raises(CaptureError, match=r"^c\.json: ") as caught:
        decode_object(text, "c.json", CaptureError)
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_an_object_or_an_error(text: str) -> None:
    with suppress(ModelError):
        decode_object(text, "x", ModelError)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, -1, 11, [1], 10**400])
def test_whole_refuses(value: object) -> None:
    with pytest.raises(ModelError, match=r"a\.json: n must be a whole number from 0 to 10, found"):
        decode({"n": value}).whole("n", 0, 10)


@pytest.mark.parametrize("value", [True, "1", None, -0.1, 2.1])
def test_real_refuses(value: object) -> None:
    with pytest.raises(ModelError, match=r"a\.json: n must be a number from 0 to 2, found"):
        decode({"n": value}).real("n", 0, 2)


def test_real_never_gives_nan() -> None:
    with pytest.raises(ModelError, match="found nan"):
        Fields({"n": math.nan}, "a.json", ModelError).real("n", 0, 2)


@pytest.mark.parametrize("value", ["two\nlines", "\x1b[31m", "\ud800", 3, None])
def test_text_refuses(value: object) -> None:
    with pytest.raises(ModelError, match="must be one line of printable text") as caught:
        decode({"t": value}).text("t")
    assert str(caught.value).isprintable()


def test_names_the_whole_way_to_a_key() -> None:
    fields = decode({"camera": {"lenses": [{"f": 1}, {"f": "x"}]}})
    lenses = fields.child("camera").children("lenses")
    with pytest.raises(ModelError, match=r"camera\.lenses\[1\]\.f must be a number"):
        lenses[1].real("f", 0, 9)
    with pytest.raises(ModelError, match=r"key camera\.lenses\[0\]\.g is missing"):
        lenses[0].real("g", 0, 9)


def test_reads_what_fits() -> None:
    fields = decode({"t": "grün", "none": None, "n": 3, "r": 1, "list": [1], "any": {"x": [2.5]}, "no": None})
    assert fields.text("t") == "grün"
    assert fields.text_or_none("none") is None
    assert fields.whole("n", 0, 10) == 3
    assert fields.real("r", 0, 2) == 1.0
    assert fields.real_or_none("no", 0, 1) is None
    assert fields.items("list") == [1]
    assert fields.mapping("any") == {"x": [2.5]}
    fields.done()


@pytest.mark.parametrize("document", [{}, {"n": "x"}, {"n": 1, "m": 2}, []])
def test_every_refusal_says_what_to_do(document: object) -> None:
    def read() -> None:
        fields = decode(document)
        fields.whole("n", 0, 10)
        fields.done()

    with pytest.raises(ModelError, match=r"; .*correct it or make it again$"):
        read()


def test_refuses_unknown_keys() -> None:
    fields = decode({"good": 1, "baad": 2})
    fields.whole("good", 0, 9)
    with pytest.raises(ModelError, match="unknown key baad; this release knows good"):
        fields.done()


@pytest.mark.parametrize(("read", "expected"), [("items", "a list"), ("mapping", "an object")])
def test_refuses_the_wrong_container(read: str, expected: str) -> None:
    with pytest.raises(ModelError, match=f"k must be {expected}, found 7"):
        getattr(decode({"k": 7}), read)("k")


def test_build_names_the_source() -> None:
    def fail() -> int:
        raise ValueError("no such crop")

    with pytest.raises(ModelError, match=r"^a\.json: no such crop; correct it or make it again$"):
        build(fail, "a.json", ModelError)
    assert build(lambda: 7, "a.json", ModelError) == 7


def test_show_is_short_and_on_one_line() -> None:
    assert show("a\nb") == "'a\\nb'"
    assert len(show("x" * 1000)) == 60
    assert printable("a\x1b[1mé") == "a\\x1b[1mé"
