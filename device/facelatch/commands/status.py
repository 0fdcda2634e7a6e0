"""`facelatch status`: how the running daemon is."""

import argparse
import json
import time
from pathlib import Path

from facelatch.commands.lock_options import KEEPER, add_keeper
from facelatch.commands.options import add_config, add_json
from facelatch.config import load
from facelatch.diagnosis.checks import Finding, Status, examine, split, to_text, worst
from facelatch.errors import StatusError
from facelatch.exit_codes import ExitCode
from facelatch.keeping.wire import Plain
from facelatch.locks.kept import ask
from facelatch.status import DaemonStatus
from facelatch.status_file import is_alive, read_status
from facelatch.status_report import judge, judge_lock, to_object

DESCRIPTION = """\
Tell how the running daemon is: whether it lives, whether its camera is trusted or what is wrong with it and what is
being tried, what happened last, lock-out, lock and power supply. Ends with 0 where all is well and with 1 where not.
"""
EXAMPLES = """\
examples:
  sudo -u facelatch facelatch status
  sudo -u facelatch facelatch status --json | jq .daemon.camera
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_json(parser)
    add_keeper(parser, KEEPER, f"default: {KEEPER}")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Read, print and tell by the exit code whether the daemon is healthy."""
    config = load(arguments.config)
    now_ns = time.monotonic_ns()
    status: DaemonStatus | None = None
    try:
        status = read_status(_named(config.daemon.status))
        findings = judge(status, now_ns, is_alive(status.pid))
    except StatusError as error:
        findings = [Finding("daemon", Status.FAIL, *split(str(error)))]
    if config.lock.driver == "gpio":
        # It is kept whether or not a daemon runs.
        findings.append(
            examine("lock", lambda: judge_lock(ask(arguments.keeper, Plain.ASK), str(arguments.keeper)))
        )
    print(json.dumps(to_object(status, findings, now_ns), indent=2) if arguments.json else to_text(findings))
    return ExitCode.REFUSED if worst(findings) is Status.FAIL else ExitCode.OK


def _named(path: str) -> Path:
    if not path:
        raise StatusError("daemon.status is empty, so the daemon tells nothing; set it to a file")
    return Path(path)
