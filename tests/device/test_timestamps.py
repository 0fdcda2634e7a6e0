import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.timestamps import is_utc_text, to_utc_text


@pytest.mark.parametrize(
    ("unix_ns", "text"),
    [
        pytest.param(0, "1970-01-01T00:00:00.000Z", id="epoch"),
        pytest.param(1_772_350_200_250_999_999, "2026-03-01T07:30:00.250Z", id="cut-not-rounded"),
        pytest.param(-1, "1969-12-31T23:59:59.999Z", id="before-epoch"),
    ],
)
def test_to_utc_text(unix_ns: int, text: str) -> None:
    assert to_utc_text(unix_ns) == text


@given(st.integers(0, 4_000_000_000 * 10**9))
def test_what_is_written_is_recognised(unix_ns: int) -> None:
    assert is_utc_text(to_utc_text(unix_ns))


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-03-01T07:30:00Z", "2026-03-01T07:30:00.250+01:00",
             "2026-13-01T07:30:00.250Z", "2026-03-01T07:30:00.250Z\n", "2026-3-1T07:30:00.250Z"]
)  # fmt: skip
def test_refuses_other_forms(text: str) -> None:
    assert not is_utc_text(text)
