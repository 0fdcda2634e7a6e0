from collections.abc import Iterator

import pytest

from facelatch.cameras.repeated import Repeated
from facelatch.errors import CameraUnpluggedError
from facelatch.frames import Frame
from tests.factories import make_frame


class Recording:
    """A few frames, then the end or an error."""

    driver, serial = "replay", "one"

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self._count, self._error = count, error
        self.closed = False

    def frames(self) -> Iterator[Frame]:
        for number in range(self._count):
            yield make_frame(size=(4, 4), timestamp_ns=number)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.closed = True


def stamps(frames: Repeated, count: int) -> list[int | None]:
    return [None if frame is None else frame.timestamp_ns for frame in (next(frames) for _ in range(count))]


def test_a_recording_starts_again_and_says_so() -> None:
    opened: list[Recording] = []

    def open_() -> Recording:
        opened.append(Recording(2))
        return opened[-1]

    frames = Repeated(open_)
    assert stamps(frames, 8) == [0, 1, None, 0, 1, None, 0, 1]
    assert [recording.closed for recording in opened] == [True, True, False]
    frames.close()
    assert opened[-1].closed
    assert frames.name == "replay one"


def test_an_empty_recording_ends() -> None:
    assert list(Repeated(lambda: Recording(0))) == []


def test_a_broken_camera_is_not_repeated() -> None:
    frames = Repeated(lambda: Recording(1, CameraUnpluggedError("USB reset")))
    assert stamps(frames, 1) == [0]
    with pytest.raises(CameraUnpluggedError):
        next(frames)
