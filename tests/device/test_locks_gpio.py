import errno
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from facelatch.errors import ConfigError, LockError
from facelatch.locks.gpio import GpioLock
from tests.gpiochips import Board, Chip, Line, refusal


def make_board() -> Board:
    """A Raspberry Pi 5's two kinds of chips, four lines each."""
    return Board(
        {
            "/dev/gpiochip0": ("pinctrl-rp1", [Line(f"GPIO{n}") for n in range(4)]),
            "/dev/gpiochip10": ("gpio-brcmstb@107d508500", [Line() for _ in range(4)]),
        }
    )


def make_lock(
    board: Board,
    chip: str = "pinctrl-rp1",
    line: str = "GPIO2",
    *,
    active_low: bool = False,
    fail_safe: bool = False,
) -> GpioLock:
    def devices() -> Iterable[Path]:
        return [Path(path) for path in board.chips]

    return GpioLock(
        chip, line, active_low=active_low, fail_safe=fail_safe, open_chip=board.open, devices=devices
    )


def line_of(board: Board, chip: str = "/dev/gpiochip0", offset: int = 2) -> Line:
    return board.chips[chip][1][offset]


@pytest.mark.parametrize(
    ("chip", "line", "where"),
    [
        pytest.param("pinctrl-rp1", "GPIO2", ("/dev/gpiochip0", 2), id="label-and-name"),
        pytest.param("/dev/gpiochip0", "GPIO3", ("/dev/gpiochip0", 3), id="path-and-name"),
        pytest.param("pinctrl-rp1", "1", ("/dev/gpiochip0", 1), id="label-and-number"),
        pytest.param("gpio-brcmstb@107d508500", "0", ("/dev/gpiochip10", 0), id="second-chip"),
    ],
)
@pytest.mark.parametrize("active_low", [False, True])
def test_drives_the_line_that_was_named(
    chip: str, line: str, where: tuple[str, int], active_low: bool
) -> None:
    board = make_board()
    lock = make_lock(board, chip, line, active_low=active_low)
    driven = line_of(board, *where)
    assert driven.consumer == "facelatch"
    lock.release()
    assert driven.level == int(not active_low)
    lock.secure()
    lock.close()
    assert driven.levels == [int(active_low), int(not active_low), int(active_low), int(active_low)]
    untouched = [other for _, lines in board.chips.values() for other in lines if other is not driven]
    assert not any(other.levels for other in untouched)
    assert board.open_chips == 0


def test_a_line_left_active_by_a_killed_process_is_secured_on_opening() -> None:
    board = make_board()
    line_of(board).level = 1
    make_lock(board)
    assert line_of(board).level == 0


def test_closing_secures_and_frees_the_line_for_the_next_one() -> None:
    board = make_board()
    first = make_lock(board)
    first.release()
    first.close()
    first.close()
    assert line_of(board).level == 0
    make_lock(board).release()
    assert line_of(board).level == 1


def test_a_closed_lock_is_not_released_but_may_be_secured() -> None:
    board = make_board()
    lock = make_lock(board)
    lock.close()
    lock.secure()
    with pytest.raises(LockError, match=r"line GPIO2 of pinctrl-rp1 is closed"):
        lock.release()
    assert line_of(board).level == 0


def test_a_second_lock_on_the_line_is_refused_and_the_first_stays_as_it_is() -> None:
    board = make_board()
    lock = make_lock(board)
    lock.release()
    with pytest.raises(LockError, match="line 2 of pinctrl-rp1 is in use by another program"):
        make_lock(board, line="2")
    assert line_of(board).level == 1
    assert board.open_chips == 0


def test_a_line_that_fails_is_an_error_and_still_given_back() -> None:
    board = make_board()
    lock = make_lock(board)
    board.unplugged = True
    for action in (lock.release, lock.secure, lock.close):
        with pytest.raises(LockError, match=r"cannot be driven .* check the board and its wiring"):
            action()
    assert line_of(board).consumer == ""
    lock.close()


