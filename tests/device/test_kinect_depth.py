from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facelatch.optics.kinect_depth import (
    HEIGHT,
    NO_READING,
    NOMINAL,
    WIDTH,
    Calibration,
    Cubic,
    KinectRegistration,
    to_mm,
)

BENT = Calibration(
    emitter_cm=7.46875,
    colour_cm=2.375,
    plane_cm=119.5,
    plane_pixel_cm=0.10498046875,
    shift=199.0,
    across=Cubic(3201, 2095900, 640, 134215600, -900, -1300, 1650, -7, 3, 455),
    down=Cubic(6650, 700, -1090, -1600, 134216900, 134215100, -9, 2600, 610, 13),
)
"""Crooked cameras with distorted lenses: every part of the cubics counts. Some numbers are of 21 or 27 bits."""
CALIBRATIONS = [pytest.param(NOMINAL, id="nominal"), pytest.param(BENT, id="bent")]


def clamped(value: int, bits_left: int) -> int:
    """C's `value << bits_left` for an int32_t."""
    shifted = (value << bits_left) % 2**32
    return shifted - 2**32 if shifted >= 2**31 else shifted


def slow_table(cubic: Cubic) -> list[list[float]]:
    """The movement of each pixel, added up step by step as libfreenect does it."""
    d, dx, dy = clamped(cubic.start, 13) >> 4, clamped(cubic.dx, 11) >> 3, clamped(cubic.dy, 11) >> 3
    dxdx, dydx, dydy = (clamped(value, 5) << 3 for value in (cubic.dxdx, cubic.dydx, cubic.dydy))
    table = []
    for _ in range(HEIGHT):
        dxdx += cubic.c
        dx += dydx >> 8
        dydx += cubic.d
        d += dy >> 6
        dy += dydy >> 8
        dydy += cubic.b
        here, here_dx, here_dxdx = d, dx, dxdx
        row = []
        for _ in range(WIDTH):
            row.append(here / 2**17)
            here += here_dx >> 6
            here_dx += here_dxdx >> 8
            here_dxdx += cubic.a
        table.append(row)
    return table


def slow_mm(raw: int, calibration: Calibration) -> int:
    if raw == NO_READING:
        return 0
    metric = ((raw - 4 * calibration.shift) / 4 - 0.375) * calibration.plane_pixel_cm
    mm = 10 * (metric * calibration.plane_cm / (calibration.emitter_cm - metric) + calibration.plane_cm)
    return int(mm) if 0 < mm < 10_000 else 0


def slow_registration(raw: list[list[int]], calibration: Calibration) -> list[list[int]]:
    across, down = slow_table(calibration.across), slow_table(calibration.down)
    pixel = 1 / float(np.float32(calibration.plane_pixel_cm * 20))
    apart, plane = calibration.colour_cm * pixel * 10, calibration.plane_cm * pixel * 10
    registered = [[0] * WIDTH for _ in range(HEIGHT)]
    known = [slow_mm(reading, calibration) for reading in range(2048)]
    for y, row in enumerate(raw):
        for x, reading in enumerate(row):
            mm = known[reading]
            new_x, new_y = x + across[y][x] + 1, y + down[y][x] + 1
            if not mm or not 0 <= new_x < WIDTH or not 0 <= new_y < HEIGHT:
                continue
            shift = int((apart * (mm * pixel - plane) / (mm * pixel) + 0.375) * 256)
            column = (int(new_x * 256) + shift) // 256
            if 0 <= column < WIDTH:
                before = registered[int(new_y)][column]
                registered[int(new_y)][column] = min(before, mm) if before else mm
    return registered


