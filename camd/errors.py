"""The errors that users can meet, each with its exit status for scripts (sysexits.h)."""


class CamdError(Exception):
    """The base of all of them. The text of each says what to do about it."""

    status = 1


class ConfigError(CamdError):
    """The configuration has wrong keys or values; the text names all of them."""

    status = 78


class SourceError(CamdError):
    """A source cannot be opened or has failed. `reason` is one word for health and tests:
    missing, busy, permission, unreadable, failed."""

    status = 66

    def __init__(self, message: str, reason: str = "failed") -> None:
        super().__init__(message)
        self.reason = reason


class ModelError(CamdError):
    """A model file is missing, damaged, foreign, or of a version this camd cannot use."""

    status = 65


class DataError(CamdError):
    """A data file (labels, MNIST, images to train on) is not what it should be."""

    status = 65


class PublishError(CamdError):
    """The broker or the workers, which are needed, do not answer."""

    status = 69


class MissingExtraError(CamdError):
    """A command needs packages that the base install leaves out; the text names the extra."""

    status = 69


class UnhealthyError(CamdError):
    """A running camd does not do its work, or there is none."""

    status = 69


class OutputError(CamdError):
    """Standard output takes no more: a full disk, or it was opened for reading."""

    status = 69


class UnreadError(Exception):
    """The reader of standard output has left, as `head` does: nothing is wrong, and nobody reads a
    message."""
