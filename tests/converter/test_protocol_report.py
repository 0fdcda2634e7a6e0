"""What an evaluation of protocols leaves: pictures that show something, a page and a card's section."""

import cv2
import numpy as np
import numpy.typing as npt

from facelatch_converter import failure_gallery
from facelatch_converter.evaluate import Numbers
from facelatch_converter.metrics import comparisons, det_curve
from facelatch_converter.plots import DARK, LIGHT
from facelatch_converter.protocols import card as protocol_card
from facelatch_converter.protocols import page
from facelatch_converter.protocols import plots as protocol_plots
from facelatch_converter.protocols.lines import to_lines
from facelatch_converter.protocols.numbers import rates
from facelatch_converter.protocols.plots import Bar
from facelatch_converter.report import Picture, percent
from tests.converter.scripted import scripted_comparisons

RNG = np.random.default_rng(3)
OURS, OTHER = "int8, ours <1>", "compared: seed.keras"


def measured(apart: float, also_at: tuple[float, ...] = ()) -> Numbers:
    found = scripted_comparisons(RNG, callers=20, attempts=15, people=67, apart=apart, spread=0.12)
    return {
        "single": rates(found, 0.7, ("fmr", "fnmr"), also_at),
        "attempts": {frames: rates(found, 0.7, ("far", "frr"), also_at) for frames in ("1", "3", "5")},
    }


def rate(errors: int, trials: int) -> Numbers:
    return {"value": errors / trials, "errors": errors, "trials": trials, "low": 0.0, "high": 0.5}


FILMED = {"enrolment": {"failures_to_enrol": rate(1, 6)}} | {
    frames: {"frr": rate(2, 12), "fta": rate(1, 12), "far": rate(0, 500)} for frames in ("1", "3", "5")
}


def numbers(also_at: tuple[float, ...] = ()) -> Numbers:
    protocols = {
        "unlock": {"kept_out": "", "filmed": {OURS: FILMED}},
        "time-of-flight": {"kept_out": "time-of-flight", "filmed": {OURS: FILMED}},
        "no-image": {"kept_out": "", "filmed": {OURS: None}},
        "nobody-enrolled": {"kept_out": "", "filmed": {OURS: {"enrolment": FILMED["enrolment"]}}},
    }
    for name, one in protocols.items():
        one |= {
            "about": f"<{name}> & more",
            "seeds": {"enrolment": 1, "attempts": 2},
            "crops": {OURS: measured(1.1, also_at), OTHER: measured(0.7)},
        }
    return {
        "model": {"name": "tiny", "threshold": 0.7, "claimed_fmr": 1e-3},
        "scale": {"people": 20, "callers": 5, "attempts": 3, "filmed": 4, "filmed_attempts": 3, "frames": 5},
        "face_model": "heads.npz",
        "contenders": [OURS, OTHER],
        "protocols": protocols,
    }


def to_image(data: bytes) -> npt.NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_each_network_has_its_curve() -> None:
    curves = {
        name: det_curve(comparisons(RNG.normal(0.4, 0.12, 300), RNG.normal(apart, 0.12, 9000)))
        for name, apart in ((OURS, 1.0), (OTHER, 0.7))
    }
    both, one = (to_image(protocol_plots.curves(found, DARK)) for found in (curves, {OURS: curves[OURS]}))
    assert both.std() > 5
    assert both.shape == one.shape
    assert (both != one).mean() > 0.001


def test_networks_without_errors_leave_the_axes_empty() -> None:
    curve = det_curve(comparisons(np.array([0.1, 0.2]), np.array([1.0, 1.1])))
    assert to_image(protocol_plots.curves({"perfect": curve}, LIGHT)).std() > 5


def test_a_bar_is_as_long_as_its_rate_and_may_be_missing() -> None:
    def drawn(value: float | None) -> npt.NDArray[np.uint8]:
        rows = {"crops": [Bar("unlock", value, 0.0, 0.6), Bar("dark", 0.5, 0.4, 0.6)]}
        return to_image(protocol_plots.bars(rows, 0.05, "FRR", LIGHT))

    blue = [
        int(np.count_nonzero((image[..., 0] > 200) & (image[..., 2] < 80)))
        for image in map(drawn, (None, 0.1, 0.5))
    ]
    assert blue[0] < blue[1] < blue[2]


def test_the_gallery_shows_every_pair_with_its_caption() -> None:
    tiles = [np.full((64, 64, 3), 40 * place, np.uint8) for place in range(5)]
    image = to_image(failure_gallery.to_rows(tiles, [f"pair {place}" for place in range(5)], 3))
    assert image.shape == (2 * (64 + 30), 3 * (64 + 12), 3)
    middles = [image[6 + 32, 6 + 32 + column * 76] for column in range(3)]
    assert [int(pixel[0]) for pixel in middles] == [0, 40, 80]
    assert (image[-20:, -76:] == 255).all()


