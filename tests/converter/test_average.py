"""The mean of encoders, and what its record says of it."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from facelatch.errors import FacelatchError
from facelatch.preprocess import VERSION
from facelatch_converter import architecture, average, quantise, records
from facelatch_converter.errors import ConversionError, OutputError, TrainingError
from facelatch_converter.start import find_start


def make_run(folder: Path, crops: int, value: float, size_px: int = 112, **more: object) -> Path:
    """A run's folder, all of whose weights have one value."""
    encoder = architecture.build_encoder("default", size_px)
    encoder.set_weights([np.full_like(weight, value) for weight in encoder.get_weights()])
    folder.mkdir()
    encoder.save(folder / "encoder.keras")
    record = {
        "arguments": {"variant": "default", "loss": "all-pairs"},
        "versions": {"preprocess": str(VERSION)},
        "crops": crops,
        **more,
    }
    (folder / "run.json").write_text(json.dumps(record))
    return folder / "encoder.keras"


def run(out: Path, *encoders: Path) -> int:
    parser = argparse.ArgumentParser()
    average.add_arguments(parser)
    return average.run(parser.parse_args([*map(str, encoders), "--out", str(out)]))


def test_the_mean_goes_where_a_run_would_with_the_record_of_the_longest(tmp_path: Path) -> None:
    first, second = make_run(tmp_path / "a", 1000, 0.5, offset_share=0.4), make_run(tmp_path / "b", 3000, 1.0)
    out = tmp_path / "mean"
    assert run(out, second, first) == 0
    weights = quantise.load_keras(out / "encoder.keras").get_weights()
    assert {float(value) for weight in weights for value in np.unique(weight)} == {0.75}
    record = records.read_record(out / "run.json")
    assert record["crops"] == 3000
    assert [(one["run"], one["crops"]) for one in record["averaged"]] == [("b", 3000), ("a", 1000)]
    told = records.to_training(record, rendered=True)
    assert told["weights"] == "the mean of those after 3,000 and 1,000 crops"
    assert "3,000 crops in all" in told["data"]
    assert (record["reports"], record["offset_share"]) == ([], 0.2)
    # It may be averaged as any run's, and remembers what it is a mean of.
    assert run(tmp_path / "again", out / "encoder.keras", first) == 0
    again = records.read_record(tmp_path / "again" / "run.json")["averaged"]
    assert again[0]["averaged"] == record["averaged"]
    assert find_start(out / "encoder.keras").training["averaged"] == record["averaged"]


def test_crops_of_the_encoder_that_a_run_began_with_count(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a", 2000, 0.5)
    begun = {"training": {"arguments": {}, "crops": 2000}}
    second = make_run(tmp_path / "b", 500, 0.7, begun_from=begun)
    assert run(tmp_path / "mean", first, second) == 0
    record = records.read_record(tmp_path / "mean" / "run.json")
    assert [one["crops"] for one in record["averaged"]] == [2000, 2500]
    assert (record["crops"], record["begun_from"]) == (500, begun)


def test_what_has_no_mean_is_refused(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a", 1000, 0.5)
    tuned = make_run(tmp_path / "tuned", 10, 0.5, fine_tuning={"dataset": "home"})
    small = make_run(tmp_path / "small", 10, 0.5, size_px=64)
    broken = make_run(tmp_path / "broken", 10, float("nan"))
    other = make_run(tmp_path / "other", 10, 0.7, arguments={"variant": "default", "loss": "pairs"})
    strange = make_run(tmp_path / "strange", 2000, 0.8, unheard_of=1)
    alone = tmp_path / "encoder.keras"
    alone.write_bytes(first.read_bytes())
    cases: list[tuple[tuple[Path, ...], type[FacelatchError], str]] = [
        ((first,), ConversionError, "two encoders or more, found 1"),
        ((first, tmp_path / "none.keras"), ConversionError, "none.keras: no such file"),
        ((first, alone), ConversionError, "neither a card.json nor a run.json"),
        ((first, tuned), ConversionError, "was fine-tuned"),
        ((first, small), ConversionError, "is another network than"),
        ((first, first), ConversionError, "two of the encoders are the same"),
        ((first, broken), ConversionError, "weights that are no numbers"),
        ((first, other), ConversionError, "was trained with another loss than"),
        ((first, strange), ConversionError, "its record is not one of this release"),
    ]
    for encoders, kind, words in cases:
        with pytest.raises(kind, match=words):
            run(tmp_path / "out", *encoders)
        assert not (tmp_path / "out").exists()
    with pytest.raises(TrainingError, match="holds a run already"):
        run(tmp_path / "a", first, other)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "card.json").write_text("{}")
    with pytest.raises(OutputError, match="is a model bundle"):
        run(bundle, first, other)
    assert [file.name for file in bundle.iterdir()] == ["card.json"]
