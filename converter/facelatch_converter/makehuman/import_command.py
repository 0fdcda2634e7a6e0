"""`facelatch-convert import-makehuman`: MakeHuman's base mesh and targets to one npz, as a second face generator."""

import argparse
from functools import partial
from pathlib import Path

from facelatch_converter.face_model_import import add_output_arguments, import_to

DESCRIPTION = """Read MakeHuman's data folder (3dobjs and targets, CC0) and write the arrays that rendering takes by
--face-model. Its heads have another topology and other shapes than those that the shipped encoder was trained on, so
that an evaluation on them shows what carries over. Get the folder from MakeHuman's own repository or release."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("data", type=Path, metavar="DATA_DIR", help="the folder with 3dobjs and targets")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import and write; returns 0."""
    from facelatch_converter.makehuman.heads import import_data  # noqa: PLC0415 - loads numba

    files = len(list((arguments.data / "targets").glob("*/*.target")))
    return import_to(arguments, files, partial(import_data, arguments.data))
