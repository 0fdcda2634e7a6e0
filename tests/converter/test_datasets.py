import pickle
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.captures import CaptureWriter
from facelatch.errors import CaptureError
from facelatch.frames import Frame
from facelatch_converter import datasets
from facelatch_converter.errors import DatasetError
from tests.factories import make_frame


def write_capture(folder: Path, *, subject: str | None = None, attack: str | None = None) -> None:
    with CaptureWriter(folder, driver="scripted", serial="1", subject=subject, attack=attack) as writer:
        for index in range(2):
            writer.write(make_frame(500 + index, (8, 6), timestamp_ns=index))


def write_vap(folder: Path, name: str, depth: npt.NDArray[np.int64], colour: npt.NDArray[np.uint8]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = ("\t".join(map(str, row)) + "\t\r\n" for row in depth)
    (folder / f"{name}_d.dat").write_text("".join(lines))
    cv2.imwrite(str(folder / f"{name}_c.bmp"), colour[..., ::-1])


def vap_depth() -> npt.NDArray[np.int64]:
    depth = np.full((480, 640), 800, np.int64)
    depth[:, :10] = -1
    depth[100, 200] = 653
    return depth


def write_eurecom(session: Path, pose: str = "Neutral", *, text: bool = True) -> npt.NDArray[np.uint16]:
    """One 256x256 picture; returns its depth in millimetres."""
    depth = np.random.default_rng(4).integers(700, 900, (256, 256)).astype(np.uint16)
    depth[:5] = 0
    colour = np.zeros((256, 256, 3), np.uint8)
    colour[..., 2] = 200  # BGR: red
    stem = f"{session.parent.name}_{session.name}_{pose}"
    for part in ("RGB", "Depth/DepthBMP", "Depth/DepthKinect"):
        (session / part).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(session / "RGB" / f"rgb_{stem}.bmp"), colour)
    grey = np.where(depth > 0, np.clip(depth.astype(int) - 699, 1, 255), 0).astype(np.uint8)
    cv2.imwrite(str(session / "Depth" / "DepthBMP" / f"depth_{stem}.bmp"), grey)
    if text:
        rows, columns = np.indices(depth.shape)
        table = np.stack([columns + 192, rows + 74, depth], axis=-1).reshape(-1, 3)
        lines = "\n".join(f"{x}\t{y}\t{z}\t" for x, y, z in table.tolist())
        (session / "Depth" / "DepthKinect" / f"depth_{stem}.txt").write_text(lines)
    return depth


def test_capture_folders(tmp_path: Path) -> None:
    write_capture(tmp_path / "anna" / "desk")
    write_capture(tmp_path / "anna" / "photo", subject="anna", attack="flat-photo")
    write_capture(tmp_path / "bert" / "desk")
    refs = datasets.open_dataset(tmp_path)
    assert [(ref.subject, ref.name, ref.attack) for ref in refs] == [
        ("anna", "desk", None),
        ("anna", "photo", "flat-photo"),
        ("bert", "desk", None),
    ]
    assert [int(frame.depth_mm[0, 0]) for frame in refs[2].frames()] == [500, 501]
    assert len(list(refs[2].frames())) == 2  # a second reading starts again
    again = pickle.loads(pickle.dumps(refs[0]))
    assert len(list(again.frames())) == 2


def test_a_capture_in_the_wrong_subjects_folder_is_refused(tmp_path: Path) -> None:
    write_capture(tmp_path / "anna" / "desk", subject="bert")
    with pytest.raises(DatasetError, match=r"capture\.json: is of subject 'bert' but lies in .*'anna'"):
        datasets.open_dataset(tmp_path)


def test_vap_pictures_of_a_pose_are_one_capture(tmp_path: Path) -> None:
    colour = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    person = tmp_path / "(2012-05-16)(154211)"
    for name in ("001_1", "001_2", "013_1"):
        write_vap(person, name, vap_depth(), colour)
    refs = datasets.open_dataset(tmp_path)
    assert [(ref.subject, ref.name) for ref in refs] == [(person.name, "001"), (person.name, "013")]
    first, second = refs[0].frames()
    assert np.array_equal(first.colour, colour)
    assert (first.depth_mm[0, :11].tolist(), int(first.depth_mm[100, 200])) == ([0] * 10 + [800], 653)
    assert (first.intrinsics.fx, first.intrinsics.cx, first.intrinsics.cy) == (525, 320, 240)
    assert second.timestamp_ns > first.timestamp_ns


def test_vap_colour_of_double_size_is_averaged_down(tmp_path: Path) -> None:
    colour = np.zeros((960, 1280, 3), np.uint8)
    colour[0::2, 0::2] = 200  # one of four pixels
    write_vap(tmp_path / "anna", "001_1", vap_depth(), colour)
    (frame,) = datasets.read_vap(tmp_path)[0].frames()
    assert frame.size == (640, 480)
    assert (frame.colour == 50).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("800\t801\n" * 480, "expected 480 lines of 640 numbers, found 480 of 2", id="narrow"),
        pytest.param(("800\t" * 640 + "\n") * 479, "found 479 of 640", id="truncated"),
        pytest.param(("800\t" * 639 + "x\t\n") * 480, "expected rows of whole numbers", id="letters"),
        pytest.param(("800\t" * 640 + "\n") * 479 + "800\n", "all as long", id="cut-last-line"),
        pytest.param(("-2\t" * 640 + "\n") * 480, "-1 for none, found -2", id="foreign-sign"),
        pytest.param("", "found 0 of", id="empty"),
    ],
)
def test_vap_depth_that_does_not_fit_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    write_vap(tmp_path / "anna", "001_1", vap_depth(), np.zeros((480, 640, 3), np.uint8))
    (tmp_path / "anna" / "001_1_d.dat").write_text(text)
    with pytest.raises(DatasetError, match=message) as caught:
        list(datasets.read_vap(tmp_path)[0].frames())
    assert "001_1_d.dat" in str(caught.value)
    assert isinstance(caught.value, CaptureError)


