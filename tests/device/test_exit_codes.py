import pytest

from facelatch import errors
from facelatch.exit_codes import ExitCode, of_error, of_outcome
from facelatch.session import Outcome


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError, 3),
        (errors.ModelError, 4),
        (errors.TemplateError, 5),
        (errors.UnknownUserError, 5),
        (errors.CaptureError, 6),
        (errors.CameraError, 7),
        (errors.CameraUnpluggedError, 7),
        (errors.CameraStalledError, 7),
        (errors.LockError, 8),
        (errors.StoreError, 9),
    ],
)
def test_each_kind_of_error_has_its_code(error: type[errors.FacelatchError], code: int) -> None:
    assert of_error(error("a sentence")) == code


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.GRANTED, ExitCode.OK),
        (Outcome.NO_MATCH, ExitCode.REFUSED),
        (Outcome.NOT_LIVE, ExitCode.REFUSED),
        (Outcome.LOCKED_OUT, ExitCode.REFUSED),
        (Outcome.RETRY, ExitCode.RETRY),
    ],
)
def test_only_a_grant_is_a_success(outcome: Outcome, code: ExitCode) -> None:
    assert of_outcome(outcome) is code


def test_no_error_counts_as_success() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.FacelatchError)
    ]
    assert len(kinds) > 10
    assert all(of_error(kind("x")) is not ExitCode.OK for kind in kinds)
