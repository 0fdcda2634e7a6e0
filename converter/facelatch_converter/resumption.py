"""What a resumed run takes over from its record, and when it has nothing left to go on with."""

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from facelatch_converter.errors import TrainingError
from facelatch_converter.runs import RECORD_FILE, Record, Schedule

_PATHS = ("dataset", "face_model", "start")
_OPTIONS = {"face_model_sha256": "--face-model", "sha256": "--from", "turned": "way of turning crops"}
"""By which option an argument of another name is chosen."""


def common_defaults() -> dict[str, Any]:
    """Of the options that training from scratch and fine-tuning share, where neither they nor a record say more."""
    workers = max(1, (os.cpu_count() or 2) - 1)
    return {"minutes": math.inf, "held_out": 100, "workers": workers, "seed": 1}


def chosen_before(out: Path, names: Iterable[str]) -> dict[str, Any]:
    """Those of the options `names` that the run in `out` was told, as its last phase had them.

    Nothing where its record cannot be read: opening it says why.
    """
    try:
        record = json.loads((out / RECORD_FILE).read_text(encoding="utf-8"))
        last = record["arguments"] | (record["phases"][-1] if record.get("phases") else {})
        return {name: _to_value(name, last[name]) for name in names if name in last}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}


def refuse_different(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise `TrainingError` naming the options by which a run was started otherwise than it would be resumed."""
    different = [_OPTIONS.get(name, _to_option(name)) for name in now if before.get(name) != now[name]]
    if different:
        raise TrainingError(
            f"{path}: was started with another {' and '.join(different)}; resume with the same, or start a new run"
        )


def refuse_ended(out: Path, record: Record, crops: int, minutes: float) -> None:
    """Raise `TrainingError` for a run whose schedule is over: one more step would replace its annealed encoder."""
    if Schedule(crops, minutes).progress(record.crops, record.elapsed_s) >= 1:
        raise TrainingError(
            f"{out}: has ended, after {record.crops:,} crops and {record.elapsed_s / 60:.1f} minutes; give more "
            "--crops or --minutes to go on"
        )


def _to_value(name: str, kept: Any) -> Any:
    """What a record keeps of an option, as the command line gives it."""
    if name == "minutes":
        return math.inf if kept is None else kept
    if name == "depth_grey_mm":
        return [float(one) for one in kept]
    return Path(kept) if name in _PATHS else kept


def _to_option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
