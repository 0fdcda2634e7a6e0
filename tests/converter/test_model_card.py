"""Sections of a model card that other commands than `bundle` write."""

from pathlib import Path

import pytest

from facelatch.errors import ConfigError
from facelatch_converter import card_pictures, model_card
from facelatch_converter.errors import OutputError


def test_a_card_gets_the_section_once_and_keeps_the_rest() -> None:
    card = "# Model card\n\n## Errors\n\nnone\n\n## What is not known\n\nmuch\n"
    once = model_card.with_section(card, "## Protocols\n\nfirst\n")
    assert (
        once == "# Model card\n\n## Errors\n\nnone\n\n## Protocols\n\nfirst\n\n## What is not known\n\nmuch\n"
    )
    twice = model_card.with_section(once, "## Protocols\n\nsecond\n")
    assert twice == once.replace("first", "second")
    assert model_card.with_section("# Card\n", "## Protocols\n") == "# Card\n\n## Protocols\n"


def test_only_a_whole_line_is_a_title() -> None:
    card = "# Card\n\n## Protocols\n\n### Kept out\n\nnone\n"
    both = model_card.with_section(card, "## Kept out\n\nmore\n")
    assert both == card + "\n## Kept out\n\nmore\n"


@pytest.mark.parametrize("title", ["", " ", "two\nlines", "Training", "What is not known", "Pictures"])
def test_a_title_that_is_none_or_taken_is_refused(title: str) -> None:
    with pytest.raises(ConfigError, match="of a card"):
        model_card.refuse_title(title)
    model_card.refuse_title("Unlock, ten million attempts")


def test_a_section_needs_a_card(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"MODEL_CARD.md: cannot be read \(No such file.*bundle writes it"):
        model_card.put_section(tmp_path / "MODEL_CARD.md", "## Protocols\n")
    (tmp_path / "MODEL_CARD.md").write_text("# Card\n")
    model_card.put_section(tmp_path / "MODEL_CARD.md", "## Protocols\n")
    assert (tmp_path / "MODEL_CARD.md").read_text() == "# Card\n\n## Protocols\n"


def test_a_card_shows_the_pictures_of_its_report(tmp_path: Path) -> None:
    card, report = tmp_path / "MODEL_CARD.md", tmp_path / "report"
    (report / "protocols").mkdir(parents=True)
    for name in ("zebra.png", "protocols/frr.png", "det.png", "metrics.json"):
        (report / name).touch()
    card.write_text("# Card\n")
    for _ in range(2):
        model_card.put_section(card, "## Protocols\n\nfirst\n")
    text = card.read_text()
    assert text.startswith("# Card\n\n## Protocols\n\nfirst\n\n## Pictures\n")
    places = [text.index(f"](report/{name})") for name in ("det.png", "protocols/frr.png", "zebra.png")]
    assert places == sorted(places)
    assert text.count("## Pictures") == 1
    assert "metrics.json" not in text
    assert card_pictures.to_section(tmp_path / "protocols") == ""


@pytest.mark.parametrize(
    ("settled", "words"),
    [
        (
            {"share": 0.83},
            "of what all outputs have in common, their mean, 83.00% was taken out of the last layer",
        ),
        ({"share": 0.1, "pole": True}, "the pole was lowered by 10.00% of its height"),
        ({"share": -0.25, "pole": True}, "the pole was raised by 25.00% of its height"),
        ({"share": "?", "pole": True}, "the pole was lowered by ? of its height"),
    ],
)
def test_a_card_says_how_an_encoder_was_settled(settled: dict[str, object], words: str) -> None:
    text = model_card._training({"loss": "pairs", "settled_offset": settled})
    assert words in text.lower()
