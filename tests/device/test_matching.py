import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.errors import TemplateError
from facelatch.matching import (
    EMBEDDING_SIZE,
    Embedding,
    Match,
    Template,
    check_user_name,
    distance,
    expect_encoder,
    fuse,
    identify,
    is_usable,
    template_distance,
)
from tests.factories import ENCODER_SHA256, MOMENT, make_embedding, make_near, make_template

BROKEN = [math.nan, math.inf, -math.inf, 1e30, 3.0]
seeds = st.integers(0, 10_000)


@given(seeds, seeds)
def test_distance_is_a_metric_of_unit_vectors(one: int, other: int) -> None:
    found = distance(make_embedding(one), make_embedding(other))
    assert 0 <= found <= 2
    assert found == distance(make_embedding(other), make_embedding(one))
    assert (found == 0) == (one == other)


@given(seeds, st.floats(0, 2))
def test_distance_is_euclidean(seed: int, apart: float) -> None:
    start = make_embedding(seed)
    assert distance(start, make_near(start, apart)) == pytest.approx(apart, abs=1e-3)


@pytest.mark.parametrize("value", BROKEN)
@given(seed=seeds)
def test_a_broken_embedding_is_never_near(value: float, seed: int) -> None:
    broken, whole = make_embedding(seed, broken=value), make_embedding(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for found in (distance(broken, whole), distance(whole, broken), distance(broken, broken)):
            assert math.isnan(found)
        assert math.isnan(template_distance(broken, make_template(seed=seed)))
        assert identify(broken, [make_template(seed=seed)]) == Match(None, None)
        assert np.isnan(fuse([whole, broken, whole])).all()


@pytest.mark.parametrize(
    "embedding",
    [
        pytest.param(np.zeros(EMBEDDING_SIZE, np.float32), id="zeros"),
        pytest.param(np.ones(EMBEDDING_SIZE, np.float32), id="long"),
        pytest.param(np.ones(1, np.float32), id="short-shape"),
        pytest.param(np.ones((1, EMBEDDING_SIZE), np.float32), id="two-dimensions"),
        pytest.param(np.zeros(0, np.float32), id="empty"),
    ],
)
def test_what_is_not_an_embedding_is_not_usable(embedding: Embedding) -> None:
    assert not is_usable(embedding)
    assert math.isnan(distance(embedding, embedding))


def test_a_template_is_as_far_as_its_nearest_embedding_and_its_centre_are_on_average() -> None:
    template = make_template(count=3, seed=5)
    probe = make_near(template.embeddings[2], 0.05)
    apart = [distance(probe, stored) for stored in template.embeddings]
    assert min(apart) == pytest.approx(0.05, abs=1e-3)
    expected = (min(apart) + distance(probe, fuse(list(template.embeddings)))) / 2
    assert template_distance(probe, template) == pytest.approx(expected, abs=1e-6)
    assert expected > 0.06


def test_a_template_of_one_embedding_is_as_far_as_that() -> None:
    template = make_template(count=1, seed=6)
    probe = make_near(template.embeddings[0], 0.4)
    assert template_distance(probe, template) == pytest.approx(0.4, abs=1e-3)


def test_somebody_who_resembles_one_look_only_is_farther_than_somebody_between_the_looks() -> None:
    ahead, aside = np.eye(EMBEDDING_SIZE, dtype=np.float32)[:2]
    turned = [
        (np.cos(angle) * ahead + np.sin(angle) * aside).astype(np.float32) for angle in (-0.2, 0.2, 0.4)
    ]
    template = Template("ada", ENCODER_SHA256, np.stack(turned[:2]), (MOMENT,) * 2, ((0.0, 0.0),) * 2)
    # Both are equally far from the nearer look.
    assert distance(turned[2], turned[1]) == pytest.approx(distance(ahead, turned[1]), abs=1e-6)
    assert template_distance(turned[2], template) > 1.4 * template_distance(ahead, template)


def test_embeddings_that_cancel_out_make_no_template() -> None:
    stored = make_embedding(1)
    with pytest.raises(ValueError, match="cancel out"):
        Template("ada", ENCODER_SHA256, np.stack([stored, -stored]), (MOMENT,) * 2, ((0.0, 0.0),) * 2)


def test_identify_names_the_nearest_user() -> None:
    gallery = [make_template("ada", seed=1), make_template("grace", seed=2), make_template("alan", seed=3)]
    match = identify(make_near(make_embedding(2), 0.15, seed=9), gallery)
    assert match.user == "grace"
    assert match.distance == pytest.approx(
        template_distance(make_near(make_embedding(2), 0.15, seed=9), gallery[1])
    )


def test_nobody_enrolled_matches_nobody() -> None:
    assert identify(make_embedding(1), []) == Match(None, None)


@given(seeds, st.lists(st.floats(0, 0.5), min_size=1, max_size=5))
def test_fused_is_a_unit_vector_near_its_samples(seed: int, apart: list[float]) -> None:
    start = make_embedding(seed)
    fused = fuse([make_near(start, far, place) for place, far in enumerate(apart)])
    assert is_usable(fused)
    assert fused.dtype == np.float32
    assert distance(fused, start) <= max(apart) + 1e-3


def test_fusing_samples_comes_nearer_than_one() -> None:
    start = make_embedding(1)
    samples = [make_near(start, 0.5, seed) for seed in range(3)]
    assert distance(fuse(samples), start) < 0.35


def test_opposite_samples_fuse_to_nothing() -> None:
    assert np.isnan(fuse([make_embedding(1), -make_embedding(1)])).all()


def test_fusing_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fuse([])


@pytest.mark.parametrize("name", ["a", "ada", "0", "ada.l-2_x", "a" * 32])
def test_user_names(name: str) -> None:
    assert check_user_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "-a",
        ".a",
        "_a",
        "a/b",
        "..",
        "../etc/passwd",
        "a b",
        "a\n",
        "ä",
        "a" * 33,
        "a\x00",
        "\x1b[2J",
    ],
)
def test_refuses_user_names(name: str) -> None:
    with pytest.raises(TemplateError, match="cannot be a user name: use 1 to 32 of") as caught:
        check_user_name(name)
    assert str(caught.value).isprintable()


