from pathlib import Path

import pytest

from facelatch.cameras.libfreenect import is_fakenect, load_library
from facelatch.errors import ConfigError
from tests.requirements import need_file


def test_a_missing_library_is_named_with_its_package() -> None:
    with pytest.raises(ConfigError, match=r"no-such-lib\.so.*apt install libfreenect0\.5") as caught:
        load_library(("no-such-lib.so", "nor-this.so"))
    assert "\n" not in str(caught.value)


def test_the_first_name_that_loads_is_taken() -> None:
    fakenect = need_file("/usr/lib/*/fakenect/libfreenect.so.0.5")
    assert load_library(("no-such-lib.so", str(fakenect)))._name == str(fakenect)


@pytest.mark.parametrize(
    ("pattern", "is_fake"),
    [
        pytest.param("/usr/lib/*/libfreenect.so.0.5", False, id="libfreenect"),
        pytest.param("/usr/lib/*/fakenect/libfreenect.so.0.5", True, id="fakenect"),
    ],
)
def test_debians_libraries_have_what_is_declared(pattern: str, is_fake: bool) -> None:
    assert is_fakenect(load_library((str(need_file(pattern)),))) is is_fake


def test_another_library_is_refused() -> None:
    path: Path = need_file("/lib/*/libc.so.6")
    with pytest.raises(ConfigError, match="has no freenect_init, which libfreenect"):
        load_library((str(path),))
