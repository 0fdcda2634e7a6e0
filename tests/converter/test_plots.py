import cv2
import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter import plots, projections
from facelatch_converter.metrics import Comparisons, comparisons
from facelatch_converter.plots import DARK, LIGHT, Look

RNG = np.random.default_rng(1)
OVERLAPPING = comparisons(RNG.normal(0.6, 0.15, 900), RNG.normal(1.1, 0.15, 9000))
APART = comparisons(np.array([0.1, 0.2]), np.array([1.0, 1.1]))


def pixels(png: bytes) -> npt.NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image[..., ::-1], np.uint8)


def has_colour(image: npt.NDArray[np.uint8], colour: str) -> bool:
    wanted = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
    return bool((np.abs(image.astype(int) - wanted).max(axis=-1) <= 3).sum() > 50)


@pytest.mark.parametrize("look", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
def test_distances_show_both_kinds_and_the_threshold(look: Look) -> None:
    image = pixels(plots.distances(OVERLAPPING, 0.8, look))
    assert image.shape[1] > 1000
    for colour in (look.surface, look.genuine, look.impostor, look.ink):
        assert has_colour(image, colour)


def test_the_threshold_moves_with_its_value() -> None:
    def dark_column(threshold: float) -> int:
        image = pixels(plots.distances(OVERLAPPING, threshold, LIGHT))[200:600]
        return int(np.argmax((image.max(axis=-1) < 60).sum(axis=0)))

    assert dark_column(0.9) > dark_column(0.5) + 100


def test_det_shows_the_curve_and_the_threshold() -> None:
    image = pixels(plots.det(OVERLAPPING, 0.8, LIGHT))
    assert has_colour(image, LIGHT.genuine)
    assert has_colour(image, LIGHT.impostor)


@pytest.mark.parametrize("measured", [pytest.param(APART, id="apart"), pytest.param(OVERLAPPING, id="both")])
def test_det_of_any_comparisons_is_a_picture(measured: Comparisons) -> None:
    assert pixels(plots.det(measured, 0.5, DARK)).shape[0] > 500


def clusters(people: int, captures: int) -> tuple[npt.NDArray[np.float32], list[str]]:
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(people, 1, 16))
    points = (centres + rng.normal(size=(people, captures, 16)) * 0.1).reshape(-1, 16).astype(np.float32)
    return points, [f"person-{index // captures:02d}" for index in range(people * captures)]


def test_pca_keeps_people_together_and_says_how_much_it_shows() -> None:
    points, names = clusters(3, 8)
    projection = projections.pca(points)
    assert projection.points.shape == (24, 2)
    assert "% of the variance" in projection.axes[0]
    centres = [projection.points[np.array(names) == name].mean(axis=0) for name in sorted(set(names))]
    spread = projection.points[:8].std(axis=0).max()
    assert np.linalg.norm(centres[0] - centres[1]) > 5 * spread


def test_tsne_is_seeded_and_keeps_people_together() -> None:
    points, names = clusters(3, 6)
    projection = projections.tsne(points, seed=3)
    assert np.array_equal(projection.points, projections.tsne(points, seed=3).points)
    gaps = np.linalg.norm(projection.points[:, None] - projection.points[None], axis=-1)
    np.fill_diagonal(gaps, np.inf)
    assert [names[index] for index in gaps.argmin(axis=1)] == names


def test_people_beyond_the_colours_are_grey() -> None:
    points, names = clusters(plots.MOST_COLOURED + 2, 2)
    image = pixels(plots.people(projections.pca(points), names, LIGHT))
    assert has_colour(image, LIGHT.people[0])
    assert pixels(plots.people(projections.pca(points[:10]), names[:10], DARK)).shape[0] > 500


def test_a_choice_of_points_is_seeded_and_in_order() -> None:
    assert projections.choose(10, 1).tolist() == list(range(10))
    chosen = projections.choose(5_000, 1)
    assert len(chosen) == projections.MOST == len(set(chosen.tolist()))
    assert (np.diff(chosen) > 0).all()
    assert np.array_equal(chosen, projections.choose(5_000, 1))
    assert not np.array_equal(chosen, projections.choose(5_000, 2))