@pytest.mark.parametrize(
    ("fail_safe", "active_low", "secured_at"),
    [
        pytest.param(False, False, 0, id="current-releases"),
        pytest.param(False, True, 1, id="current-releases-active-low"),
        pytest.param(True, False, 1, id="current-holds-shut"),
        pytest.param(True, True, 0, id="current-holds-shut-active-low"),
    ],
)
def test_wiring_and_polarity_are_two_things(*, fail_safe: bool, active_low: bool, secured_at: int) -> None:
    board = make_board()
    line_of(board).level = 1 - secured_at
    lock = make_lock(board, active_low=active_low, fail_safe=fail_safe)
    lock.release()
    lock.close()
    assert line_of(board).levels == [secured_at, 1 - secured_at, secured_at]


@pytest.mark.parametrize(
    ("chip", "line", "message"),
    [
        pytest.param("/dev/gpiochip9", "1", "/dev/gpiochip9 is not a GPIO chip of this board", id="no-chip"),
        pytest.param(
            "pinctrl-bcm2711",
            "GPIO2",
            r"labelled pinctrl-bcm2711; this board has pinctrl-rp1 \(/dev/gpiochip0\), gpio-brcm",
            id="no-label",
        ),
        pytest.param("pinctrl-rp1", "GPIO99", "pinctrl-rp1 has no line named GPIO99", id="no-name"),
        pytest.param("pinctrl-rp1", "4", "pinctrl-rp1 has lines 0 to 3, found 4", id="past-the-last"),
        pytest.param("pinctrl-rp1", "-1", "pinctrl-rp1 has lines 0 to 3, found -1", id="negative"),
    ],
)
def test_what_is_not_there_is_named(chip: str, line: str, message: str) -> None:
    board = make_board()
    with pytest.raises(LockError, match=message):
        make_lock(board, chip, line)
    assert board.open_chips == 0


@pytest.mark.parametrize("chip", ["/dev/gpiochip0", "pinctrl-rp1"])
def test_a_chip_that_may_not_be_opened_names_the_remedy(chip: str) -> None:
    board = make_board()
    board.forbidden.add("/dev/gpiochip0")
    with pytest.raises(LockError, match=f"{chip} may not be opened by this user; .*udev rules.*group gpio"):
        make_lock(board, chip)


def test_one_label_on_two_chips_is_not_guessed() -> None:
    board = Board({f"/dev/gpiochip{n}": ("gpio-sim", [Line("DOOR")]) for n in (0, 1)})
    with pytest.raises(LockError, match="is the label of /dev/gpiochip0 and /dev/gpiochip1"):
        make_lock(board, "gpio-sim", "DOOR")


@pytest.mark.parametrize(
    ("chip", "line"), [("pinctrl-rp1", "GPIO2"), ("/dev/gpiochip0", "99")], ids=["its-label", "its-lines"]
)
def test_a_chip_that_cannot_say_what_it_is_is_an_error_and_closed(
    chip: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_chip: Chip) -> None:
        raise refusal(errno.ENODEV)

    monkeypatch.setattr(Chip, "get_info", fail)
    board = make_board()
    with pytest.raises(LockError, match="/dev/gpiochip0 is not a GPIO chip of this board"):
        make_lock(board, chip, line)
    assert board.open_chips == 0


def test_no_chip_at_all_is_said() -> None:
    with pytest.raises(LockError, match="this board has none"):
        make_lock(Board({}))


def test_without_the_bindings_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)
    with pytest.raises(ConfigError, match=r'pip install "facelatch\[gpio\]"'):
        GpioLock("/dev/gpiochip0", "GPIO17")


def test_an_unforeseen_refusal_keeps_the_kernels_words() -> None:
    def open_chip(path: str) -> None:
        raise refusal(errno.ENOMEM)

    with pytest.raises(LockError, match="cannot be driven \\(Cannot allocate memory\\)"):
        GpioLock("/dev/gpiochip0", "1", open_chip=open_chip)


@pytest.mark.parametrize("path", ["/dev/gpiochip-none", "/dev/null", "/etc/hostname"])
def test_the_real_library_refuses_what_is_no_chip(path: str) -> None:
    with pytest.raises(LockError, match=f"{path} is not a GPIO chip of this board"):
        GpioLock(path, "GPIO17")
