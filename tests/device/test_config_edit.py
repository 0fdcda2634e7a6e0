import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.config_edit import refuse_unwritable, set_number, with_number
from facelatch.errors import ConfigError
from tests.processes import ROOT

SHIPPED = (ROOT / "systemd" / "facelatch.toml").read_text("utf-8")


@given(st.integers(50, 2000))
def test_one_line_of_the_shipped_file_changes(thousandths: int) -> None:
    changed = with_number(SHIPPED, "matching", "max_distance", thousandths / 1000, "it")
    differ = [
        (old, new) for old, new in zip(SHIPPED.splitlines(), changed.splitlines(), strict=True) if old != new
    ]
    assert differ == [("max_distance = 0.0", f"max_distance = {thousandths / 1000:g}")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[matching]\n max_distance=0.5 # ours\nframes = 3\n",
            "[matching]\n max_distance=0.41 # ours\nframes = 3\n",
            id="comment-behind",
        ),
        pytest.param(
            "[matching] # how\nframes = 3\n[lock]\nmax_distance = 1\n",
            "[matching] # how\nmax_distance = 0.41\nframes = 3\n[lock]\nmax_distance = 1\n",
            id="key-missing",
        ),
        pytest.param("[matching]", "[matching]\nmax_distance = 0.41\n", id="nothing-behind-the-section"),
        pytest.param("", "\n[matching]\nmax_distance = 0.41\n", id="empty"),
        pytest.param("a = 1", "a = 1\n\n[matching]\nmax_distance = 0.41\n", id="section-missing"),
        pytest.param(
            "# max_distance = 9\n[matching]\n# max_distance = 9\nmax_distance = 0.5\n",
            "# max_distance = 9\n[matching]\n# max_distance = 9\nmax_distance = 0.41\n",
            id="comments-are-no-settings",
        ),
        pytest.param(
            "[matching]\r\nmax_distance = 0.5\r\n", "[matching]\r\nmax_distance = 0.41\r\n", id="dos-lines"
        ),
    ],
)
def test_forms_that_a_hand_writes(text: str, expected: str) -> None:
    assert with_number(text, "matching", "max_distance", 0.41, "it") == expected
    assert tomllib.loads(expected)["matching"]["max_distance"] == 0.41


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("matching = {max_distance = 0.5}\n", id="inline-table"),
        pytest.param("matching.max_distance = 0.5\n", id="dotted-key"),
        pytest.param('[matching]\n"max_distance" = 0.5\n', id="quoted-key"),
        pytest.param('a = """\n[matching]\nmax_distance = 0.5\n"""\n', id="text-that-looks-like-it"),
        pytest.param("matching = 3\n", id="no-section"),
        pytest.param("[matching\n", id="not-toml"),
    ],
)
def test_what_cannot_be_changed_by_its_line_is_left_to_a_hand(text: str) -> None:
    with pytest.raises(ConfigError, match=r"conf: .*set max_distance = 0.41 there by hand"):
        with_number(text, "matching", "max_distance", 0.41, "conf")


def test_a_file_keeps_its_permissions_and_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "real.toml", tmp_path / "facelatch.toml"
    file.write_text("[matching]\nmax_distance = 0.5\n")
    file.chmod(0o644)
    link.symlink_to(file)
    set_number(link, "matching", "max_distance", 0.41)
    assert link.is_symlink()
    assert file.read_text() == "[matching]\nmax_distance = 0.41\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facelatch.toml", "real.toml"]


def test_a_file_that_is_not_there_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be written .* by hand"):
        set_number(tmp_path / "none.toml", "matching", "max_distance", 0.41)


def test_what_could_not_be_set_is_known_before(tmp_path: Path) -> None:
    path, link = tmp_path / "facelatch.toml", tmp_path / "link"
    path.write_text(SHIPPED)
    link.symlink_to(path)
    refuse_unwritable(link, "matching", "max_distance", lambda file: file == path)
    assert path.read_text() == SHIPPED
    with pytest.raises(ConfigError, match=r"link: this user may not replace it in .* by hand"):
        refuse_unwritable(link, "matching", "max_distance", lambda file: file != path)
    path.write_text("matching = {max_distance = 0.5}\n")
    with pytest.raises(ConfigError, match="not changed here"):
        refuse_unwritable(path, "matching", "max_distance", lambda _: True)
