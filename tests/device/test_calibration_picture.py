import numpy as np

from facelatch.calibration.picture import HEIGHT, WIDTH, to_picture

GREEN, RED = (33, 125, 66), (196, 43, 43)


def _columns(
    picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], colour: tuple[int, int, int]
) -> set[int]:
    """Where bars of a colour stand, below the legend."""
    return set(np.flatnonzero((picture[100:] == colour).all(-1).any(0)).tolist())


def test_bars_stand_where_the_distances_are() -> None:
    picture = to_picture(np.array([0.4, 0.41, 0.44]), np.array([1.21, 5.0]), {"in use": 0.5})
    assert picture.shape == (HEIGHT, WIDTH, 3)
    green, red = _columns(picture, GREEN), _columns(picture, RED)
    assert 280 <= min(green) <= max(green) <= 300
    assert 735 <= min(red) < 770
    assert max(red) > 940, "what is farther than the scale stands at its end"
    dark = (picture[120:300, 335:346] == (28, 33, 40)).all(-1)
    assert dark.any(), "the threshold is drawn"


def test_nobody_gives_an_empty_picture() -> None:
    picture = to_picture(np.empty(0), np.empty(0), {"in use": 0.5})
    assert not _columns(picture, GREEN) | _columns(picture, RED)