def made_scene(seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    """Things at several distances, noise, holes, and a few numbers that no device sends."""
    rng = np.random.default_rng(seed)
    raw = np.full((HEIGHT, WIDTH), 1000, np.int64)
    raw[100:300, 200:420] = 620
    raw[150:250, 260:330] = np.linspace(400, 800, 70).astype(np.int64)
    raw += rng.integers(-9, 10, raw.shape)
    raw[rng.random(raw.shape) < 0.1] = NO_READING
    raw[:20] = rng.integers(0, 2048, (20, WIDTH))
    raw[470:, :8] = (0, 1, 1055, 1092, 1093, 2046, 2048, 65535)
    return raw.astype(np.uint16)


def test_registration_is_that_of_a_slow_loop() -> None:
    raw = made_scene(1)
    registered = KinectRegistration(BENT).to_colour(raw)
    assert registered.dtype == np.uint16
    assert np.array_equal(registered, slow_registration(raw.clip(0, NO_READING).tolist(), BENT))
    assert (registered > 0).mean() > 0.6


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_millimetres_are_those_of_the_formula(calibration: Calibration) -> None:
    table = to_mm(calibration)
    assert table.tolist() == [slow_mm(raw, calibration) for raw in range(2048)]
    seen = table[: np.flatnonzero(table)[-1] + 1].astype(int)
    assert (np.diff(seen) >= 0).all()
    assert 250 < seen[0] < 400
    assert 9000 < seen[-1] < 10_000


def test_an_image_is_registered_anew_each_time() -> None:
    registration = KinectRegistration(NOMINAL)
    first = registration.to_colour(made_scene(1))
    kept = first.copy()
    registration.to_colour(made_scene(2))
    assert np.array_equal(first, kept)
    assert np.array_equal(registration.to_colour(made_scene(1)), kept)


def test_nothing_seen_is_nothing_registered() -> None:
    blind = np.full((HEIGHT, WIDTH), NO_READING, np.uint16)
    assert not KinectRegistration(NOMINAL).to_colour(blind).any()


def test_what_is_nearer_hides_what_is_behind_it() -> None:
    """A thing at 0.6 m lands 10 pixels to the left of where the wall at 2.5 m does: the wall must not shine through."""
    raw = np.full((HEIGHT, WIDTH), 960, np.uint16)
    raw[200:280, 300:340] = 600
    registered = KinectRegistration(NOMINAL).to_colour(raw)
    near = to_mm(NOMINAL)[600]
    rows, columns = np.nonzero(registered == near)
    hull = registered[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (hull == near).all()
    assert hull.shape == pytest.approx((80 * 0.92, 40 * 0.92), abs=1.5)


def test_a_pinhole_camera_sees_readings_where_they_are() -> None:
    """The nominal cameras: 575.8 and 530.7 pixels of focal length, 24 mm apart, looking the same way."""
    registration = KinectRegistration(NOMINAL)
    camera = registration.intrinsics
    assert (camera.fx, camera.fy) == pytest.approx((530.7, 530.7), abs=0.5)
    infrared_px = 120 / 0.2084
    for x, y, reading in ((320, 240, 600), (150, 100, 700), (500, 400, 900), (420, 60, 1000)):
        raw = np.full((HEIGHT, WIDTH), NO_READING, np.uint16)
        raw[y, x] = reading
        registered = registration.to_colour(raw)
        ((row, column),) = np.argwhere(registered).tolist()
        mm = int(registered[row, column])
        across_mm = (x - 320) / infrared_px * mm - 24
        down_mm = (y - 240) / infrared_px * mm
        # libfreenect moves pixels by the infrared camera's focal length: 0.08 of a disparity of up to 20 pixels is off.
        assert column == pytest.approx(320 + across_mm / mm * 530.7, abs=3)
        assert row == pytest.approx(240 + down_mm / mm * 530.7, abs=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"emitter_cm": 0.0}, "lengths must be positive, found 0, 2.4", id="not-read"),
        pytest.param({"shift": -1.0}, "must be positive", id="negative"),
        pytest.param({"plane_cm": float("nan")}, "must be positive", id="nan"),
        pytest.param({"colour_cm": float("inf")}, "must be positive", id="infinite"),
        pytest.param({"plane_cm": 1200.0}, "about 530 pixels, found 5307", id="focal-length"),
        pytest.param({"down": Cubic(4557, dy=20000)}, "found 530.7 and 9", id="scale"),
    ],
)
def test_what_no_kinect_can_have_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KinectRegistration(replace(NOMINAL, **change))  # type: ignore[arg-type]


@settings(max_examples=6)
@given(
    st.integers(-(2**31), 2**31 - 1),
    st.lists(st.integers(-(2**31), 2**31 - 1), min_size=9, max_size=9),
)
def test_whatever_a_device_tells_is_a_registration_or_refused(start: int, others: list[int]) -> None:
    odd = replace(NOMINAL, across=Cubic(start, *others))
    try:
        registration = KinectRegistration(odd)
    except ValueError:
        return
    registered = registration.to_colour(np.full((HEIGHT, WIDTH), 700, np.uint16))
    assert set(np.unique(registered)) <= {0, int(to_mm(odd)[700])}
