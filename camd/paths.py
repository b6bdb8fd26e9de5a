"""Where files are: those that ship with camd, and those that must outlive it."""

import os
from pathlib import Path

import platformdirs

PACKAGE = Path(__file__).parent


def model_file(given: Path | None = None) -> Path:
    """The model file that was `given`, or the one that ships."""
    if given:
        return given
    wheel = PACKAGE / "models" / "digits.npz"
    return wheel if wheel.exists() else PACKAGE.parent / "models" / "digits.npz"


def units() -> Path:
    """The folder of the systemd units."""
    wheel = PACKAGE / "systemd"
    return wheel if wheel.exists() else PACKAGE.parent / "systemd"


def directory() -> Path:
    """Return the state directory, which may not exist yet."""
    # systemd names several with colons between; the first is ours.
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else Path(platformdirs.user_state_dir("camd"))
