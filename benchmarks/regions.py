"""Regions drawn on labelled images: how often the value is right, wrong, or withheld.

    python -m benchmarks regions DIR [--film]

DIR holds images and their labels.json, as for `camd eval`. A label that has `roi` ([x, y, width,
height], pixels), `roi_text` and perhaps `roi_alt` (other readings that are right too) is read as
one region; one that has `places` (the corners of each line, as the stills of `training.render`
have them) as one region a line; one without either as a region of the whole image, if it has one
line of digits or none. Of the texts only the digits count.

A value that is `ok` and wrong is the worst that camd can say: that column is to be 0.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from camd import paths
from camd.classify import svm
from camd.config.settings import RegionSettings, Settings
from camd.errors import CamdError, DataError
from camd.evaluate.truth import LABELS, load_labels
from camd.geometry import Corners
from camd.pipeline import Model, Pipeline
from camd.runtime import bounded
from camd.sources.picture import first_page
from camd.values import Image, RegionReading

FRAMES, INTERVAL = 12, 0.2
"""How many frames of the same picture make the film, and the seconds between two of them: longer
than it takes a region to say that it is unsure."""
WHOLE: Corners = ((0, 0), (1, 0), (1, 1), (0, 1))


class Entry(BaseModel):
    """What of an entry of labels.json is used here."""

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
    texts: tuple[str, ...]
    """Every text that is right, digits alone; empty strings where there is no number."""
    outline: Corners | None
    """Pixels of the image; None: all of it."""


def places(directory: Path) -> list[Place]:
    """Give the regions that the labels of a folder tell of. Raises DataError."""
    load_labels(directory)  # says what is wrong with them
    try:
        entries = TypeAdapter(list[Entry]).validate_python(
            json.loads((directory / LABELS).read_text(encoding="utf-8"))
        )
    except ValidationError as exc:
        raise DataError(f"{directory / LABELS}: {exc}") from exc
    return [place for entry in entries for place in _places(entry, directory.resolve().name)]


def _places(entry: Entry, folder: str) -> Iterator[Place]:
    style = entry.style or entry.hard or folder
    if entry.roi is not None:
        x, y, width, height = entry.roi
        around = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        texts = (entry.roi_text, *entry.roi_alt)
        yield Place(entry.file, style, tuple(map(_digits, texts)), around)
    elif entry.places is not None:
        for line, corners in zip(entry.digits, entry.places, strict=True):
            yield Place(entry.file, style, (_digits(line),), corners)
    elif len(entry.digits) < 2:
        style = style if entry.digits else f"{style}, no digits"
        yield Place(entry.file, style, tuple(map(_digits, entry.digits)), None)


def read(image: Image, outline: Corners | None, model: Model, *, film: bool) -> list[RegionReading]:
    """Read a region, drawn around `outline` (pixels; None: the whole image), as `camd read` reads
    an image or, for a `film`, as `camd run` does with a camera before which nothing moves; give all
    that it says, one after the other."""
    height, width = image.shape[:2]
    shares = tuple((_share(x, width), _share(y, height)) for x, y in outline or ()) or WHOLE
    pipeline = Pipeline(Settings(region=(RegionSettings(name="number", polygon=shares),)), model)
    if not film:
        return list(pipeline.still(image).regions)
    results = [pipeline.process(image, INTERVAL * number) for number in range(FRAMES)]
    return [said for result in results for said in result.regions]


def outcome(said: Sequence[RegionReading], place: Place) -> str:
    """Name what became of a region: its last status, but one wrong value is one too many."""
    if wrong(said, place):
        return "wrong"
    last = said[-1]
    right = bool(last.text) and last.text in place.texts
    return "right" if right and last.status == "ok" else "withheld" if right else last.status


def wrong(said: Sequence[RegionReading], place: Place) -> list[str]:
    """Give the texts that were said to be good and are not written there."""
    good = dict.fromkeys(one.text for one in said if one.status == "ok")
    return [text for text in good if text not in place.texts]


def table(found: Sequence[tuple[Place, Sequence[RegionReading]]]) -> list[str]:
    """Return the lines of a Markdown table, a row a style."""
    rows: dict[str, Counter[str]] = {}
    for place, said in found:
        for style in (place.style, "all"):
            rows.setdefault(style, Counter())[outcome(said, place)] += 1
    rows["all"] = rows.pop("all", Counter())
    others = sorted(set(rows["all"]) - {"right", "wrong", "withheld"})
    heads = ("ok and right", "ok and wrong", "right, not ok", *others, "regions")
    lines = [f"| style | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for style, row in rows.items():
        counts = [row[name] for name in ("right", "wrong", "withheld", *others)]
        lines.append(f"| {style} | {' | '.join(map(str, [*counts, row.total()]))} |")
    return lines


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _share(at: float, side: int) -> float:
    return min(1.0, max(0.0, at / side))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks regions", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument(
        "--film", action="store_true", help="read each as a camera that stands still would give it"
    )
    options = parser.parse_args(arguments)
    settings = Settings()
    found = []
    try:
        model = svm.load(paths.model_file(settings.model.file))
        with bounded(settings.model.threads):
            for number, place in enumerate(places(options.directory), 1):
                sys.stderr.write(f"\rregion {number} ")
                image = first_page(options.directory / place.file).image
                found.append((place, read(image, place.outline, model, film=options.film)))
    except CamdError as error:
        sys.stderr.write(f"\rregions: {error}\n")
        sys.exit(error.status)
    sys.stderr.write("\r" + " " * 20 + "\r")
    sys.stdout.write("\n".join(table(found)) + "\n\n")
    for place, said in found:
        for text in wrong(said, place):
            written = " or ".join(filter(None, place.texts)) or "no number"
            sys.stdout.write(f"- {place.file}: {text}, written is {written}\n")
