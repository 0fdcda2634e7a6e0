"""The pictures that lie beside a model card, as one of its sections."""

from pathlib import Path
from urllib.parse import quote

TITLE = "Pictures"
REPORT_FOLDER = "report"
"""Beside the card."""

_KNOWN = {
    "det.png": "DET curve: both errors of one comparison, on the people that the threshold was fitted on",
    "distances.png": "Distances of genuine and of impostor comparisons",
    "tsne.png": "Embeddings of some of these people, by t-SNE",
    "pca.png": "Embeddings of some of these people, by PCA",
    "protocols/det.png": "DET curves of the networks in one protocol",
    "protocols/det-protocols.png": "DET curves of the protocols",
    "protocols/frr.png": "FRR of whole attempts, protocol by protocol",
    "protocols/tsne.png": "Embeddings of people at the door, by t-SNE",
    "protocols/pca.png": "Embeddings of people at the door, by PCA",
    "protocols/worst-genuine.png": "The pairs of one person that are farthest apart",
    "protocols/closest-impostors.png": "The pairs of two people that are closest",
    "seed/det.png": "DET curves beside the network of the seed work",
    "recipes/recipes.png": "Recipes on one budget",
    "demo.png": "What `facelatch demo` shows",
}


def to_section(report: Path) -> str:
    """The section, its title included, of all pictures in a bundle's report; empty where there is none.

    Known ones come first and say what they show; others are named by their file.
    """
    found = {path.relative_to(report).as_posix() for path in report.rglob("*.png")}
    ordered = [name for name in _KNOWN if name in found] + sorted(found - _KNOWN.keys())
    if not ordered:
        return ""
    shown = [
        f"![{_caption(name)}]({quote(report.name + '/' + name)})\n\n{_caption(name)}." for name in ordered
    ]
    return "\n\n".join([f"## {TITLE}", *shown]) + "\n"


def _caption(name: str) -> str:
    return _KNOWN.get(name, name.removesuffix(".png"))
