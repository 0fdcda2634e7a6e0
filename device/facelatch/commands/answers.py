"""What `verify` and `identify` share: one attempt, and its verdict printed."""

import argparse
import json
from collections.abc import Sequence
from contextlib import closing

from facelatch.acquisition import Failure
from facelatch.attempts import Look, attempt
from facelatch.commands.sources import Model, to_camera, to_progress
from facelatch.config import Config, to_session_rule
from facelatch.exit_codes import ExitCode, of_outcome
from facelatch.guidance import to_hint, to_record, to_sentence
from facelatch.matching import Template


def answer(
    arguments: argparse.Namespace, config: Config, model: Model, gallery: Sequence[Template]
) -> ExitCode:
    """Look at the frames, print the verdict on a line or as JSON, and give its exit code."""
    progress = to_progress()

    def tell(look: Look) -> None:
        trouble = to_hint(look.found.reason) if isinstance(look.found, Failure) else "a face is seen"
        progress.show([trouble])

    rule = to_session_rule(config, model.bundle.card.enrolment_limit)
    with closing(to_camera(config)) as camera:
        verdict = attempt(camera.frames(), model.examine, rule, gallery, model.threshold, tell=tell)
    progress.clear()
    print(json.dumps(to_record(verdict)) if arguments.json else to_sentence(verdict))
    return of_outcome(verdict.outcome)
