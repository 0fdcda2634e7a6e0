"""`facelatch verify`: is the person before the camera USER?"""

import argparse

from facelatch.commands.answers import answer
from facelatch.commands.options import add_config, add_json
from facelatch.commands.sources import add_model, add_source, add_store, to_config, to_model, to_store
from facelatch.exit_codes import ExitCode
from facelatch.matching import expect_encoder

DESCRIPTION = """\
Compare the face before the camera with USER's template and say granted, no-match, not-live or retry. The
lock is not touched. Ends with 0 for granted, 1 for refused and 10 where no usable face was seen.
"""
EXAMPLES = """\
examples:
  facelatch verify ada
  facelatch verify ada --json
  facelatch verify ada --capture visit/ && echo welcome
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("user", metavar="USER", help="who it should be")
    add_config(parser)
    add_json(parser)
    add_source(parser)
    add_model(parser)
    add_store(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Verify; raises `TemplateError` before any frame is taken where USER cannot be verified."""
    config = to_config(arguments)
    template = to_store(config).load(arguments.user)
    model = to_model(config)
    expect_encoder(template, model.bundle.card.encoder_sha256)
    return answer(arguments, config, model, [template])
