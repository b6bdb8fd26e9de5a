"""PURE. Frame -> Result: segment, classify, look around, track, lines."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from camd.config.settings import READ, Settings
from camd.errors import ConfigError
from camd.hypotheses import cells, directions, parts, points, select, surroundings, windows
from camd.hypotheses.looks import Look
from camd.hypotheses.select import Reading
from camd.hypotheses.surroundings import Page
from camd.hypotheses.windows import Machine
from camd.laps import Lap, Laps, Timer, no_lap, no_timer
from camd.regions.area import NOT_ASKED, Area, Other, together
from camd.regions.follow import Follower, Surroundings
from camd.regions.memory import Kept, Memory
from camd.regions.value import ONE_NUMBER, Written
from camd.segment.deskew import MAX_SKEW, slope
from camd.segment.segmentation import Segmentation
from camd.track.lines import group
from camd.track.orientation import Orientation
from camd.tuned import TUNED
from camd.values import (
    SIDE,
    Box,
    Classified,
    Digit,
    FloatArray,
    Glyph,
    Image,
    Reason,
    Rejected,
    Result,
)


class Described(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def open_set(self) -> bool:
        """True where it knows what is no digit."""

    @property
    def scores(self) -> Mapping[str, float]: ...

    @property
    def surroundings(self) -> Sequence[FloatArray]:
        """Weights for camd.hypotheses.surroundings; none: what it says of each glyph stands."""


class Near(Described, Protocol):
    def classify(self, crops: NDArray[np.uint8], lap: Lap = no_lap) -> Classified:
        """Classify crops (N, 28, 28) uint8."""


@runtime_checkable
class Distant(Described, Protocol):
    """Lives elsewhere, where it is told as well what lies where."""

    def classify_at(
        self, crops: NDArray[np.uint8], boxes: Sequence[Box], size: tuple[int, int]
    ) -> Classified:
        """Classify crops (N, 28, 28) uint8 that lie in `boxes` of a frame of `size` (width,
        height)."""


Model: TypeAlias = Near | Distant


@runtime_checkable
class ReadsRows(Protocol):
    @property
    def rows(self) -> Machine | None:
        """Reads rows of digits window by window; see camd.hypotheses.cells."""


@runtime_checkable
class FindsPoints(Protocol):
    @property
    def points(self) -> points.Machine | None:
        """Finds the decimal points of numbers; see camd.hypotheses.points."""


RIVAL = 0.5
"""A region that reads otherwise as handwriting than as a display is doubtful where the worse of the
two has this share of the better one's weight. What only lacks digits is no rival."""
MADE = 0.9
"""With less confidence in a digit that was cut out of a mark, or mended, a region is doubtful: a
sign of per cent, cut in two, is 96 with 0.86."""
SETTLED = 0.85
"""With less confidence in any digit, a row is doubtful, and looked for again. In 170 regions of the
dev images, read by an earlier model, 5 of 9 wrong values had such a digit, and 8 of 56 right
ones."""
UPRIGHT = 12.0
"""Least weight of a row beside which handwriting is looked for only the way that it stands. Of 225
numbers by hand that were turned by quarters one has such a row."""
WEAK = 1 / 3
"""Share of the odds of the least confidence from which a digit keeps what it was in the frames
before: 0.25 instead of 0.5. Without it a 0 of the demo clip that trembles about 0.5 comes and goes,
and 95.6 % of its reading is exact instead of 99.7; with 0.1 and 0.6 eleven clips read the same."""
SEEK_S = 1.0
"""Least time between two such looks, seconds: one takes as long as three frames."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What one picture says, turned in one way."""

    turn: int
    """Degrees clockwise."""
    glyphs: tuple[Glyph, ...]
    """All that may be digits, before any is cut or mended."""
    digits: list[Digit]
    sure: FloatArray
    """(N,) how sure the classifier alone is of each of them, 0..1."""
    rejected: tuple[Rejected, ...]
    weak: Sequence[Digit] = ()
    """Those of the rejected that are nearly digits: they keep what a film showed before."""
    light_ink: bool = False
    """Whether the ink is lighter than its ground."""
    doubtful: bool = False
    """Whether something else may be written there than was read."""
    page: Page | None = None
    """What the surroundings were judged by; None for a row of a display."""

    @property
    def text(self) -> str:
        return "".join(str(one.digit) for one in sorted(self.digits, key=lambda one: one.box[0]))

    @property
    def weight(self) -> float:
        """How much speaks for what is read, in logits: many digits, each likely, are more than
        one. Only one row counts, the heaviest: a region has one number."""
        rows = group(self.digits, ONE_NUMBER)
        return max(
            (sum(windows.worth(one.confidence) for one in row.digits) for row in rows), default=0
        )

    @property
    def worth(self) -> float:
        """As `directions.worth_of`."""
        return float(directions.worth_of(self.sure))

    @property
    def well(self) -> bool:
        """Whether it reads well: nothing speaks against this way up. One lone digit may be all that
        is left of many, joined by rules that lean."""
        return self.worth >= TUNED.well * len(self.glyphs) > TUNED.well

    @property
    def writes(self) -> bool:
        """Whether digits are written there: some of many letters look like one."""
        many = self.worth >= TUNED.many * len(self.glyphs) > 0
        sure = [digit.confidence for digit in self.digits]
        return many and float(np.mean(sure)) >= TUNED.sure


