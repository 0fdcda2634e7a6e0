import argparse
from pathlib import Path

import pytest

from facelatch.commands import options
from facelatch.commands.options import add_config, add_json, whole_number
from tests.outsiders import shut_out_of


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_config(parser)
    add_json(parser)
    parser.add_argument("--frames", type=whole_number(1, 50))
    return parser.parse_args(words)


def test_options_are_read() -> None:
    arguments = parse("--config", "a.toml", "--json", "--frames", "50")
    assert (arguments.config, arguments.json, arguments.frames) == (Path("a.toml"), True, 50)


def test_settings_that_may_not_be_looked_at_are_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Built-in settings in their place would drive no lock."""
    (tmp_path / "etc").mkdir()
    path = tmp_path / "etc" / "facelatch.toml"
    monkeypatch.setattr(options, "DEFAULT_CONFIG", path)
    assert parse().config is None
    path.touch()
    assert parse().config == path
    with shut_out_of(tmp_path / "etc"):
        assert parse().config == path


@pytest.mark.parametrize("text", ["0", "51", "-1", "1.5", "many", "", "٣x"])
def test_a_number_outside_is_refused_with_the_limits(text: str) -> None:
    with pytest.raises(argparse.ArgumentError, match="a whole number from 1 to 50, found"):
        parse(f"--frames={text}")
