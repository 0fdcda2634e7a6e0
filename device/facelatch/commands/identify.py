"""`facelatch identify`: which enrolled user is the person before the camera?"""

import argparse

from facelatch.commands.answers import answer
from facelatch.commands.options import add_config, add_json
from facelatch.commands.sources import add_model, add_source, add_store, to_config, to_model, to_store, warn
from facelatch.errors import TemplateError
from facelatch.exit_codes import ExitCode
from facelatch.gallery import read_gallery

DESCRIPTION = """\
Compare the face before the camera with everybody's template and name who it is, or say no-match, not-live or
retry. The lock is not touched. Ends with 0 for granted, 1 for refused and 10 where no usable face was seen.
"""
EXAMPLES = """\
examples:
  facelatch identify
  facelatch identify --json
  facelatch identify --recording visit.db3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_json(parser)
    add_source(parser)
    add_model(parser)
    add_store(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Identify; a template that cannot be used is left out with a warning, all of them are a `TemplateError`."""
    config = to_config(arguments)
    model = to_model(config)
    store = to_store(config)
    gallery = read_gallery(store, model.bundle.card.encoder_sha256, warn)
    if not gallery and store.users():
        raise TemplateError(
            f"{store.folder}: none of the templates can be used with this model, as said above; "
            "enrol these users again"
        )
    return answer(arguments, config, model, gallery)
