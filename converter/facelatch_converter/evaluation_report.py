"""Everything an evaluation leaves in its folder: numbers, scores, pictures and the page that shows them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from facelatch_converter import places, plots, projections, report, scores
from facelatch_converter.errors import OutputError
from facelatch_converter.evaluate import Evaluation, Numbers
from facelatch_converter.plots import DARK, LIGHT, Look
from facelatch_converter.report import Picture

FILES = ("metrics.json", "scores.npz", "report.html", "distances.png", "det.png", "tsne.png", "pca.png")
"""What an evaluation on a data set leaves."""
PROTOCOL_FILES = (
    "metrics.json", "report.html", "det.png", "det-protocols.png", "frr.png", "tsne.png", "pca.png",
    "worst-genuine.png", "closest-impostors.png",
)  # fmt: skip
"""What an evaluation of protocols leaves; `protocols.report` writes them."""


def refuse_existing(folder: Path, force: bool) -> None:
    """Raise `OutputError` for a folder that holds anything; with `force`, only for one that holds no report."""
    if force and (folder / FILES[0]).is_file():
        return
    if not force and (folder / FILES[0]).is_file():
        raise OutputError(f"{folder}: holds a report; choose another folder, or --force to replace it")
    places.refuse_taken_folder(folder)


def remove_report(folder: Path) -> None:
    """Remove what an older evaluation of either kind left in `folder`, and nothing else; raises `OSError`."""
    for name in {*FILES, *PROTOCOL_FILES}:
        (folder / name).unlink(missing_ok=True)


def write_report(folder: Path, evaluation: Evaluation, numbers: Numbers, seed: int) -> None:
    """Write `FILES` into `folder`, made where it is missing; of an older report there, nothing stays.

    Raises `OutputError` if it cannot be written.
    """
    pictures = draw(evaluation, seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_report(folder)
        (folder / "metrics.json").write_text(json.dumps(numbers, indent=2, allow_nan=False) + "\n")
        scores.save_scores(evaluation.scores, folder / "scores.npz")
        for picture in pictures:
            (folder / f"{picture.name}.png").write_bytes(picture.light)
        (folder / "report.html").write_text(report.to_html(numbers, pictures), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: the report cannot be written: {error.strerror}") from error


def draw(evaluation: Evaluation, seed: int) -> list[Picture]:
    """The pictures; those of the embeddings only where there are enough of them."""
    measured, threshold = evaluation.comparisons, evaluation.threshold
    pictures = [
        _both(
            "distances",
            "How far apart two captures of one person (genuine) and of two people (impostor) are.",
            lambda look: plots.distances(measured, threshold, look),
        ),
        _both(
            "det",
            "Detection error trade-off: each point is a threshold, and lower left is better. A straight line "
            "means normally distributed distances.",
            lambda look: plots.det(measured, threshold, look),
        ),
    ]
    live = [capture for capture in evaluation.captures if capture.attack is None]
    usable = [capture for capture in live if capture.embedding is not None]
    shown = [usable[index] for index in projections.choose(len(usable), seed)]
    if len(shown) < projections.FEWEST:
        return pictures
    embeddings = np.array([capture.embedding for capture in shown], np.float32)
    names = [capture.subject for capture in shown]
    tsne, pca = projections.tsne(embeddings, seed), projections.pca(embeddings)
    return [
        *pictures,
        _both(
            "tsne",
            "t-SNE of the fused embeddings: captures of one person should lie together.",
            lambda look: plots.people(tsne, names, look),
        ),
        _both(
            "pca",
            "PCA of the fused embeddings: a straight look along the two widest directions.",
            lambda look: plots.people(pca, names, look),
        ),
    ]


def _both(name: str, caption: str, draw_in: Callable[[Look], bytes]) -> Picture:
    return Picture(name, draw_in(LIGHT), draw_in(DARK), caption)
