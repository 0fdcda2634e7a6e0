from pathlib import Path

import pytest

from facelatch.config import load
from facelatch.errors import ConfigError
from facelatch.keeping.settings import DoorSettings, LockSettings, PanelSettings, load_door, parse_door

SHIPPED = Path(__file__).parents[2] / "systemd" / "facelatch.toml"
GPIO = '[lock]\ndriver = "gpio"\nchip = "c"\nline = "17"\n'


def test_both_readers_read_the_same() -> None:
    assert load_door(SHIPPED) == DoorSettings() == load_door(None)
    config = load(SHIPPED)
    assert DoorSettings(config.lock, config.panel) == DoorSettings()


def test_settings_of_others_are_not_looked_at() -> None:
    text = GPIO + '[panel]\nbutton = "27"\n[camera]\ndriver = 5\n[no-such-section]\nx = 1\n'
    assert parse_door(text, "f.toml") == DoorSettings(
        LockSettings(driver="gpio", chip="c", line="17"), PanelSettings(button="27")
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[lock", "is not TOML", id="cut"),
        pytest.param("[panel]\nbuton = 'x'", r"unknown key in \[panel\]: buton", id="typo"),
        pytest.param(
            "[lock]\nwiring = 'fail'", r'lock\.wiring must be "fail-secure" or "fail-safe"', id="wiring"
        ),
        pytest.param("[lock]\nagain = 'never'", r'lock\.again must be "ignore" or "extend"', id="again"),
        pytest.param("[panel]\nbutton_pulse_s = 31", r"panel\.button_pulse_s must be .* to 30", id="pulse"),
        pytest.param("[panel]\nbias = 'up'", r'"pull-up" or "pull-down" or "none"', id="bias"),
        pytest.param("[lock]\ndriver = 'gpio'", r"lock\.chip and lock\.line must be set", id="no-line"),
        pytest.param("[panel]\nled = '5'", r"panel\.led needs panel\.chip or lock\.chip", id="no-chip"),
        pytest.param(GPIO + "[panel]\nled = '17'", r"lock\.line and panel\.led are both 17 of c", id="twice"),
        pytest.param(
            "[panel]\nchip = 'c'\nled = '5'\nbuzzer = '5'",
            r"panel\.led and panel\.buzzer are both 5",
            id="signs",
        ),
    ],
)
def test_refuses_with_file_and_key(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_door(text, "/etc/f.toml")
    assert str(caught.value).startswith("/etc/f.toml")


def test_the_same_number_on_another_chip_is_another_line() -> None:
    assert parse_door(GPIO + "[panel]\nchip = 'd'\nled = '17'", "f.toml").panel.led == "17"
