"""Reads labels.json, which says what is written on the images of a folder."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camd import files
from camd.errors import DataError

LABELS = "labels.json"


@dataclass(frozen=True, slots=True)
class Label:
    file: str
    digits: tuple[str, ...]
    """The digits written, a line at a time in reading order; none on a negative."""
    kind: str = ""
    """"photo", "scan", "screenshot", or empty where the file does not say."""
    hard: str | None = None
    """What makes the image unusually hard, or None."""

    @property
    def negative(self) -> bool:
        return not any(self.digits)

    @property
    def ordinary(self) -> bool:
        return self.kind == "photo" and self.hard is None and not self.negative


def load_labels(directory: Path) -> tuple[Label, ...]:
    """Read `directory`/labels.json: a list of {"file": ..., "digits": ["0123", ...]}.

    `kind` and `hard` are optional, other keys are ignored. Raises DataError."""
    path = directory / LABELS
    if not path.exists():
        raise DataError(
            f'{path} is missing: a list of {{"file": "a.jpg", "digits": ["0123", "45"]}}'
        )
    entries = read_json(path)
    if not isinstance(entries, list):
        raise DataError(f"{path} must hold a list, one entry an image")
    labels = tuple(_label(entry, f"{path}, entry {n}") for n, entry in enumerate(entries, 1))
    if not labels:
        raise DataError(f"{path} names no image")
    twice = [name for name, count in Counter(label.file for label in labels).items() if count > 1]
    if twice:
        raise DataError(f"{path} names {twice[0]!r} twice")
    return labels


def read_json(path: Path) -> Any:
    """Return what the JSON file `path` holds. Raises DataError."""
    try:
        return json.loads(files.read_text(path))
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror}") from exc
    except files.NotTextError as exc:
        raise DataError(f"{path} {exc}") from exc
    except (ValueError, RecursionError) as exc:  # or nested too deep
        raise DataError(f"{path} is not JSON: {exc}") from exc


def _label(entry: Any, where: str) -> Label:
    if not isinstance(entry, dict):
        raise DataError(f'{where}: expected {{"file": ..., "digits": [...]}}')
    file, digits = entry.get("file"), entry.get("digits")
    if not isinstance(file, str) or not file:
        raise DataError(f'{where}: "file" must be the name of an image')
    if not isinstance(digits, list) or not all(_is_line(line) for line in digits):
        raise DataError(
            f'{where} ({file}): "digits" must be a list of lines, each a string of 0 to 9'
        )
    kind, hard = entry.get("kind"), entry.get("hard")
    return Label(
        file,
        tuple(digits),
        kind if isinstance(kind, str) else "",
        str(hard) if hard else None,
    )


def _is_line(line: object) -> bool:
    return isinstance(line, str) and set(line) <= set("0123456789 ")
