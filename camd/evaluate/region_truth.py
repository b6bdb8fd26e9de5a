"""Reads which regions the labels of a folder tell of, and what number is in each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from camd.errors import DataError
from camd.evaluate.truth import LABELS, load_labels, read_json
from camd.geometry import Corners


class _Entry(BaseModel):
    """What an entry of labels.json says of regions."""

    file: str
    digits: tuple[str, ...]
    style: str | None = None
    hard: str | None = None
    roi: tuple[float, float, float, float] | None = None
    roi_text: str = ""
    roi_alt: tuple[str, ...] = ()
    places: tuple[Corners, ...] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A region to be read."""

    file: str
    style: str
    """Of the number: what the table has a row for."""
    texts: tuple[str, ...]
    """Every text that is right, digits and a minus alone; empty where there is no number."""
    outline: Corners | None
    """Pixels of the image; None: all of it."""

    @property
    def written(self) -> str:
        return " or ".join(filter(None, self.texts)) or "no number"


def places(directory: Path) -> tuple[Place, ...]:
    """Give the regions that labels.json in the folder tells of. Raises DataError."""
    load_labels(directory)  # says what is wrong with the rest
    path = directory / LABELS
    try:
        entries = TypeAdapter(list[_Entry]).validate_python(read_json(path))
    except ValidationError as exc:
        first = exc.errors()[0]
        number, *where = first["loc"]
        raise DataError(
            f"{path}, entry {int(number) + 1}, {'.'.join(map(str, where))}: {first['msg']}"
        ) from exc
    name = directory.resolve().name
    return tuple(place for entry in entries for place in _places(entry, name))


def _places(entry: _Entry, folder: str) -> Iterator[Place]:
    style = entry.style or entry.hard or folder
    if entry.roi is not None:
        x, y, width, height = entry.roi
        around = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        texts = (entry.roi_text, *entry.roi_alt)
        yield Place(entry.file, style, tuple(map(_number, texts)), around)
    elif entry.places is not None:
        for line, corners in zip(entry.digits, entry.places, strict=False):
            yield Place(entry.file, style, (_number(line),), corners)


def _number(text: str) -> str:
    minus = "-" if text.strip().startswith(("-", "\N{MINUS SIGN}")) else ""
    return minus + "".join(filter(str.isdecimal, text))