def test_a_tensor_becomes_image_and_depth_side_by_side() -> None:
    tensor = np.zeros((8, 8, 4), np.float16)
    tensor[..., 0], tensor[..., 3] = 1, -1
    picture = failure_gallery.to_picture(tensor)
    assert picture.shape == (8, 16, 3)
    assert picture[0, 0].tolist() == [255, 127, 127]
    assert picture[0, 8].tolist() == [0, 0, 0]


def test_the_page_has_every_protocol_network_and_picture_and_escapes_foreign_words() -> None:
    pictures = [Picture(f"picture{place}", b"light", b"dark", f"caption {place}") for place in range(5)]
    html = page.to_html(numbers(), pictures)
    assert "int8, ours &lt;1&gt;" in html
    assert "<1>" not in html
    assert html.count("&lt;no-image&gt; &amp; more") == 1
    assert all(f"caption {place}" in html for place in range(5))
    assert html.count("not filmed") == 3 * (1 + 4)  # no-image of ours, everything of the other
    assert html.count("nobody enrolled") == 3
    assert html.count("<th>not enrolled</th>") == 2 * 3
    nobody = [row for row in html.split("<tr>") if "nobody enrolled" in row]
    not_enrolled = f"<td>{protocol_card.bounded(FILMED['enrolment']['failures_to_enrol'])}</td>"
    assert all(not_enrolled in row for row in nobody)
    assert html.count(f"{not_enrolled}</tr>") == 3 * 3  # those who enrolled, and where nobody did
    assert "not claimed" in html
    assert "Nothing here was measured on real people" in html


def test_the_cards_section_has_what_the_bars_ask_for() -> None:
    found = numbers()
    section = protocol_card.to_markdown(found)
    assert section.startswith("## Protocols\n\nRendered people of heads.npz: 20 enrolled")
    assert "| unlock |" in section
    assert "| time-of-flight | time-of-flight |" in section
    assert "The card claims an FMR of 0.001; up to 10 times that is the aim." in section
    assert f"| EER | {OURS} | {OTHER} |" in section
    assert f"| threshold at an FMR of 0.001 | {OURS} | {OTHER} |" in section
    crops = found["protocols"]["unlock"]["crops"]
    ours, other = (crops[name]["single"]["fnmr_at_fmr"][0]["threshold"] for name in (OURS, OTHER))
    assert f"| unlock | {ours:.4f} | {other:.4f} |" in section
    rows = [line for line in section.splitlines() if line.startswith("| no-image")]
    assert any("not filmed" in row for row in rows)
    rows = [line for line in section.splitlines() if line.startswith("| nobody-enrolled")]
    assert any("| nobody enrolled |  | 16.67%" in row for row in rows)
    assert all(line.count("|") == section.splitlines()[place - 1].count("|")
               for place, line in enumerate(section.splitlines()) if line.startswith("| ---"))  # fmt: skip


def test_other_thresholds_have_a_table_each() -> None:
    found = numbers(also_at=(0.4, 0.55))
    section = protocol_card.to_markdown(found)
    assert section.count(f"### {OURS}: crops at a threshold of 0.") == 2
    table = section.split(f"### {OURS}: crops at a threshold of 0.5500")[1].split("###")[0]
    crops = found["protocols"]["unlock"]["crops"][OURS]
    single = crops["single"]["also_at"][1]
    frames = {count: crops["attempts"][count]["also_at"][1] for count in ("5", "3", "1")}
    rates = [single["fmr"], single["fnmr"], frames["5"]["far"], *(one["frr"] for one in frames.values())]
    assert f"| unlock | {' | '.join(map(protocol_card.bounded, rates))} |" in table
    html = page.to_html(found, [])
    assert html.count("Crops at a threshold of 0.4000<") == 1
    assert html.count(f"<td>{protocol_card.bounded(single['fnmr'])}</td>") >= 1
    lines = to_lines(found)
    place = lines.index(f"{OURS}, crops at 0.5500: FAR, FRR of 5 frames") + 1
    far, frr = (percent(frames["5"][name]["value"]) for name in ("far", "frr"))
    assert lines[place].split() == ["unlock", far, frr]
    assert "at a threshold of" not in protocol_card.to_markdown(numbers())


def test_the_terminal_gets_a_line_for_each_protocol() -> None:
    lines = to_lines(numbers())
    assert [line.split()[0] for line in lines[2:6]] == [
        "unlock",
        "time-of-flight",
        "no-image",
        "nobody-enrolled",
    ]
    assert lines[6] == f"{OTHER}: EER"
    missing = to_lines(numbers() | {"runtimes_left_out": ["tflite-runtime"]})
    assert missing[-1] == "note: not installed, so not measured: tflite-runtime"
    assert to_lines(numbers() | {"runtimes_left_out": []})[-1].startswith("nobody-enrolled")
