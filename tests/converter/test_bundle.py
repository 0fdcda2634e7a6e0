import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch.card import Bundle, load_bundle
from facelatch.encoder import Encoder
from facelatch.errors import ConfigError
from facelatch.preprocess import CropSpec
from facelatch_converter import bundle as bundles
from facelatch_converter import model_card
from facelatch_converter.bundle import About, write_bundle
from facelatch_converter.errors import ClaimError, OutputError
from facelatch_converter.metrics import comparisons
from facelatch_converter.records import to_training
from tests.converter.test_report import measured

ENCODER = (Path(__file__).parents[1] / "data" / "models" / "encoder.tflite").read_bytes()
RECORD = {
    "arguments": {"seed": 1, "loss": "all-pairs", "face_model": "/home/someone/ict.npz", "minutes": None},
    "crops": 900_000,
    "phases": [{"from_crops": 10, "minutes": 75.0}, {"from_crops": 20}],
    "offset_share": 0.83,
    "offset_note": "fitted on people of its own",
    "reports": [{"eer": 0.5}, {"eer": 0.1}],
}
ABOUT = About("tiny", CropSpec(), "MIT", to_training(RECORD, rendered=True))
PARITY = {
    "model": {
        "parameters": 250_000,
        "macs": 34_000_000,
        "tflite_bytes": 300_000,
        "keras_bytes": 1,
        "keras_sha256": "a" * 64,
        "tflite_sha256": "b" * 64,
    },
    "tensors": 3060,
    "people": 306,
    "comparisons": {"genuine": 13_770, "impostor": 4_666_500},
    "float": {"eer": 0.02, "genuine_mean": 0.4, "impostor_mean": 1.15},
    "runtimes": {
        "ai-edge-litert": {
            "version": "2.3.0",
            "cosine_p50": 0.001,
            "cosine_p99": 0.01,
            "eer": 0.021,
            "eer_points_above_float": 0.1,
            "genuine_mean": 0.41,
            "impostor_mean": 1.14,
            "operating_points": [{"fmr": 1e-4, "threshold": 0.5612, "fnmr": 0.07}],
        }
    },
}
RNG = np.random.default_rng(1)
MEASURED = comparisons(RNG.normal(0.5, 0.1, 900), RNG.normal(1.1, 0.1, 9000))


def fitted(target_fmr: float = 1e-3) -> Bundle:
    return bundles.fit(ENCODER, ABOUT, MEASURED, target_fmr, margin=0)


def numbers() -> dict[str, Any]:
    return measured()[1]


def test_the_threshold_is_the_loosest_that_shows_the_fmr() -> None:
    card = fitted(1e-3).card
    assert MEASURED.fmr_at(card.threshold).errors == 9
    assert MEASURED.fmr_at(np.nextafter(card.threshold, 2)).errors == 10
    assert [point.fmr for point in card.operating_points] == [1e-2, 1e-3]
    assert {point.comparisons for point in card.operating_points} == {9000}
    assert card.threshold == card.operating_points[1].threshold


def test_an_unusual_fmr_becomes_an_operating_point_of_its_own() -> None:
    card = fitted(5e-3).card
    assert [point.fmr for point in card.operating_points] == [1e-2, 5e-3, 1e-3]
    assert card.threshold == card.operating_points[1].threshold


def test_the_threshold_in_use_keeps_a_margin_from_what_was_measured(tmp_path: Path) -> None:
    card = bundles.fit(ENCODER, ABOUT, MEASURED, 1e-3, margin=0.02).card
    claim = fitted(1e-3).card.operating_points[1]
    assert card.claim == claim
    assert card.threshold == pytest.approx(claim.threshold - 0.02)
    write_bundle(tmp_path / "tiny", Bundle(card, ENCODER), numbers=numbers())
    text = (tmp_path / "tiny" / "MODEL_CARD.md").read_text()
    assert (
        f"- threshold in use: {card.threshold:.4f}, which is 0.0200 below that of an FMR of 0.001: " in text
    )


