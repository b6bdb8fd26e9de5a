"""Where files are: those that ship with camd, and the folders of what it keeps."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import platformdirs

from camd import DISTRIBUTION
from camd.errors import ConfigError

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


def configuration() -> Path:
    """Return the folder of the user's configuration, which may not exist yet.

    Raises ConfigError where the user has no home directory."""
    return _home(platformdirs.user_config_dir, "its configuration: set HOME, or name the file")


def directory() -> Path:
    """Return the state directory, which may not exist yet.

    Raises ConfigError where the user has no home directory."""
    # systemd may name several, separated by colons; the first is camd's.
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    return _home(platformdirs.user_state_dir, "what camd keeps: set HOME or STATE_DIRECTORY")


def history(name: str) -> Path:
    """Return the file of what the regions of the camera `name` said. Raises ConfigError."""
    return directory() / f"{name}.history.sqlite"


def crops(name: str) -> Path:
    """Return the file of the crops to be labelled, of the camera `name`. Raises ConfigError."""
    return directory() / f"{name}.crops.sqlite"


def learnt_model(name: str) -> Path:
    """Return the model that was learnt from corrections of the camera `name`, which may not exist.

    Raises ConfigError."""
    return directory() / f"{name}.model.npz"


def cache() -> Path:
    """Return the folder of files that can be made again, which may not exist yet.

    Raises ConfigError where the user has no home directory."""
    return _home(
        platformdirs.user_cache_dir,
        "what is downloaded or fitted: set HOME, or give --data and --cache",
    )


def pip_install(extra: str = "") -> str:
    """Return the command that installs camd, with an `extra`: from the clone that camd runs in or
    that is the current folder, else from the package index."""
    extras = f"[{extra}]" if extra else ""
    if _is_clone(Path()):
        return "pip install " + shlex.quote(f".{extras}")
    if _is_clone(PACKAGE.parent):
        return "pip install " + shlex.quote(f"{PACKAGE.parent}{extras}")
    return "pip install " + shlex.quote(f"{DISTRIBUTION}{extras}")


def _is_clone(folder: Path) -> bool:
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return f'name = "{DISTRIBUTION}"' in text


def _home(find: Callable[[str], str], what: str) -> Path:
    """Return a folder in the home directory. In a container, a user may have none."""
    try:
        path = Path(find("camd"))
    except RuntimeError:
        path = Path()
    if not path.is_absolute():  # without a home, older platformdirs return "~/..."
        raise ConfigError(f"this user has no home directory for {what}")
    return path
