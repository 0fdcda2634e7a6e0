"""Options that several commands take, checked while the command line is read."""

import argparse

LARGEST_SEED = 2**32 - 1
"""What scikit-learn and Keras take; numpy would take more."""


def seed(text: str) -> int:
    """A seed of random draws, for argparse's `type=`: a whole number that every library here takes."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {LARGEST_SEED}, found {text!r}")
    return number
