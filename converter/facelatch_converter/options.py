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


def add_depth_grey(group: "argparse._ArgumentGroup") -> None:
    """How far the grey of EURECOM's depth pictures is, where its texts are missing."""
    group.add_argument(
        "--depth-grey-mm",
        nargs=2,
        type=float,
        metavar=("NEAR", "FAR"),
        help="EURECOM without its DepthKinect texts: the distances that grey 1 and grey 255 stand for",
    )
