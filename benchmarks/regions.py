"""Regions drawn on labelled images: how often the value is right, wrong, or withheld.

    python -m benchmarks regions DIR [--film | --peers] [--points]

DIR holds images and their labels.json with regions, as for `camd eval`. An image whose label tells
of none is read as one region, if it has one line of digits or none. Of the texts only the digits
count, and with `--points` the decimal point. `--peers` lets other programs read the same regions,
cut out.

A value that is `ok` and wrong is the worst that camd can say: that column is to be 0.

How long a region takes is told as well, as processor time on one core: the first look at it, and
the later ones of a film; beside them what OpenCV takes to decode the same picture, and with
`--peers` RapidOCR's recogniser.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks import peers
from benchmarks.machine import one_core
from benchmarks.peers import Reader
from benchmarks.readers import show
from camd import paths
from camd.classify import svm
from camd.config.settings import Settings
from camd.errors import CamdError
from camd.evaluate import region_truth, regions
from camd.evaluate.region_truth import Place
from camd.evaluate.truth import load_labels
from camd.pipeline import Model
from camd.runtime import bounded
from camd.sources.picture import first_page
from camd.values import Image, RegionReading, Result

FRAMES, INTERVAL = 12, 0.2
"""How many frames of the same picture make the film, and the seconds between two of them: longer
than it takes a region to say that it is unsure."""
AGAIN = 3
"""Times that everything is timed; the shortest counts."""


def places(directory: Path) -> Iterator[Place]:
    """Give the regions that the labels of a folder tell of, and the whole of the images that tell
    of none. Raises DataError."""
    drawn = region_truth.places(directory)
    told = {place.file for place in drawn}
    for label in load_labels(directory):
        yield from (place for place in drawn if place.file == label.file)
        if label.file not in told and len(label.digits) < 2:
            style = label.hard or directory.resolve().name
            texts = tuple(line.replace(" ", "") for line in label.digits)
            decimals = tuple(map(region_truth.decimals_of, texts))
            style = style if texts else f"{style}, no digits"
            yield Place(label.file, style, texts, None, decimals)


def read(
    image: Image, place: Place, model: Model, *, film: bool, points: bool = False
) -> list[RegionReading]:
    """Read a region, and its decimal point with `points`, as `camd read` reads an image or, for a
    `film`, as `camd run` does with a camera before which nothing moves; give all that it says, one
    after the other."""
    if not film:
        found = regions.read(image, place, Settings(), model, points=points)
        return list(found.result.regions)
    height, width = image.shape[:2]
    pipeline = regions.pipeline(Settings(), model, place, (width, height), points=points)
    results = [pipeline.process(image, INTERVAL * number) for number in range(FRAMES)]
    return [said for result in results for said in result.regions]


@dataclass(frozen=True, slots=True)
class Times:
    """How long a region takes, seconds of the processor."""

    first: float
    """The first look at it."""
    display: float
    """The same where it is said that it is a display."""
    later: float
    """A look of a film after the first; not looking around it, by which camd follows it."""
    decoded: float
    """Decoding the picture."""


def timed(content: bytes, image: Image, place: Place, model: Model) -> Times:
    """Time a region in an image, read from a file of that `content`."""
    height, width = image.shape[:2]
    firsts, displays, laters, decoded = [], [], [], []
    for _ in range(AGAIN):
        pipeline = regions.pipeline(Settings(), model, place, (width, height), time.process_time)
        firsts.append(_stages(pipeline.still(image)))
        told = regions.pipeline(
            Settings(), model, place, (width, height), time.process_time, "segments"
        )
        displays.append(_stages(told.still(image)))
        pipeline.process(image, 0)
        # At most once a second a region that reads badly is looked at as at first.
        results = [pipeline.process(image, INTERVAL * number) for number in (1, 2, 3)]
        laters.append(float(np.median([_stages(result) for result in results])))
        decoded.append(_seconds(lambda: cv2.imdecode(np.frombuffer(content, np.uint8), 1)))
    return Times(min(firsts), min(displays), min(laters), min(decoded))


def _stages(result: Result) -> float:
    return sum(seconds for stage, seconds in result.stages.items() if stage != "follow")


def _seconds(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def durations(times: Sequence[Times], others: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the lines of a Markdown table: medians of how long regions take, in milliseconds and
    as multiples of decoding. `others`: seconds that others take for each."""
    decoding = float(np.median([one.decoded for one in times]))
    rows = {
        "camd, first look": [one.first for one in times],
        'camd, first look, display = "segments"': [one.display for one in times],
        "camd, later looks of a film": [one.later for one in times],
        **others,
        "OpenCV, decoding the picture": [one.decoded for one in times],
    }
    lines = ["| a region, one core | median, ms | times decoding |", "|---|---|---|"]
    for name, seconds in rows.items():
        median = float(np.median(seconds))
        lines.append(f"| {name} | {1000 * median:.1f} | {median / decoding:.2f} |")
    return lines