@given(st.text(max_size=40))
def test_a_user_name_is_always_a_plain_file_name(name: str) -> None:
    try:
        check_user_name(name)
    except TemplateError:
        return
    assert name.isascii()
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert name[0] not in "._-"


def test_another_encoders_template_is_refused() -> None:
    template = make_template()
    assert expect_encoder(template, ENCODER_SHA256) is template
    with pytest.raises(
        TemplateError, match=r"ada's template was made by encoder 0123456789ab.*enrol ada again"
    ):
        expect_encoder(template, "f" * 64)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"user": "../ada"}, "cannot be a user name", id="user"),
        pytest.param({"encoder_sha256": "abc"}, "64 hexadecimal digits", id="sha256"),
        pytest.param({"embeddings": np.zeros((1, 128), np.float64)}, r"\(count, 128\) float32", id="dtype"),
        pytest.param({"embeddings": np.zeros((1, 64), np.float32)}, r"\(count, 128\) float32", id="shape"),
        pytest.param({"embeddings": np.zeros((1, 128), np.float32)}, "unit length", id="zeros"),
        pytest.param({"embeddings": make_embedding(1, math.nan)[None]}, "unit length", id="nan"),
        pytest.param({"embeddings": np.zeros((0, 128), np.float32)}, "at least one", id="none"),
        pytest.param({"made_at": ()}, "a time and a pose for each", id="no-time"),
        pytest.param({"made_at": ("noon",)}, "moments in UTC", id="odd-time"),
        pytest.param({"poses": ((0.0, 0.0),) * 2}, "a time and a pose for each", id="poses"),
        pytest.param({"poses": ((math.nan, 0.0),)}, "finite degrees", id="nan-pose"),
    ],
)
def test_a_template_cannot_be_wrong(change: dict[str, object], message: str) -> None:
    good: dict[str, object] = {
        "user": "ada",
        "encoder_sha256": ENCODER_SHA256,
        "embeddings": make_embedding(1)[None],
        "made_at": (MOMENT,),
        "poses": ((0.0, 0.0),),
    }
    Template(**good)  # type: ignore[arg-type]
    with pytest.raises((ValueError, TemplateError), match=message):
        Template(**(good | change))  # type: ignore[arg-type]
