import pytest

from facelatch.cameras.realsense_options import RealSenseOptions, parse_options
from facelatch.errors import ConfigError


def test_no_options_are_the_defaults() -> None:
    assert parse_options({}) == RealSenseOptions()


def test_all_options_are_taken() -> None:
    given: dict[str, bool | int | float | str] = {
        "view": "aligned",
        "switch_emitter": False,
        "laser_power_mw": 150,
        "face_exposure": False,
        "decimation": 2,
        "spatial": 2,
        "spatial_alpha": 0.6,
        "spatial_delta": 8,
        "temporal": True,
        "temporal_alpha": 0.5,
        "temporal_delta": 30,
    }
    options = parse_options(given)
    assert {name: getattr(options, name) for name in RealSenseOptions.__dataclass_fields__} == given
    assert isinstance(options.laser_power_mw, float)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param(
            "hole_filling", 1, "unknown option: camera.options.hole_filling; known are view,", id="unknown"
        ),
        pytest.param("view", "depth", '"aligned" or "infrared", found', id="another-view"),
        pytest.param("spatial", 6, "a whole number from 0 to 5, found 6", id="too-large"),
        pytest.param("spatial", 2.0, "a whole number", id="real-for-whole"),
        pytest.param("temporal", 1, "true or false, found 1", id="one-for-true"),
        pytest.param("decimation", True, "a whole number", id="true-for-one"),
        pytest.param("temporal_alpha", float("nan"), "a number from 0.05 to 1", id="nan"),
        pytest.param("laser_power_mw", "150", "a number from 0 to 500", id="text"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, value: bool | int | float | str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_options({name: value})
    assert f"camera.options.{name}" in str(caught.value)
    assert words in str(caught.value)


def test_the_infrared_view_keeps_its_size() -> None:
    with pytest.raises(ConfigError, match="decimation"):
        parse_options({"view": "infrared", "decimation": 2})
