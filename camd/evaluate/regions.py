"""Reads numbers where a person would draw a region around them, and scores what camd says."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from camd.config.settings import READ, RegionSettings, Settings
from camd.evaluate.region_truth import Place, pointed
from camd.evaluate.score import Row, score
from camd.evaluate.truth import Label
from camd.geometry import Corners
from camd.laps import Timer, no_timer
from camd.pipeline import Model, Pipeline
from camd.values import Box, Image, RegionReading, Result

WHOLE: Corners = ((0, 0), (1, 0), (1, 1), (0, 1))
MARGIN = 0.25
"""How much of a region's height is shown around it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What camd says of one region in one image."""

    place: Place
    result: Result
    points: bool = False
    """Whether the decimal point was read, too."""

    @property
    def said(self) -> RegionReading:
        return self.result.regions[0]

    @property
    def exact(self) -> bool:
        return bool(self.said.text) and self.said.text in self.place.texts

    @property
    def texts(self) -> tuple[str, str]:
        """What was read and what is written, for people."""
        if not self.points:
            return self.said.text, self.place.written
        return pointed(self.said.text, self.said.decimals), self.place.spelt.written

    @property
    def placed(self) -> bool:
        """Whether its decimal point is known, and right as well."""
        return self.place.has(self.said.text, self.said.decimals)

    @property
    def right(self) -> bool:
        """Whether all that was to be read is."""
        return self.placed if self.points else self.exact

    @property
    def wrong(self) -> bool:
        """Whether a value is given as good that is not written there."""
        return self.said.status == "ok" and not self.right


def pipeline(
    settings: Settings,
    model: Model,
    place: Place,
    size: tuple[int, int],
    timer: Timer = no_timer,
    display: Literal["auto", "segments"] = "auto",
    *,
    points: bool = False,
) -> Pipeline:
    """Give one that reads only the region of a `place`, in images of `size` (width, height),
    pixels. `timer` as for `Pipeline`, `display` as for a region; `points`: it reads the decimal
    point, too."""
    width, height = size
    around = tuple((_share(x, width), _share(y, height)) for x, y in place.outline or ()) or WHOLE
    region = RegionSettings(
        name="number", polygon=around, display=display, decimals=READ if points else 0
    )
    return Pipeline(settings.model_copy(update={"region": (region,), "mask": ()}), model, timer)


def _share(at: float, side: int) -> float:
    return min(1.0, max(0.0, at / side))


def read(
    image: Image, place: Place, settings: Settings, model: Model, *, points: bool = False
) -> Found:
    """Read a region of an image (H, W, 3) as `camd read` does; with its decimal point or not."""
    height, width = image.shape[:2]
    reader = pipeline(settings, model, place, (width, height), points=points)
    return Found(place, reader.still(image), points)


@dataclass(frozen=True, slots=True)
class Score:
    regions: int = 0
    exact: int = 0
    """Number of regions whose digits are all read, whether they are called good or not."""
    good: int = 0
    """Of those, the ones that are called good: a value is given."""
    wrong: int = 0
    """Number of regions with a value that is not written there."""
    placed: int = 0
    """Of the exact ones, those whose decimal point is known and right."""


def by_style(found: Iterable[Found]) -> dict[str, Score]:
    """Count by style, in the order in which they come, and all together at the end."""
    counts: dict[str, Counter[str]] = {}
    for one in found:
        for style in (one.place.style, "all"):
            counts.setdefault(style, Counter()).update(
                regions=1,
                exact=int(one.exact),
                good=int(one.right and one.said.status == "ok"),
                wrong=int(one.wrong),
                placed=int(one.points and one.placed),
            )
    counts["all"] = counts.pop("all", Counter())
    return {style: Score(**count) for style, count in counts.items()}


def worst(found: Iterable[Found], count: int) -> tuple[Found, ...]:
    """Return up to `count` that were not read exactly, those that give a wrong value first."""
    faulty = [one for one in found if one.wrong or not one.right]
    return tuple(sorted(faulty, key=lambda one: not one.wrong)[:count])


def row(found: Found) -> Row:
    """Compare digit by digit, for the contact sheet."""
    label = Label(f"{found.place.file}: {found.said.status}", found.place.texts[:1])
    return score([label], {label.file: [found.said.text]}).rows[0]


def cut_out(image: Image, found: Found) -> tuple[Image, Result]:
    """Cut a region out of its image (H, W, 3), with some of what is around it; return also what was
    read, in pixels of that."""
    high, wide = image.shape[:2]
    xs, ys = zip(*(found.place.outline or ((0, 0), (wide, high))), strict=True)
    margin = MARGIN * (max(ys) - min(ys))
    left, top = (max(0, round(min(at) - margin)) for at in (xs, ys))
    right, bottom = (round(max(at) + margin) for at in (xs, ys))

    def moved(box: Box) -> Box:
        return box[0] - left, box[1] - top, box[2], box[3]

    result = found.result
    lines = tuple(
        replace(
            line,
            box=moved(line.box),
            digits=tuple(replace(digit, box=moved(digit.box)) for digit in line.digits),
        )
        for line in result.lines
    )
    return image[top:bottom, left:right], replace(
        result,
        lines=lines,
        digits=tuple(digit for line in lines for digit in line.digits),
        rejected=tuple(replace(mark, box=moved(mark.box)) for mark in result.rejected),
    )