def spelt(said: Sequence[RegionReading]) -> list[RegionReading]:
    """Give readings with the decimal points in their texts."""
    return [replace(one, text=region_truth.pointed(one.text, one.decimals)) for one in said]


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


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks regions", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument(
        "--film", action="store_true", help="read each as a camera that stands still would give it"
    )
    parser.add_argument(
        "--peers", action="store_true", help="let other programs read the same, cut out"
    )
    parser.add_argument("--points", action="store_true", help="read the decimal points, too")
    options = parser.parse_args(arguments)
    settings = Settings()
    found: list[tuple[Place, list[RegionReading]]] = []
    others = list(peers.row_readers()) if options.peers else []
    texts: dict[str, list[str]] = {one.name: [] for one in others if isinstance(one, Reader)}
    times: list[Times] = []
    seconds: dict[str, list[float]] = {}
    one_core()
    try:
        model = svm.load(paths.model_file(settings.model.file))
        with bounded(settings.model.threads):
            for number, place in enumerate(places(options.directory), 1):
                sys.stderr.write(f"\rregion {number} ")
                path = options.directory / place.file
                image = first_page(path).image
                times.append(timed(path.read_bytes(), image, place, model))
                said = read(image, place, model, film=options.film, points=options.points)
                found.append((place.spelt, spelt(said)) if options.points else (place, said))
                for one in others:
                    if isinstance(one, Reader):
                        texts[one.name].append(one.digits(cut(image, place)))
                    if isinstance(one, Reader) and one.name == peers.RECOGNISER:
                        run = partial(one.digits, cut(image, place))
                        runs = [_seconds(run) for _ in range(AGAIN)]
                        seconds.setdefault(one.name, []).append(min(runs))
    except CamdError as error:
        sys.stderr.write(f"\rregions: {error}\n")
        sys.exit(error.status)
    sys.stderr.write("\r" + " " * 20 + "\r")
    sys.stdout.write("\n".join(table(found)) + "\n\n")
    for place, said in found:
        for text in wrong(said, place):
            sys.stdout.write(f"- {place.file}: {text}, written is {place.written}\n")
    sys.stdout.write("\n".join(("", *durations(times, seconds), "")))
    if options.peers:
        texts = {"camd": [said[-1].text for _, said in found], **texts}
        show(exactly([place for place, _ in found], texts), others)


def cut(image: Image, place: Place) -> Image:
    """Return what lies in the box around a region."""
    if place.outline is None:
        return image
    xs, ys = (np.array(at) for at in zip(*place.outline, strict=True))
    return image[
        max(0, int(ys.min())) : int(ys.max()) + 1, max(0, int(xs.min())) : int(xs.max()) + 1
    ]


def exactly(places: Sequence[Place], texts: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table: how many numbers each reader reads exactly, a column a
    style. `texts` has what each said of all places."""
    total = Counter(place.style for place in places)
    heads = (*(f"{style}, of {n}" for style, n in total.items()), f"all {len(places)}")
    lines = [f"| reads exactly | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, said in texts.items():
        right = Counter(
            place.style
            for place, text in zip(places, said, strict=True)
            if text in (place.texts or ("",))
        )
        cells = " | ".join(str(right[style]) for style in total)
        lines.append(f"| {name} | {cells} | {right.total()} |")
    return lines
