from pathlib import Path

import pytest

from facelatch.card import CARD_FILE
from facelatch.errors import ModelError
from facelatch.resources import bundle_folder, find_bundle


def test_the_first_folder_with_a_card_is_taken(tmp_path: Path) -> None:
    installed, checkout = tmp_path / "installed", tmp_path / "checkout"
    for folder in (installed, checkout):
        folder.mkdir()
    (checkout / CARD_FILE).touch()
    assert find_bundle((installed, checkout)) == checkout
    (installed / CARD_FILE).touch()
    assert find_bundle((installed, checkout)) == installed


def test_no_model_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=rf"no default model was found in {tmp_path}/a or {tmp_path}/b; install"
    ):
        find_bundle((tmp_path / "a", tmp_path / "b"))


def test_a_path_is_taken_as_it_is() -> None:
    assert bundle_folder("/srv/models/mine") == Path("/srv/models/mine")
