"""Where the files that ship with camd are: inside the wheel, or beside it in a checkout."""

from pathlib import Path

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
