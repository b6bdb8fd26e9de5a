"""Reads which regions the labels of a folder tell of, and what number is in each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
    decimals: tuple[int | None, ...] = ()
    """How many digits of each of `texts` are behind its decimal point; None: it has several."""

    @property
    def written(self) -> str:
        return " or ".join(filter(None, self.texts)) or "no number"

    @property
    def spelt(self) -> "Place":
        """The same with the decimal points in its texts."""
        both = zip(self.texts, self.decimals, strict=True)
        return replace(self, texts=tuple(pointed(text, decimals) for text, decimals in both))

    def has(self, text: str, decimals: int | None) -> bool:
        """Tell whether the number is written there, with so many decimals."""
        return (text, decimals) in zip(self.texts, self.decimals, strict=False)


def pointed(text: str, decimals: int | None) -> str:
    """Put the decimal point into the digits of a number; where nobody knows it, say so."""
    if decimals is None:
        return f"{text}?" if text else ""
    return f"{text[:-decimals]}.{text[-decimals:]}" if decimals else text


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
        yield _place(entry, style, texts, around)
    elif entry.places is not None:
        for line, corners in zip(entry.digits, entry.places, strict=False):
            yield _place(entry, style, (line,), corners)


def _place(entry: _Entry, style: str, texts: tuple[str, ...], outline: Corners) -> Place:
    numbers, decimals = tuple(map(_number, texts)), tuple(map(decimals_of, texts))
    return Place(entry.file, style, numbers, outline, decimals)


def decimals_of(text: str) -> int | None:
    """Count the digits behind the decimal point of a text; None: it has several."""
    _, *parts = re.split("[.,]", text)
    if len(parts) > 1:
        return None
    return sum(map(str.isdecimal, "".join(parts)))


def _number(text: str) -> str:
    minus = "-" if text.strip().startswith(("-", "\N{MINUS SIGN}")) else ""
    return minus + "".join(filter(str.isdecimal, text))
