"""Smooth random fields over an image, as cameras and what they see make them."""

import cv2
import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]


def correlated_noise(shape: tuple[int, ...], blur_px: float, scale: float, rng: np.random.Generator) -> Real:
    """Noise of unit variance at the sensor, smooth over `blur_px`, averaged over `scale` pixels."""
    white = rng.standard_normal(shape, np.float32)
    width = np.hypot(blur_px, scale / np.sqrt(12)) / scale
    smooth = np.asarray(cv2.GaussianBlur(white, (0, 0), float(max(width, 0.05))), np.float32)
    # The variance that is left of white noise after a Gaussian is 1 / (4 pi width^2), and averaging over a pixel
    # of the crop takes a share of the sensor's own.
    gain = np.sqrt(max(4 * np.pi * width**2, 1)) * blur_px / np.hypot(blur_px, scale / np.sqrt(12))
    noise: Real = smooth * np.float32(gain)
    return noise


def patches(shape: tuple[int, ...], width_px: float, rng: np.random.Generator) -> Real:
    """Noise of unit variance, smooth over `width_px`."""
    white: Real = rng.standard_normal(shape, np.float32)
    if white.size == 1:
        return white  # It has no variance of its own to be divided by.
    smooth: Real = np.asarray(cv2.GaussianBlur(white, (0, 0), max(width_px, 0.3)), np.float32)
    smooth /= np.float32(max(float(smooth.std()), 1e-6))
    return smooth


def chance(unit: Real) -> Real:
    """Uniform numbers in 0..1 from normal ones: the logistic curve is the normal distribution's to within 0.01."""
    # Far out an exponential is more than a number can be.
    uniform: Real = 1 / (1 + np.exp(np.float32(-1.702) * np.clip(unit, -50, 50)))
    return uniform


def around(values: Real, pixels: float, rng: np.random.Generator) -> tuple[Real, Real]:
    """The least and the greatest value within `pixels` of each place.

    A fraction of a pixel reaches that share of places: a crop's pixel holds several of the sensor's, so that what a
    sensor does to one of its own shows in some.
    """
    whole, share = int(pixels), pixels - int(pixels)
    window = np.ones((2 * whole + 1, 2 * whole + 1), np.uint8)
    least, greatest = cv2.erode(values, window), cv2.dilate(values, window)
    if share >= 0.01:
        reached = rng.random(values.shape, np.float32) < share
        window = np.ones((3, 3), np.uint8)
        least = np.where(reached, cv2.erode(least, window), least)
        greatest = np.where(reached, cv2.dilate(greatest, window), greatest)
    return np.asarray(least, np.float32), np.asarray(greatest, np.float32)
