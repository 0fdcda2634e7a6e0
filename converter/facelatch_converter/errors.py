"""What the workstation refuses on purpose; each class says what the caller must do about it.

They specialise the board's errors, so that one table of exit codes serves both commands.
"""

from facelatch.errors import CaptureError, FacelatchError, ModelError


class ConverterError(FacelatchError):
    """The root of the errors below: the command did nothing that must be undone."""


class DatasetError(ConverterError, CaptureError):
    """A data set is not laid out as its format says: mend the folder or name another."""


class ConversionError(ConverterError, ModelError):
    """A network cannot become a model that a board runs: change the network or its calibration."""


class FaceModelError(ConverterError, ModelError):
    """A face model is missing or not what its format says: import it again from the OBJ folder."""


class OutputError(ConverterError):
    """Something is already there or cannot be written: choose another place, or --force."""


class ClaimError(ConverterError, ValueError):
    """The comparisons are too few for what is claimed: measure more, or claim less."""


class TrainingError(ConverterError):
    """Training cannot start or go on from what it was given: mend the arguments or the checkpoint."""
