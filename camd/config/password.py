"""Passwords that lie in files of their own, so that the configuration need not be kept secret."""

from pathlib import Path

from camd import files
from camd.errors import ConfigError


def first_line(path: Path, option: str) -> str:
    """Return the first line of a file that `option` names.

    Raises ConfigError where the file cannot be read, or its first line is empty."""
    try:
        lines = files.read_text(path).splitlines()
    except OSError as exc:
        raise ConfigError(f"{option}: cannot read {path}: {exc.strerror}") from exc
    except files.NotTextError as exc:
        raise ConfigError(f"{option}: {path} {exc}") from exc
    if not lines or not lines[0]:
        raise ConfigError(f"{option}: the first line of {path} is empty")
    return lines[0]
