import pytest

from facelatch_converter.progress import progress_bar


def test_nothing_is_drawn_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar(3, "captures") as advance:
        for _ in range(3):
            advance(1)
    assert capfd.readouterr() == ("", "")
