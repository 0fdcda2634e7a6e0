"""Named expressions, and that light may be hard."""

import numpy as np
import pytest

from facelatch_converter.expressions import EXPRESSIONS, draw_wide_expression, express_by_name
from facelatch_converter.face_model import FaceModel
from facelatch_converter.scenes import draw_light

JAW, LEFT, RIGHT = 0, 1, 2


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_weights_stay_between_none_and_all(model: FaceModel, name: str) -> None:
    rng = np.random.default_rng(1)
    for strength in (0.5, 1.0):
        weights = np.stack([express_by_name(name, model, rng, strength) for _ in range(40)])
        assert weights.shape[1] == len(model.expression_names)
        assert weights.min() >= 0
        assert weights.max() <= 1
        if name != "usual":
            assert weights.max() <= strength


@pytest.mark.parametrize(
    ("name", "moved", "still"),
    [
        pytest.param("open-mouth", JAW, LEFT, id="open-mouth-drops-the-jaw"),
        pytest.param("grin", LEFT, None, id="a-grin-pulls-the-corners"),
        pytest.param("frown", None, LEFT, id="a-frown-does-not"),
        pytest.param("neutral", None, JAW, id="neutral-does-nothing"),
    ],
)
def test_a_name_means_what_it_says(model: FaceModel, name: str, moved: int | None, still: int | None) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        weights = express_by_name(name, model, rng)
        if moved is not None:
            assert weights[moved] > 0.3
        if still is not None:
            assert weights[still] == 0


def test_one_side_lags_as_far_as_allowed(model: FaceModel) -> None:
    rng = np.random.default_rng(3)
    pairs = np.stack([express_by_name("grin", model, rng, asymmetry=0.3)[[LEFT, RIGHT]] for _ in range(60)])
    ratio = pairs.min(1) / pairs.max(1)
    assert ratio.min() >= 0.7 - 1e-6
    assert ratio.min() < 0.8
    assert 0.2 < np.mean(pairs[:, 0] > pairs[:, 1]) < 0.8
    even = express_by_name("grin", model, rng, asymmetry=0.0)
    assert even[LEFT] == even[RIGHT]


def test_an_unknown_expression_is_refused(model: FaceModel) -> None:
    with pytest.raises(ValueError, match=r"smirk.*grin"):
        express_by_name("smirk", model, np.random.default_rng(1))


def test_wide_expressions_are_many_and_the_same_for_a_seed(model: FaceModel) -> None:
    drawn = np.stack([draw_wide_expression(model, np.random.default_rng(seed)) for seed in range(80)])
    again = draw_wide_expression(model, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn[0], again)
    assert drawn.max() <= 1
    assert (drawn[:, JAW] > 0.6).any()
    assert (drawn == 0).all(1).any()


def test_soft_light_is_as_it_was_and_hard_light_goes_beyond() -> None:
    soft, same = (draw_light(np.random.default_rng(5), hard=hard) for hard in (0.0, 0.0))
    assert soft == same
    hard = [draw_light(np.random.default_rng(seed), hard=1.0) for seed in range(60)]
    level = np.array([light.ambient[1] + sum(lamp.colour[1] for lamp in light.lamps) for light in hard])
    assert level.min() < 0.1
    assert level.max() > 2
    # From behind the head and stronger than everything before it.
    assert any(
        lamp.direction[2] > 0.3 and lamp.colour[1] > 2 * light.ambient[1]
        for light in hard
        for lamp in light.lamps
    )
    gains = [light.infrared_gain for light in hard]
    assert min(gains) < 110
    assert max(gains) > 340