def test_a_margin_that_leaves_no_threshold_is_refused() -> None:
    with pytest.raises(ClaimError, match=r"a margin of 1\.9 leaves no threshold; choose a smaller --margin"):
        bundles.fit(ENCODER, ABOUT, MEASURED, 1e-3, margin=1.9)


def test_a_margin_that_reaches_a_stricter_claim_is_refused() -> None:
    loose, strict = fitted(1e-2).card.operating_points
    between = loose.threshold - strict.threshold
    assert bundles.fit(ENCODER, ABOUT, MEASURED, 1e-2, margin=between / 2).card.claim == loose
    with pytest.raises(ClaimError, match="the threshold of a lower FMR; claim that one by --fmr, or choose"):
        bundles.fit(ENCODER, ABOUT, MEASURED, 1e-2, margin=between)


def test_an_fmr_that_was_not_measured_is_refused() -> None:
    with pytest.raises(ClaimError, match="9000 impostor comparisons cannot show an FMR of 1e-05"):
        fitted(1e-5)


def test_the_provisional_bundle_runs_and_lets_nobody_in() -> None:
    bundle = bundles.provisional(ENCODER, ABOUT)
    assert bundle.card.threshold < 1e-5
    assert Encoder(bundle).embed(np.zeros((112, 112, 4), np.float32)).shape == (128,)


def test_a_written_bundle_loads_on_the_board(tmp_path: Path) -> None:
    (tmp_path / "float.keras").write_bytes(b"keras")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").write_text("page")
    folder = tmp_path / "models" / "tiny"
    bundle = fitted()
    write_bundle(
        folder, bundle, numbers=numbers(), keras=tmp_path / "float.keras", report=tmp_path / "report"
    )
    loaded = load_bundle(folder)
    assert loaded.card == bundle.card
    assert loaded.encoder == ENCODER
    assert (folder / "encoder.keras").read_bytes() == b"keras"
    assert (folder / "report" / "report.html").read_text() == "page"
    assert sorted(file.name for file in folder.parent.iterdir()) == ["tiny"]  # nothing left beside it
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755  # the daemon's user reads it
    text = (folder / "MODEL_CARD.md").read_text()
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert len(titles) > 5
    for title in titles:  # No evaluation may take one of these.
        with pytest.raises(ConfigError, match="is not for evaluations"):
            model_card.refuse_title(title)
    assert "**Trained on rendered faces, not yet measured on real people.**" in text
    assert "Measured on 6 rendered people (<made & up>)." in text
    for word in (
        f"{bundle.card.threshold:.4f}",
        "FMR",
        "FNMR",
        "APCER",
        "MIT",
        "New rendered people without end: heads by the shape part of the ICT Face Model Light",
        "All pairs of a batch: supervised contrastive loss at temperature 1/16, plus the regression",
        "their mean, 83.00% was taken out of the last layer. Fitted on people of its own.",
        "face model ict.npz",
        "phases:\n  - from crops 10, minutes 75\n  - from crops 20\n",
        "errors of one comparison of two captures. An attempt at a board is several",
        "photo <b>bent</b> accepted (APCER), where a face was found: 0.00%",
        "photo <b>bent</b> without a face found (no response): 0.00%",
        "up to 3 samples (the median capture gave 1)",
        "| 0.001 |",
    ):
        assert word in text
    assert "/home" not in text


