from pathlib import Path

import pytest

from facelatch.supervision.supply import Supply, SupplyWatch, read_supply, to_words, wrong_now

NOW, BEFORE = "under-voltage now", "under-voltage since boot"
FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
FIRMWARE_OF_A_PI_5 = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.mark.parametrize(
    ("files", "supply"),
    [
        pytest.param({}, None, id="another-board"),
        pytest.param({FIRMWARE: "0\n"}, (), id="good"),
        pytest.param({FIRMWARE: "50005\n"}, (NOW, "throttled now", BEFORE, "throttled since boot"), id="bad"),
        pytest.param({FIRMWARE_OF_A_PI_5: "10000\n"}, (BEFORE,), id="pi-5"),
        pytest.param({FIRMWARE: "nonsense"}, None, id="nonsense"),
        pytest.param(
            {"sys/class/hwmon/hwmon1/name": "rpi_volt", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"},
            (NOW,),
            id="plain-kernel",
        ),
        pytest.param(
            {"sys/class/hwmon/hwmon1/name": "rpi_volt", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n"},
            (),
            id="plain-kernel-good",
        ),
        pytest.param({"sys/class/hwmon/hwmon0/name": "cpu_thermal"}, None, id="another-sensor"),
    ],
)
def test_what_a_board_tells(files: dict[str, str], supply: Supply, tmp_path: Path) -> None:
    for path, text in files.items():
        put(tmp_path, path, text)
    assert read_supply(tmp_path) == supply


def test_changes_are_told_once_and_it_is_not_read_at_every_beat() -> None:
    told, reads = list[Supply](), list[int]()
    found: list[Supply] = [(), (NOW, BEFORE), (NOW, BEFORE), (BEFORE,)]

    def read() -> Supply:
        reads.append(1)
        return found[len(reads) - 1]

    watch = SupplyWatch(read, told.append, every_s=30.0)
    for second in range(0, 120, 2):
        watch(second * 10**9)
    assert len(reads) == 4
    assert told == [(), (NOW, BEFORE), (BEFORE,)]


@pytest.mark.parametrize(
    ("supply", "words"),
    [
        (None, "not told by this board"),
        ((), "good"),
        ((BEFORE, NOW), f"{NOW}, {BEFORE}"),
        ((BEFORE,), BEFORE),
    ],
)
def test_what_holds_now_comes_first(supply: Supply, words: str) -> None:
    assert to_words(supply) == words
    assert wrong_now(supply) == ((NOW,) if words.startswith(NOW) else ())
