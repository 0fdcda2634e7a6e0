"""`facelatch users`: who is enrolled, since when, and by which model."""

import argparse
import json
from collections.abc import Mapping

from facelatch.commands.options import add_config, add_json
from facelatch.commands.sources import add_store, to_config, to_store, warn
from facelatch.errors import TemplateError
from facelatch.exit_codes import ExitCode
from facelatch.matching import Template

DESCRIPTION = """\
List the enrolled users. A template that cannot be read is named on standard error, and the command ends
with 5.
"""
EXAMPLES = """\
examples:
  facelatch users
  facelatch users --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_json(parser)
    add_store(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """List; `TEMPLATE` where one of them is damaged."""
    config = to_config(arguments)
    store = to_store(config)
    records: list[Mapping[str, object]] = []
    code = ExitCode.OK
    for user in store.users():
        try:
            records.append(_to_record(store.load(user)))
        except TemplateError as error:
            warn(str(error))
            code = ExitCode.TEMPLATE
    if arguments.json:
        print(json.dumps({"store": config.store.folder, "users": records}))
    elif records:
        for record in records:
            print(
                "{user:32}  {directions} directions  {made_at}  encoder {encoder_sha256:.12}".format(**record)
            )
    elif code is ExitCode.OK:
        print(f"nobody is enrolled in {config.store.folder}; `facelatch enrol USER` does that")
    return code


def _to_record(template: Template) -> Mapping[str, object]:
    return {
        "user": template.user,
        "directions": len(template.embeddings),
        "made_at": max(template.made_at),
        "encoder_sha256": template.encoder_sha256,
    }
