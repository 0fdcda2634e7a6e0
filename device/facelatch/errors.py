"""Every error the board raises on purpose; each class says what the caller must do about it.

A message is one sentence or two: what was found, what was expected and what to do.
"""


class FacelatchError(Exception):
    """The root of all errors below; a command prints it as one line and exits by its class."""


class ConfigError(FacelatchError):
    """A setting is missing, unknown or out of range, or a driver is not installed: mend it, start again."""


class ModelError(FacelatchError):
    """A model bundle is incomplete, foreign or not the one its card names: install or convert it again."""


class TemplateError(FacelatchError):
    """A template is unreadable or belongs to another encoder: enrol that user again."""


class UnknownUserError(TemplateError):
    """No template exists for the user: enrol first."""


class CaptureError(FacelatchError):
    """A capture or recording is not what its format says: record it again."""


class CameraError(FacelatchError):
    """The camera does not deliver usable frames now: look at the camera; nothing unlocks meanwhile."""


class CameraUnpluggedError(CameraError):
    """The camera is gone from the bus: plug it in again."""


class CameraForeignError(CameraUnpluggedError):
    """Another camera is there than the one that the config names: plug that one in, or change its serial."""


class CameraStalledError(CameraError):
    """The camera is there but no frame came in time: restart the stream."""


class LockError(FacelatchError):
    """The lock's line cannot be driven: check wiring and permissions; the door's state is unknown."""


class StoreError(FacelatchError):
    """Templates cannot be read or written safely: check the folder, its permissions and the disk."""


class EventError(FacelatchError):
    """A line is not an event: it was written by something else or cut short; leave it out."""


class StatusError(FacelatchError):
    """A daemon's status is missing, too old or not one: look whether the daemon runs."""