def _worth(reading: Reading) -> float:
    return float(directions.worth_of(reading.classified.sure))


def _within(part: str, whole: str) -> bool:
    """Tell whether `part` says nothing against `whole`: its digits all follow each other there."""
    left = iter(whole)
    return all(digit in left for digit in part)


def check(settings: Settings, model: Model | None) -> None:
    """Raise ConfigError where a region has what this model cannot read; None: workers classify, who
    are sent crops only."""
    what = "workers do not" if model is None else "this model does not; retrain it"
    finds = isinstance(model, FindsPoints) and model.points is not None
    for region in settings.region:
        if region.decimals == READ and not finds:
            raise ConfigError(
                f'region {region.name}: decimals = "read" needs a model that finds decimal '
                f"points, which {what}: say how many decimals there are"
            )
    if isinstance(model, ReadsRows) and model.rows is not None:
        return
    for region in settings.region:
        if region.display not in ("auto", "handwriting"):
            raise ConfigError(
                f'region {region.name}: display = "{region.display}" is read window by window, '
                f'which {what}: leave display out, or say "handwriting"'
            )


class Pipeline:
    """One way through for a frame; see `process`. One pipeline follows one camera."""

    def __init__(
        self,
        settings: Settings,
        model: Model,
        timer: Timer = no_timer,
        kept: Mapping[str, Kept] | None = None,
        surroundings: Mapping[str, Surroundings] | None = None,
    ) -> None:
        """`timer` gives seconds for `Result.stages`; without one they are 0. `kept` and
        `surroundings`: by the names of regions, what an earlier pipeline remembered of them."""
        self._settings = settings
        self._model = model
        self._timer = timer
        numbers = count(1)
        kept = kept or {}
        self._areas = [
            Area(settings, place, numbers, kept.get(place.name) if place else None)
            for place in settings.region or (None,)
        ]
        names = [place.name for place in settings.region]
        memories = [area.memory for area in self._areas if area.memory]
        self.memories: Mapping[str, Memory] = dict(zip(names, memories, strict=True))
        """The good values of each region."""
        self._names = names or [""]
        self._follower = Follower(settings.region, settings.mask, surroundings or {})

    def retune(self, settings: Settings) -> None:
        """Go on with other `settings`, of the same regions and masks. Call `absent` before where
        those of tracks or lines differ: what was followed is forgotten then."""
        anew = (settings.track, settings.lines) != (self._settings.track, self._settings.lines)
        for area in self._areas:
            area.retune(settings, anew=anew)
        self._settings = settings

    @property
    def surroundings(self) -> Mapping[str, Surroundings]:
        """What is remembered around each region, by which it is followed."""
        return self._follower.surroundings

    @property
    def model_id(self) -> str:
        return self._model.id

    @property
    def model_scores(self) -> Mapping[str, float]:
        return self._model.scores

    def process(self, image: Image, clock: float) -> Result:
        """Read one frame, BGR or grey uint8, captured at `clock` seconds."""
        laps = Laps(self._timer)
        results = []
        self._follower.update(image, clock)
        if self._settings.region:
            laps.lap("follow")
        for name, area in zip(self._names, self._areas, strict=True):
            where = self._follower.where(name)
            if where.state == "unclear":
                results.append(area.unread())
                continue
            area.go(where)
            if where.state == "lost":
                results.append(area.absent(clock, "lost"))
                continue
            seen = self._look(area, image, laps, clock)
            tracked = area.track(seen.digits, seen.weak, clock)
            kept = {seen.weak[i].box for i in tracked.kept}
            rejected = tuple(mark for mark in seen.rejected if mark.box not in kept)
            laps.lap("track")
            minus, written = self._signs(area, image, seen, clock)
            results.append(
                area.follow(
                    tracked,
                    rejected,
                    clock,
                    doubt=seen.doubtful,
                    minus=minus,
                    written=written,
                )
            )
            laps.lap("lines")
        return replace(together(results), stages=laps.seconds)

    def absent(self, clock: float) -> Result:
        """Say that there is no picture any more: whatever was stable ends, the reading empties."""
        return together([area.absent(clock) for area in self._areas])

    def still(self, image: Image) -> Result:
        """Read one image on its own: no tracks, nothing stable, an empty reading."""
        laps = Laps(self._timer)
        results = []
        for area in self._areas:
            area.orientation = Orientation()
            seen = self._look(area, image, laps, None)
            minus, written = self._signs(area, image, seen, None)
            results.append(
                area.still(
                    seen.digits, seen.rejected, doubt=seen.doubtful, minus=minus, written=written
                )
            )
            laps.lap("lines")
        return replace(together(results), stages=laps.seconds)

    def page(self, image: Image) -> Page:
        """Measure the glyphs of one image, the way its writing stands; the weights of surroundings
        are fitted to such pages."""
        area = self._areas[0]
        area.orientation = Orientation()
        page = self._read_ink(area, image, Laps(no_timer), None).page
        assert page is not None  # as it always is of ink
        return page

    def _signs(
        self, area: Area, image: Image, seen: _Seen, clock: float | None
    ) -> tuple[Box | None, Written | None]:
        """Find the minus and the decimal point of a region's number."""
        if area.memory is None or not seen.digits:
            return None, None
        picture = area.picture(image)
        minus, written = area.minus(picture, seen.digits), None
        machine = self._model.points if isinstance(self._model, FindsPoints) else None
        if machine is not None:
            written = area.point(picture, seen.digits, machine, clock, light_ink=seen.light_ink)
        return minus, written

    def _look(self, area: Area, image: Image, laps: Laps, clock: float | None) -> _Seen:
        """Read an area as handwriting or as a row of a display, whichever is worth more."""
        rows = self._rows(area)
        if rows is None:
            return self._read_ink(area, image, laps, clock)
        row = self._read_row(area, image, rows, clock)
        laps.lap("rows")
        if area.display != "auto":
            return row
        if clock is not None and area.other.holds(row.text, clock):
            return replace(row, doubtful=row.doubtful or area.other.contradicts)
        ink = self._read_ink(area, image, laps, clock, turns=row.weight < UPRIGHT)
        better, other = (row, ink) if row.weight > ink.weight else (ink, row)
        area.face(better.turn)
        rival = other.weight > RIVAL * better.weight and not _within(other.text, better.text)
        area.other = Other(row.text, rival, clock) if better is row else NOT_ASKED
        return replace(better, doubtful=True) if rival else better

    def _rows(self, area: Area) -> Machine | None:
        """Give what reads an area as a row of a display; None where nothing does."""
        if area.display == "handwriting" or not isinstance(self._model, ReadsRows):
            return None
        return self._model.rows

    def _read_row(self, area: Area, image: Image, rows: Machine, clock: float | None) -> _Seen:
        """Read a region as a row of a display. The row is looked for where it was before, and
        everywhere, at most once a second, when it reads worse there."""
        row = cells.Row()
        rejected: tuple[Rejected, ...] = ()
        if clock is not None and area.found:
            row, rejected = area.row(image, rows, area.found)
        lost = not row.cells or min(cell.confidence for cell in row.cells) < SETTLED
        if lost and (clock is None or not 0 <= clock - area.sought < SEEK_S):
            area.sought = -math.inf if clock is None else clock
            row, rejected = area.row(image, rows, None)
        area.found = row.place if clock is not None else None
        digits = [Digit(one.label, one.confidence, one.box, one.margin) for one in row.cells]
        sure = np.array([one.confidence for one in row.cells], np.float32)
        unsure = bool((sure < SETTLED).any())
        return _Seen(0, (), digits, sure, rejected, light_ink=row.light_ink, doubtful=unsure)

    def _read_ink(
        self, area: Area, image: Image, laps: Laps, clock: float | None, *, turns: bool = True
    ) -> _Seen:
        """Read an area the way its writing stands. Where it reads badly the way that is known, and
        it `turns`, the right one is looked for."""
        orientation = area.orientation
        classify = self._classifier(area, image, laps.lap)
        seen = self._read(area, image, orientation.turn, laps, classify, clock)
        if not area.turns or not turns:
            return seen
        if not orientation.asks(clock, well=seen.well, empty=not seen.glyphs):
            if clock is not None and seen.well:
                orientation.follow(slope([digit.box for digit in seen.digits]))
            return seen
        best = seen
        for other in self._ways(area, image, laps, seen, classify):
            if other.writes and other.worth > max(
                best.worth, TUNED.clearly * seen.worth + TUNED.more
            ):
                best = other
        laps.lap("turn")
        if not orientation.found(best.turn, clock):
            best = seen
        area.face(best.turn)
        return best

    def _ways(
        self,
        area: Area,
        image: Image,
        laps: Laps,
        seen: _Seen,
        classify: Callable[[Sequence[Glyph]], Classified],
    ) -> Iterator[_Seen]:
        """Read an area the other ways that its writing may stand; `seen` is what it says now."""

        def read(turn: int) -> _Seen:
            return self._read(area, image, turn % 360, laps, classify)

        ways = directions.ways(seen.glyphs, classify)
        lean = directions.lean(area.picture(image))
        if lean:
            ways += [directions.along(way, lean) for way in ways]
        for way in dict.fromkeys(ways):
            yield read(seen.turn + way)
        if abs(lean) > MAX_SKEW and not ways:
            level = read(seen.turn + lean)
            yield level
            for way in directions.ways(level.glyphs, classify):
                yield read(level.turn + way)

    def _read(
        self,
        area: Area,
        image: Image,
        turn: int,
        laps: Laps,
        classify: Callable[[Sequence[Glyph]], Classified],
        clock: float | None = None,
    ) -> _Seen:
        area.face(turn)

        def look(which: Look, share: float, light_ink: bool | None) -> tuple[Segmentation, Reading]:
            # In a film the other polarity is seldom worth more than a glance.
            glance = which is area.inverse and clock is not None and not which.gives
            found = area.segment(image, share, light_ink=light_ink, coarse=glance)
            laps.lap("segment")
            reading = Reading(found.glyphs, classify(found.glyphs))
            if which is not area.inverse or select.leads(reading):
                reading = parts.read(reading, found.scraps, classify, which.in_vain, clock)
            laps.lap("split")
            return found, reading

        found, reading = look(area.usual, TUNED.ink, area.light_ink)
        other = select.NOTHING
        turns = self._settings.segment.polarity == "auto" and area.inverse.due(clock)
        if turns:
            opposite, other = look(area.inverse, TUNED.ink, not found.light_ink)
            if _worth(other) > TUNED.clearly * _worth(reading) + TUNED.more:
                found, opposite, reading, other = opposite, found, other, reading
            area.light_ink = found.light_ink if clock is not None and _worth(reading) else None
        badly = _worth(reading) < TUNED.well * len(found.glyphs)
        if badly and select.leads(reading) and area.lower.due(clock):
            _, lower = look(area.lower, TUNED.faint_ink, found.light_ink)
            kept, taken = select.likeliest(reading, lower)
            area.lower.gave(clock, digits=bool(taken.glyphs))
            reading = kept + taken
            laps.lap("split")
        if turns:
            outer = select.outermost(other, reading)
            kept, taken = select.likeliest(reading, outer)
            area.inverse.gave(clock, digits=bool(taken.glyphs))
            reading = kept + taken
            if taken.glyphs:  # what is written beside them counts, too
                reading += outer[np.flatnonzero(outer.classified.labels < 0)]
            laps.lap("split")
        glyphs, classified = reading.glyphs, reading.classified
        ink = {id(glyph) for glyph in found.glyphs}
        made = np.array([id(glyph) not in ink for glyph in glyphs], bool)
        new = [glyphs[i].box for i in np.flatnonzero(made).tolist()]
        rejected = select.unexplained(found.rejected, new)
        page = surroundings.page(glyphs, classified, rejected, open_set=self._model.open_set)
        # Not where this is but the rival of a row: a stronger one only makes that doubtful.
        drawn = area.memory is not None and self._rows(area) is None
        likely = surroundings.judge(page, self._model.surroundings, drawn=drawn)
        digits, sure, weak, doubtful = self._sort(glyphs, classified, likely)
        laps.lap("context")
        loose = (classified.labels >= 0) & (classified.confidence < MADE)
        return _Seen(
            turn,
            found.glyphs,
            digits,
            sure,
            rejected + doubtful,
            weak,
            found.light_ink,
            doubtful=bool((made & loose).any()),
            page=page,
        )

    def _classifier(
        self, area: Area, image: Image, lap: Lap
    ) -> Callable[[Sequence[Glyph]], Classified]:
        model = self._model
        size = image.shape[1], image.shape[0]

        def classify(glyphs: Sequence[Glyph]) -> Classified:
            crops = np.array([glyph.crop for glyph in glyphs], np.uint8).reshape(-1, SIDE, SIDE)
            lap("split")
            if not isinstance(model, Distant):
                return model.classify(crops, lap)
            boxes = [area.in_frame(glyph.box) for glyph in glyphs]
            classified = model.classify_at(crops, boxes, size)
            lap("workers")
            return classified

        return classify

    def _sort(
        self, glyphs: tuple[Glyph, ...], classified: Classified, likely: FloatArray
    ) -> tuple[list[Digit], FloatArray, list[Digit], tuple[Rejected, ...]]:
        """Part the digits, and how sure the classifier alone is of each, from the rest, of which
        some are WEAK digits; `likely` (N,) is the probability of each to be the digit it looks like
        where it stands."""
        digits: list[Digit] = []
        weak: list[Digit] = []
        sure: list[float] = []
        rejected: list[Rejected] = []
        least = self._settings.model.min_confidence
        weakest = WEAK * least / (1 - (1 - WEAK) * least)
        for glyph, label, margin, alone, confidence in zip(
            glyphs,
            classified.labels.tolist(),
            classified.margins.tolist(),
            classified.confidence.tolist(),
            likely.tolist(),
            strict=True,
        ):
            if weakest <= confidence < least:
                weak.append(Digit(label, confidence, glyph.box, margin))
            if label < 0:
                rejected.append(Rejected(glyph.box, Reason.NOT_A_DIGIT, glyph.crop))
            elif confidence >= least:
                digits.append(Digit(label, confidence, glyph.box, margin, crop=glyph.crop))
                sure.append(alone)
            elif alone >= least:
                rejected.append(Rejected(glyph.box, Reason.AMONG_LETTERS, glyph.crop))
            else:
                rejected.append(Rejected(glyph.box, Reason.UNSURE, glyph.crop))
        return digits, np.array(sure, np.float32), weak, tuple(rejected)
