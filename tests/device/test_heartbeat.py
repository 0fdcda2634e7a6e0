import pytest

from facelatch.heartbeat import Heartbeat
from facelatch.notify import Notifier


class World(Notifier):
    """A clock that moves by what is waited; remembers the signs of life."""

    def __init__(self, stops_after: int = 1000) -> None:
        super().__init__(None)
        self.now_ns = 0
        self.left = stops_after
        self.beats_ns: list[int] = []
        self.waits: list[float] = []

    @property
    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, seconds: float) -> bool:
        self.left -= 1
        self.waits.append(seconds)
        self.now_ns += round(seconds * 1e9)
        return self.is_set

    def watchdog(self) -> None:
        self.beats_ns.append(self.now_ns)

    def heartbeat(self, *chores: object) -> Heartbeat:
        return Heartbeat(self, lambda: self.now_ns, self, 2.0, chores)  # type: ignore[arg-type]


def test_a_long_wait_is_made_of_short_ones() -> None:
    world = World()
    assert world.heartbeat().wait(5.0) is False
    assert world.waits == [2.0, 2.0, 1.0]
    assert world.beats_ns == [0, 2 * 10**9, 4 * 10**9, 5 * 10**9]


def test_no_wait_says_whether_to_stop_and_beats() -> None:
    world = World(stops_after=0)
    assert world.heartbeat().wait(0) is True
    assert (world.waits, world.beats_ns) == ([], [0])


def test_being_asked_to_stop_ends_a_wait() -> None:
    world = World(stops_after=1)
    assert world.heartbeat().wait(30.0) is True
    assert world.waits == [2.0]


@pytest.mark.parametrize("frame_s", [0.033, 0.4])
def test_frames_do_not_bring_more_beats_than_needed(frame_s: float) -> None:
    world = World()
    heartbeat = world.heartbeat()
    for _ in range(round(60 / frame_s)):
        heartbeat.beat()
        world.now_ns += round(frame_s * 1e9)
    assert 30 <= len(world.beats_ns) <= 60
    assert all(b - a <= 2e9 for a, b in zip(world.beats_ns, world.beats_ns[1:], strict=False))


def test_chores_are_done_with_each_beat() -> None:
    world, done = World(), list[int]()
    world.heartbeat(done.append, done.append).wait(2.0)
    assert done == [0, 0, 2 * 10**9, 2 * 10**9]


def test_a_loop_that_hangs_does_not_beat() -> None:
    """Nobody else beats: what is not called says nothing."""
    world = World()
    world.heartbeat().beat()
    world.now_ns += 10**12
    assert world.beats_ns == [0]
