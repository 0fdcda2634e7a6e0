"""`facelatch-convert import-makehuman`: MakeHuman's base mesh and targets to one npz, as a second face generator."""

import argparse
from pathlib import Path

from facelatch_converter import places
from facelatch_converter.errors import OutputError
from facelatch_converter.progress import progress_bar

DESCRIPTION = """Read MakeHuman's data folder (3dobjs and targets, CC0) and write the arrays that rendering takes by
--face-model. Its heads have another topology and other shapes than those that the shipped encoder was trained on, so
that an evaluation on them shows what carries over. Get the folder from MakeHuman's own repository or release."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("data", type=Path, metavar="DATA_DIR", help="the folder with 3dobjs and targets")
    parser.add_argument("out", type=Path, metavar="OUT.npz", help="where to write the arrays")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def run(arguments: argparse.Namespace) -> int:
    """Import and write; returns 0."""
    from facelatch_converter.face_model_import import write_npz  # noqa: PLC0415
    from facelatch_converter.makehuman.heads import import_data  # noqa: PLC0415 - loads numba

    if arguments.out.suffix != ".npz":
        raise OutputError(f"{arguments.out}: the file's name must end in .npz")
    places.refuse_taken_file(arguments.out, arguments.force)
    with progress_bar(len(list((arguments.data / "targets").glob("*/*.target"))), "files") as advance:
        arrays = import_data(arguments.data, lambda _: advance(1))
    write_npz(arguments.out, arrays)
    print(
        f"{arguments.out}: {len(arrays['vertices_cm'])} vertices, {len(arrays['identity_cm'])} identity and "
        f"{len(arrays['expression_cm'])} expression shapes"
    )
    return 0