def test_vap_colour_that_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    write_vap(tmp_path / "anna", "001_1", vap_depth(), np.zeros((100, 100, 3), np.uint8))
    (ref,) = datasets.read_vap(tmp_path)
    with pytest.raises(DatasetError, match=r"001_1_c\.bmp: expected .* found 100x100"):
        list(ref.frames())
    (tmp_path / "anna" / "001_1_c.bmp").write_bytes(b"BM no picture")
    with pytest.raises(DatasetError, match="is not a picture"):
        list(ref.frames())
    (tmp_path / "anna" / "001_1_c.bmp").unlink()
    with pytest.raises(DatasetError, match="No such file"):
        list(ref.frames())


def test_vap_names_without_pose_and_picture_are_refused(tmp_path: Path) -> None:
    write_vap(tmp_path / "anna", "portrait", vap_depth(), np.zeros((480, 640, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"portrait_d\.dat: expected a name like 001_1_d\.dat"):
        datasets.open_dataset(tmp_path)


def test_eurecom_sessions_are_captures_with_depth_in_millimetres(tmp_path: Path) -> None:
    depth = write_eurecom(tmp_path / "0001" / "s1")
    write_eurecom(tmp_path / "0001" / "s1", "Smile")
    write_eurecom(tmp_path / "0001" / "s2")
    refs = datasets.open_dataset(tmp_path)
    assert [(ref.subject, ref.name) for ref in refs] == [("0001", "s1"), ("0001", "s2")]
    frames = list(refs[0].frames())
    assert len(frames) == 2
    assert np.array_equal(frames[0].depth_mm, depth)
    assert frames[0].colour[0, 0].tolist() == [200, 0, 0]
    assert (frames[0].intrinsics.cx, frames[0].intrinsics.cy) == (128, 166)


def test_eurecom_grey_levels_need_the_distances_they_stand_for(tmp_path: Path) -> None:
    depth = write_eurecom(tmp_path / "0001" / "s1", text=False)
    with pytest.raises(DatasetError, match=r"holds grey levels, not millimetres.*--depth-grey-mm"):
        list(datasets.open_dataset(tmp_path)[0].frames())
    (frame,) = datasets.open_dataset(tmp_path, grey_mm=(700, 954))[0].frames()
    assert np.array_equal(frame.depth_mm, depth)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param("192\t74\t800\t9\t\n", "`column row millimetres`, found 4", id="four-columns"),
        pytest.param("191\t74\t800\n", r"from \(192, 74\) on", id="left-of-the-picture"),
        pytest.param("448\t74\t800\n", "outside its 256x256 picture", id="right-of-the-picture"),
        pytest.param("192\t74\t-1\n", "expected 0 to 65535 mm", id="negative"),
        pytest.param("", "found 1 numbers|from", id="empty"),
    ],
)
def test_eurecom_text_that_does_not_fit_is_refused_by_name(tmp_path: Path, lines: str, message: str) -> None:
    write_eurecom(tmp_path / "0001" / "s1")
    file = tmp_path / "0001" / "s1" / "Depth" / "DepthKinect" / "depth_0001_s1_Neutral.txt"
    file.write_text(lines)
    with pytest.raises(DatasetError, match=message) as caught:
        list(datasets.open_dataset(tmp_path)[0].frames())
    assert file.name in str(caught.value)


def test_eurecom_picture_without_depth_is_refused(tmp_path: Path) -> None:
    write_eurecom(tmp_path / "0001" / "s1")
    (tmp_path / "0001" / "s1" / "Depth" / "DepthBMP" / "depth_0001_s1_Neutral.bmp").unlink()
    with pytest.raises(DatasetError, match=r"rgb_0001_s1_Neutral\.bmp: has no depth"):
        datasets.open_dataset(tmp_path)


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        datasets.open_dataset(tmp_path / "missing")
    with pytest.raises(DatasetError, match="not a data set; expected <subject>/<capture>"):
        datasets.open_dataset(tmp_path)
    with pytest.raises(DatasetError, match="holds no captures"):
        datasets.read_captures(tmp_path)


NAMES = st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=2, max_size=30)


@given(NAMES, st.floats(0.01, 0.99), st.integers(0, 9))
def test_a_split_shares_no_subject_and_loses_no_capture(names: list[str], share: float, seed: int) -> None:
    refs = [datasets.CaptureRef(name, str(index), no_frames) for index, name in enumerate(names)]
    if len(set(names)) < 2:
        with pytest.raises(DatasetError, match="at least two subjects"):
            datasets.split_subjects(refs, share, seed)
        return
    kept, held_out = datasets.split_subjects(refs, share, seed)
    assert kept
    assert held_out
    assert not {ref.subject for ref in kept} & {ref.subject for ref in held_out}
    assert sorted(ref.name for ref in kept + held_out) == sorted(ref.name for ref in refs)
    assert abs(len(datasets.subjects(held_out)) - share * len(set(names))) <= 1
    shuffled = list(reversed(refs))
    assert datasets.subjects(datasets.split_subjects(shuffled, share, seed)[1]) == datasets.subjects(held_out)


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
def test_a_split_needs_a_share(share: float) -> None:
    refs = [datasets.CaptureRef(name, "1", no_frames) for name in "ab"]
    with pytest.raises(DatasetError, match="between 0 and 1"):
        datasets.split_subjects(refs, share, 0)


def no_frames() -> Iterator[Frame]:
    return iter(())
