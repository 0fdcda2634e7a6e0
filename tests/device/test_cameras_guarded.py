from collections.abc import Callable, Iterator
from typing import Any

import pytest

from facelatch.cameras import Resettable
from facelatch.cameras.guarded import guard
from facelatch.cameras.scripted import ScriptedCamera
from facelatch.errors import CameraError, CameraStalledError, CameraUnpluggedError, ConfigError
from facelatch.frames import Frame
from tests.factories import make_frame


class Foreign:
    """A driver's camera that does what it is given to do."""

    serial = "7"

    def __init__(
        self, play: Callable[[], Iterator[Any]] = lambda: iter(()), end: Callable[[], Any] = lambda: None
    ):
        self.frames, self.close = play, end


class ForeignResettable(Foreign):
    def __init__(self, reset: Callable[[], None]) -> None:
        super().__init__()
        self.reset = reset


class SpeechlessError(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise KeyError("args")


def failing(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def test_frames_and_our_errors_pass() -> None:
    frame = make_frame(size=(4, 4))
    camera = guard(ScriptedCamera([frame, CameraStalledError("slow"), frame]), "some", "the driver")
    assert (camera.driver, camera.serial) == ("some", "scripted")
    stream = camera.frames()
    assert next(stream) is frame
    with pytest.raises(CameraStalledError, match=r"^slow$"):
        next(stream)


def test_the_end_of_a_recording_passes() -> None:
    assert list(guard(Foreign(), "some", "the driver").frames()) == []


def play_then_fail() -> Iterator[Frame]:
    yield make_frame(size=(4, 4))
    raise OSError(5, "bad\ncable")


@pytest.mark.parametrize(
    ("play", "message"),
    [
        pytest.param(lambda: iter([3]), "the driver gave 3 for a frame", id="no-frame"),
        pytest.param(play_then_fail, r"the driver failed \(OSError: \[Errno 5\] bad cable\)", id="raises"),
        pytest.param(failing(KeyError("x")), r"failed \(KeyError: 'x'\)", id="raises-at-once"),
        pytest.param(
            failing(SpeechlessError()), r"failed \(SpeechlessError\)", id="raises-what-has-no-words"
        ),
        pytest.param(failing(SystemExit(2)), r"failed \(SystemExit: 2\)", id="leaves-the-program"),
        pytest.param(lambda: None, r"failed \(TypeError", id="nothing-to-iterate"),
    ],
)
def test_whatever_else_a_driver_does_is_a_camera_error(play: Callable[[], Any], message: str) -> None:
    with pytest.raises(CameraError, match=message) as caught:
        list(guard(Foreign(play), "some", "the driver").frames())
    assert str(caught.value).endswith("tell its makers")


def test_close_never_fails() -> None:
    guard(Foreign(end=failing(RuntimeError("again"))), "some", "the driver").close()


class WithoutSerial(Foreign):
    """One whose device went as soon as it was open."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.closed = False
        super().__init__(end=self.note)

    @property
    def serial(self) -> str:  # type: ignore[override]
        raise self.error

    def note(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        pytest.param(OSError("no device"), CameraError, r"serial number \(OSError: no device\)", id="theirs"),
        pytest.param(CameraUnpluggedError("gone"), CameraUnpluggedError, "^gone$", id="ours"),
    ],
)
def test_a_device_that_goes_while_it_is_opened_is_given_back_and_no_fault_of_the_settings(
    error: Exception, kind: type[CameraError], message: str
) -> None:
    """A `ConfigError` would end the daemon for good."""
    camera = WithoutSerial(error)
    with pytest.raises(CameraError, match=message) as caught:
        guard(camera, "some", "the driver")
    assert type(caught.value) is kind
    assert camera.closed


class NumberedSerial(Foreign):
    serial = 7  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("camera", "missing"),
    [
        pytest.param(object(), r"frames, close, serial \(text\)", id="anything"),
        pytest.param(NumberedSerial(), r"serial \(text\)", id="no-serial"),
    ],
)
def test_what_is_no_camera_is_refused(camera: object, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"which is no camera: it has no {missing}; tell its makers"):
        guard(camera, "some", "the driver")


def test_a_camera_that_can_be_reset_stays_one() -> None:
    done: list[str] = []
    camera = guard(ForeignResettable(lambda: done.append("reset")), "some", "the driver")
    assert isinstance(camera, Resettable)
    camera.reset()
    assert done == ["reset"]
    assert not isinstance(guard(Foreign(), "some", "the driver"), Resettable)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(OSError("no"), r"the driver could not reset its camera \(OSError: no\)", id="theirs"),
        pytest.param(CameraStalledError("ours"), "^ours$", id="ours"),
    ],
)
def test_a_reset_that_fails_is_a_camera_error(error: Exception, message: str) -> None:
    camera = guard(ForeignResettable(failing(error)), "some", "the driver")
    assert isinstance(camera, Resettable)
    with pytest.raises(CameraError, match=message):
        camera.reset()
