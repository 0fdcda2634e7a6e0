import os
from pathlib import Path

import pytest

from facelatch.errors import StoreError
from facelatch.gallery import Gallery, read_gallery
from facelatch.store import Store
from tests.factories import ENCODER_SHA256, make_template


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "templates")
    made.save(make_template("ada"))
    return made


def users(gallery: Gallery) -> list[str]:
    return [template.user for template in gallery()]


def test_what_changes_in_the_folder_is_read_again(store: Store) -> None:
    warnings: list[str] = []
    gallery = Gallery(store, ENCODER_SHA256, warnings.append)
    assert users(gallery) == ["ada"]
    assert gallery() is gallery()
    store.save(make_template("bob", seed=2))
    assert users(gallery) == ["ada", "bob"]
    store.remove("ada")
    assert users(gallery) == ["bob"]
    store.save(make_template("bob", count=5, seed=3))
    assert len(gallery()[0].embeddings) == 5
    assert warnings == []


def test_a_store_that_is_made_later_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path / "templates")
    gallery = Gallery(store, ENCODER_SHA256, lambda text: None)
    assert gallery() == ()
    store.save(make_template("ada"))
    assert users(gallery) == ["ada"]


def test_a_template_that_cannot_be_used_is_left_out_and_named(store: Store) -> None:
    store.save(make_template("bob", encoder_sha256="f" * 64))
    store.save(make_template("eve"))
    (store.folder / "eve.template").write_bytes(b"not a template")
    warnings: list[str] = []
    assert [one.user for one in read_gallery(store, ENCODER_SHA256, warnings.append)] == ["ada"]
    assert len(warnings) == 2
    assert "bob" in warnings[0]
    assert "eve.template" in warnings[1]


def test_one_odd_entry_stops_nobody_and_is_named(store: Store) -> None:
    (store.folder / "Ada Lovelace.template").touch()
    (store.folder / "bob.template").mkdir()
    (store.folder / "eve.template").symlink_to("nowhere")
    warnings: list[str] = []
    assert [one.user for one in read_gallery(store, ENCODER_SHA256, warnings.append)] == ["ada"]
    assert len(warnings) == 3
    for name, warning in zip(("Ada Lovelace.template", "bob.template", "eve"), warnings, strict=True):
        assert name in warning


def test_a_reason_is_told_once_as_long_as_it_lasts(store: Store) -> None:
    warnings: list[str] = []
    (store.folder / "bob.template").write_bytes(b"torn")
    gallery = Gallery(store, ENCODER_SHA256, warnings.append)
    for seed in range(3):
        store.save(make_template("eve", seed=seed))
        assert users(gallery) == ["ada", "eve"]
    assert len(warnings) == 1
    store.folder.rename(store.folder.with_name("aside"))
    store.folder.write_text("not a folder")
    assert [gallery(), gallery(), gallery()] == [(), (), ()]
    assert len(warnings) == 2
    store.folder.unlink()
    store.folder.with_name("aside").rename(store.folder)
    assert users(gallery) == ["ada", "eve"]
    assert len(warnings) == 3


def test_a_lost_key_stops_the_start_and_empties_a_running_gallery(store: Store) -> None:
    warnings: list[str] = []
    gallery = Gallery(store, ENCODER_SHA256, warnings.append)
    store.key_path.unlink()
    assert gallery() == ()
    assert gallery() == ()
    assert len(warnings) == 1
    assert str(store.key_path) in warnings[0]
    with pytest.raises(StoreError, match="key"):
        Gallery(store, ENCODER_SHA256, warnings.append)


def test_a_folder_that_others_may_read_holds_nobody(store: Store) -> None:
    warnings: list[str] = []
    gallery = Gallery(store, ENCODER_SHA256, warnings.append)
    store.folder.chmod(0o755)
    os.utime(store.folder / "ada.template", ns=(1, 1))
    assert gallery() == ()
    assert "chmod 700" in warnings[0]