def test_the_model_card_of_real_people_names_them_and_the_parity(tmp_path: Path) -> None:
    found = numbers()
    found["data"] |= {"rendered": False, "source": "VAP"}
    found["parity"] = PARITY
    about = replace(ABOUT, training=to_training(RECORD, rendered=False))
    write_bundle(tmp_path / "tiny", bundles.fit(ENCODER, about, MEASURED, 1e-3, margin=0), numbers=found)
    text = (tmp_path / "tiny" / "MODEL_CARD.md").read_text()
    assert "Measured on 6 people of VAP." in text
    assert "**Trained on rendered faces, measured on real people.**" in text
    assert "rendered people (" not in text
    assert "34.0 MMAC" in text
    assert "3,060 single frames of 306 people, 13,770 genuine and 4,666,500 impostor comparisons." in text
    assert "- float: EER 2.00%, mean distance genuine 0.400, impostor 1.150" in text
    assert (
        "2.3.0: EER 2.10% (+0.10 points against float), mean distance genuine 0.410, impostor 1.140; "
        "threshold by FMR: 0.5612 at 0.0001" in text
    )


def test_the_model_card_says_how_the_network_was_quantised_where_that_is_known(tmp_path: Path) -> None:
    told = {"share": 0.5, "activations": 3, "of": 4, "tried": [{"share": 0.5, "cosine_mean": 0.01}]}
    for name, parity in (("known", PARITY | {"equalised": told}), ("earlier", PARITY)):
        found = numbers() | {"parity": parity}
        write_bundle(tmp_path / name, fitted(), numbers=found)
        text = (tmp_path / name / "MODEL_CARD.md").read_text()
        said = "When it was quantised, channels of 3 of 4 normalised activations were brought to like ranges, 50%"
        assert (said in text) == (name == "known")


def test_an_existing_bundle_is_only_replaced_when_asked(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    write_bundle(folder, fitted(1e-2), numbers=numbers())
    with pytest.raises(OutputError, match="is there already; choose another name, or --force"):
        write_bundle(folder, fitted(), numbers=numbers())
    assert load_bundle(folder).card == fitted(1e-2).card
    write_bundle(folder, fitted(), numbers=numbers(), force=True)
    assert load_bundle(folder).card == fitted().card
    assert sorted(file.name for file in tmp_path.iterdir()) == ["tiny"]


def test_force_does_not_replace_what_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("dear")
    with pytest.raises(OutputError, match="is no model bundle, so it is not replaced"):
        write_bundle(tmp_path / "photos", fitted(), numbers=numbers(), force=True)
    (tmp_path / "file").write_text("text")
    with pytest.raises(OutputError, match="is no model bundle"):
        write_bundle(tmp_path / "file", fitted(), numbers=numbers(), force=True)
    assert (tmp_path / "photos" / "holiday.jpg").read_text() == "dear"


def test_a_failure_leaves_the_old_bundle_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    write_bundle(folder, fitted(1e-2), numbers=numbers())
    with pytest.raises(OutputError, match="nothing was changed"):
        write_bundle(folder, fitted(), numbers=numbers(), keras=tmp_path / "missing.keras", force=True)
    assert load_bundle(folder).card == fitted(1e-2).card
    assert [file.name for file in tmp_path.iterdir()] == ["tiny"]


def test_a_card_that_json_cannot_say_is_not_written(tmp_path: Path) -> None:
    bundle = fitted()
    broken = Bundle(replace(bundle.card, accuracy={"eer": float("nan")}), bundle.encoder)
    with pytest.raises(ValueError, match="JSON"):
        write_bundle(tmp_path / "tiny", broken, numbers=numbers())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "with space", ".hidden"])
def test_a_folder_that_cannot_name_a_model_is_an_option_mistake(name: str) -> None:
    with pytest.raises(ConfigError, match="the folder's name is the model's"):
        bundles.require_card(replace(ABOUT, name=name), Path("models") / name)


def test_a_model_without_a_record_says_so(tmp_path: Path) -> None:
    about = replace(ABOUT, training=to_training({}, rendered=True))
    write_bundle(tmp_path / "tiny", bundles.fit(ENCODER, about, MEASURED, 1e-3, margin=0), numbers=numbers())
    text = (tmp_path / "tiny" / "MODEL_CARD.md").read_text()
    assert "(no record), not yet measured on real people.**" in text
    assert "Not recorded." in text
    assert "rendered faces" not in text
