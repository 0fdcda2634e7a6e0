import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.errors import TemplateError
from facelatch.matching import Template
from facelatch.store.sealed import KEY_BYTES, generate_key, seal, unseal
from tests.factories import make_embedding, make_template

KEY = bytes(range(KEY_BYTES))
TEMPLATE = make_template()
SEALED = seal(TEMPLATE, KEY)


def same(one: Template, other: Template) -> bool:
    return np.array_equal(one.embeddings, other.embeddings) and (
        (one.user, one.encoder_sha256, one.made_at, one.poses)
        == (other.user, other.encoder_sha256, other.made_at, other.poses)
    )


@given(
    user=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,31}", fullmatch=True),
    count=st.integers(1, 12),
    seed=st.integers(0, 1000),
    angle=st.floats(-90, 90),
)
def test_round_trip(user: str, count: int, seed: int, angle: float) -> None:
    template = replace(make_template(user, count, seed), poses=((angle, -angle),) * count)
    assert same(unseal(seal(template, KEY), KEY, user, "f"), template)


def test_nothing_of_a_face_is_in_the_clear() -> None:
    assert b"ada" not in SEALED
    assert TEMPLATE.embeddings[0, :2].tobytes() not in SEALED
    assert b"encoder" not in SEALED
    assert seal(TEMPLATE, KEY) != SEALED


def test_keys_are_random() -> None:
    assert len(generate_key()) == KEY_BYTES
    assert generate_key() != generate_key()


def test_every_cut_is_refused() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(TemplateError, match=r"^f: .*; remove ada and enrol again$"):
            unseal(SEALED[:length], KEY, "ada", "f")


@given(st.integers(0, len(SEALED) - 1), st.integers(0, 7))
def test_every_flipped_bit_is_refused(place: int, bit: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= 1 << bit
    with pytest.raises(TemplateError, match=r"^f: is "):
        unseal(bytes(changed), KEY, "ada", "f")


@pytest.mark.parametrize(
    ("data", "key", "user", "message"),
    [
        pytest.param(
            SEALED, bytes(KEY_BYTES), "ada", "is damaged, or belongs to another user or key", id="key"
        ),
        pytest.param(SEALED, KEY, "eve", "is damaged, or belongs to another user or key", id="renamed"),
        pytest.param(SEALED.replace(b"1", b"0", 1), KEY, "ada", "of another release", id="old"),
        pytest.param(b"PK\x03\x04", KEY, "ada", "is not a template", id="foreign"),
        pytest.param(b"", KEY, "ada", "is not a template", id="empty"),
        pytest.param(SEALED + b"x", KEY, "ada", "is damaged", id="longer"),
    ],
)
def test_refuses(data: bytes, key: bytes, user: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        unseal(data, key, user, "f")


def test_a_sealed_nonsense_is_refused_all_the_same() -> None:
    broken = make_template()
    broken.embeddings[1] = make_embedding(1, broken=math.nan)
    with pytest.raises(TemplateError, match=r"^f: every embedding must be finite"):
        unseal(seal(broken, KEY), KEY, "ada", "f")
