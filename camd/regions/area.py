"""PURE. One area that is read and followed on its own: the whole frame, or one region of it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from camd.config.settings import READ, RegionSettings, Settings
from camd.hypotheses import cells, minus, points
from camd.hypotheses.looks import Look
from camd.hypotheses.windows import Machine
from camd.regions import value
from camd.regions.follow import Where
from camd.regions.memory import Kept, Memory
from camd.regions.value import Region, Written
from camd.regions.view import View
from camd.segment import binarize
from camd.segment.segmentation import Segmentation, segment
from camd.segment.upright import Upright
from camd.track import completeness
from camd.track.lines import group
from camd.track.orientation import Orientation
from camd.track.pace import Pace
from camd.track.reading import Reader
from camd.track.tracker import Tracked, Tracker
from camd.tuned import TUNED
from camd.values import (
    Box,
    Digit,
    Image,
    Line,
    Plane,
    Reading,
    Reason,
    RegionStatus,
    Rejected,
    Result,
)

ASKED_S = 1.0
"""How long it stands what the other way of reading said of a row, seconds, while the row reads the
same."""

POINT_S = 0.1
"""Least time between two looks for the decimal point of a row that reads the same, seconds. One
costs a fifth of a later look at the row."""


@dataclass(frozen=True, slots=True)
class Other:
    """What a region said as handwriting beside a row of a display that was worth more."""

    text: str
    """Of the row."""
    contradicts: bool
    at: float | None
    """When, seconds; None for a still image."""

    def holds(self, text: str, clock: float) -> bool:
        """Tell whether a row with that `text` need not be compared again."""
        return self.at is not None and text == self.text and 0 <= clock - self.at < ASKED_S


NOT_ASKED = Other("", contradicts=False, at=None)


class Area:
    """What it finds is in pixels of its own picture, turned so that its writing stands upright,
    until it is in a Result. Digits are followed where they lie in the picture as it is: when it is
    turned otherwise, they stay where they are."""

    def __init__(
        self,
        settings: Settings,
        place: RegionSettings | None,
        numbers: Iterator[int],
        kept: Kept | None = None,
    ) -> None:
        """`place` None: the whole frame. `numbers` gives tracks theirs. `kept`: what an earlier run
        has left of a region."""
        self._place = place
        self._numbers = numbers
        self._view = View((0, 0, 0, 0))
        self._size = (0, 0)
        self._where = Where()
        self._stands = Reading()
        """What it reads, in pixels of the frame."""
        self._upright = Upright(0, (0, 0))
        self.orientation = Orientation()
        """Which way up its writing stands."""
        self.usual, self.lower, self.inverse = Look(), Look(), Look()
        """At the usual threshold, at the lower one, and for ink of the other polarity."""
        self.light_ink: bool | None = None
        """The polarity that reads better, as far as it is known: whether ink is light."""
        self.display = place.display if place else "handwriting"
        """How its number is shown; `auto` where that is to be found out."""
        self.found: cells.Place | None = None
        """Where its row was found last."""
        self.other = NOT_ASKED
        """What it said the other way when that was asked last."""
        self.sought = -math.inf
        """When the row was looked for everywhere last, seconds."""
        self._written: tuple[Written | None, float] = (None, -math.inf)
        """What the point was found in last, and when, seconds."""
        self._region = Region(place, settings.track, kept) if place else None
        self.retune(settings, anew=True)

    def retune(self, settings: Settings, *, anew: bool) -> None:
        """Go on with other settings. `anew`: what was followed is forgotten; a region's last good
        value never is."""
        self._settings = settings
        if anew:
            self._lines = value.ONE_NUMBER if self._place else settings.lines
            self._pace = Pace(settings.track)
            self._looked_at = 0.0
            """When the last look was, as `Pace` counts; seconds."""
            self._tracker = Tracker(settings.track, self._numbers)
            self._reader = Reader(self._lines, settings.track)
        if self._region:
            self._region.retune(settings.track)

    @property
    def memory(self) -> Memory | None:
        """The good values of a region; None for the whole frame."""
        return self._region.memory if self._region else None

    @property
    def turns(self) -> bool:
        """Whether its writing may stand any way up: that of a region with corners is upright."""
        return self._place is None or self._place.corners is None

    def face(self, turn: int) -> None:
        """Turn the picture by so many degrees, clockwise."""
        self._upright = replace(self._upright, turn=turn)

    def picture(self, image: Image) -> Plane:
        """Give what `segment` looks at, grey."""
        picture = binarize.to_grey(self._view.cut(image))
        return self._upright.picture(picture)

    def segment(
        self,
        image: Image,
        share: float = TUNED.ink,
        *,
        light_ink: bool | None = None,
        coarse: bool = False,
    ) -> Segmentation:
        """Find the glyphs of the area in a frame, BGR or grey uint8; those that are masked are
        rejected, so is what reaches into a region, and what is outside is left out. `share`,
        `light_ink` and `coarse` as for camd.segment."""
        self._look_at(image)
        view, options = self._view, self._settings.segment
        if view.scale != 1:
            least = round(view.scale * options.min_height)
            options = options.model_copy(update={"min_height": least})
        picture = view.cut(image)
        self._upright = Upright(self._upright.turn, (picture.shape[1], picture.shape[0]))
        found = segment(
            self._upright.picture(picture), options, share, light_ink=light_ink, coarse=coarse
        )
        if self._upright.turn:
            found = self._whole(found)
        if not view.outline and not view.masks:
            return found
        glyphs, marks = [], list(found.rejected)
        for glyph in found.glyphs:
            if self._has(glyph.box) and not self._masks_out(glyph.box):
                glyphs.append(glyph)
            else:
                marks.append(Rejected(glyph.box, Reason.AT_EDGE))
        return replace(
            found,
            glyphs=tuple(glyphs),
            rejected=tuple(
                replace(mark, reason=Reason.MASKED) if self._masks_out(mark.box) else mark
                for mark in marks
                if self._has(mark.box) or self._has_part(mark.box)
            ),
            scraps=tuple(
                scrap
                for scrap in found.scraps
                if self._has(scrap.box) and not self._masks_out(scrap.box)
            ),
        )

    def _whole(self, found: Segmentation) -> Segmentation:
        """Reject what the edge of the frame cuts off: in a turned picture it is no edge."""
        cut = [glyph.box for glyph in found.glyphs if self._upright.beyond(glyph.box)]
        return replace(
            found,
            glyphs=tuple(glyph for glyph in found.glyphs if glyph.box not in cut),
            rejected=(*found.rejected, *(Rejected(box, Reason.AT_BORDER) for box in cut)),
        )

    def _has(self, box: Box) -> bool:
        return self._view.has(self._upright.placed(box))

    def _has_part(self, box: Box) -> bool:
        return self._view.has_part(self._upright.placed(box))

    def _masks_out(self, box: Box) -> bool:
        return self._view.masks_out(self._upright.placed(box))

    def row(
        self, image: Image, machine: Machine, known: cells.Place | None
    ) -> tuple[cells.Row, tuple[Rejected, ...]]:
        """Read the region as a row of digits, as it lies in the frame, BGR or grey uint8; return
        also what makes the row doubtful."""
        self._look_at(image)
        self.face(0)
        picture = binarize.to_grey(self._view.cut(image))
        row = cells.read(picture, self._view.inside, machine, known)
        masked = [box for box in row.boxes if self._masks_out(box)]
        cut = [box for box in row.boxes if not self._has_part(box)]
        return replace(
            row, cells=tuple(one for one in row.cells if one.box not in (*masked, *cut))
        ), (
            *(Rejected(box, Reason.MASKED) for box in masked),
            *(Rejected(box, Reason.AT_EDGE) for box in cut if box not in masked),
            *(Rejected(box, Reason.UNSURE) for box in row.doubts if not self._masks_out(box)),
        )

    def minus(self, picture: Plane, digits: Sequence[Digit]) -> Box | None:
        """Return the box of the minus before the digits that are read in a region, of whose part of
        the frame this is the `picture`."""
        box = minus.find(picture, [digit.box for digit in digits])
        return box if box and self._has(box) and not self._masks_out(box) else None

    def point(
        self,
        picture: Plane,
        digits: Sequence[Digit],
        machine: points.Machine,
        clock: float | None,
        *,
        light_ink: bool,
    ) -> Written | None:
        """Find the decimal point of the digits that are read in a region, of whose part of the
        frame this is the `picture`; None where it is not to be read, or they are no one number. In
        a film, of which `clock` is the time in seconds, what was found a moment ago stands."""
        if not self._place or self._place.decimals != READ:
            return None
        lines = group(digits, value.ONE_NUMBER)
        if len(lines) != 1:
            return None
        known, at = self._written
        same = known is not None and known.line.text == lines[0].text
        if same and clock is not None and 0 <= clock - at < POINT_S:
            return known
        boxes = [digit.box for digit in lines[0].digits]
        found = Written(lines[0], points.find(picture, boxes, machine, light_ink=light_ink))
        if clock is not None:
            self._written = found, clock
        return found

    def go(self, where: Where) -> None:
        """Look where the region is now."""
        if where.matrix is not self._where.matrix:
            self._size = (0, 0)
        self._where = where

    def _look_at(self, image: Image) -> None:
        """Look the same way at a frame of another size."""
        height, width = image.shape[:2]
        if (width, height) != self._size:
            self._size = width, height
            self._view = View.of(self._place, self._settings.mask, self._size)
            if self._where.matrix is not None:
                self._view = self._view.moved(self._where.matrix)

    def in_frame(self, box: Box) -> Box:
        """Return a box that `segment` gave in pixels of the frame."""
        return self._view.in_frame(self._upright.around(box))

    def track(self, digits: Sequence[Digit], weak: Sequence[Digit], clock: float) -> Tracked:
        placed, doubted = (
            [replace(digit, box=self._upright.placed(digit.box)) for digit in some]
            for some in (digits, weak)
        )
        self._looked_at = self._pace.at(clock)
        return self._turned(self._tracker.update(placed, self._looked_at, doubted))

    def _turned(self, tracked: Tracked) -> Tracked:
        """Give tracked digits as they lie in the turned picture."""
        if not self._upright.turn:
            return tracked

        def turned(digits: Sequence[Digit]) -> tuple[Digit, ...]:
            return tuple(replace(one, box=self._upright.upright(one.box)) for one in digits)

        return replace(
            tracked,
            digits=turned(tracked.digits),
            held=turned(tracked.held),
            events=tuple(
                replace(event, digit=turned([event.digit])[0]) for event in tracked.events
            ),
        )

    def follow(
        self,
        tracked: Tracked,
        rejected: tuple[Rejected, ...],
        clock: float,
        *,
        doubt: bool,
        minus: Box | None = None,
        written: Written | None = None,
    ) -> Result:
        """Return what the area says of the look that was tracked last, at `clock` seconds, in
        pixels of the frame; with a `doubt`, something else may be written there. `minus`: where one
        stands before the number. `written`: as `point` gave it."""
        unsettled = [digit for digit in tracked.digits if not digit.stable]
        # A digit that never settles is as doubtful as one that never is sure.
        marks = (*rejected, *(Rejected(digit.box, Reason.UNSURE) for digit in unsettled))
        doubtful = completeness.beside(marks, tracked.held)
        at = self._looked_at
        reading, changed = self._reader.update(tracked, at, doubtful=doubtful)
        lines = group(tracked.digits, self._lines)
        result = Result(
            digits=_in_order(lines),
            lines=lines,
            rejected=rejected,
            events=tracked.events,
            reading=reading,
            changed=changed,
        )
        if self._region:
            doubtful = doubt or completeness.doubtful(_but(minus, marks), tracked.held)
            signed = value.with_minus(reading) if minus else reading
            said = self._region.update(
                signed,
                at,
                doubt=doubtful,
                unsettled=bool(unsettled),
                clock=clock,
                written=written,
            )
            result = replace(result, regions=(said,) if said else ())
        return self._in_frame(result)

    def unread(self) -> Result:
        """Say of a frame in which nobody knows where the region is: it goes on as it was."""
        return Result(reading=self._stands, turn=self._upright.turn)

    def absent(self, clock: float, why: RegionStatus = "unseen") -> Result:
        """Say that it is not seen any more: whatever was stable ends, the reading empties."""
        ended = self._turned(self._tracker.clear())
        reading, changed = self._reader.update(Tracked(), self._pace.at(clock))
        regions = (self._region.absent(clock, why),) if self._region else ()
        return self._in_frame(
            Result(events=ended.events, reading=reading, changed=changed, regions=regions)
        )

    def still(
        self,
        digits: Sequence[Digit],
        rejected: tuple[Rejected, ...],
        *,
        doubt: bool,
        minus: Box | None = None,
        written: Written | None = None,
    ) -> Result:
        """Return what one picture says on its own: no tracks, nothing stable, an empty reading. The
        rest is as for `follow`."""
        lines = group(digits, self._lines)
        result = Result(digits=_in_order(lines), lines=lines, rejected=rejected)
        if self._place:
            reading = Reading(tuple(line.text for line in lines), result.digits)
            said = value.judge(
                self._place,
                value.with_minus(reading) if minus else reading,
                doubtful=doubt or completeness.doubtful(_but(minus, rejected), digits),
                written=written,
            )
            result = replace(result, regions=(said,))
        return self._in_frame(result)

    def _in_frame(self, result: Result) -> Result:
        result = self._placed(result)
        self._stands = result.reading
        return result

    def _placed(self, result: Result) -> Result:
        turn = self._upright.turn
        result = replace(result, turn=turn, reading=replace(result.reading, turn=turn))
        if not self._place and not turn:
            return result

        def digit(item: Digit) -> Digit:
            return replace(item, box=self.in_frame(item.box))

        lines = tuple(
            Line(line.text, tuple(map(digit, line.digits)), self.in_frame(line.box))
            for line in result.lines
        )
        reading = result.reading
        return replace(
            result,
            digits=_in_order(lines),
            lines=lines,
            rejected=tuple(replace(mark, box=self.in_frame(mark.box)) for mark in result.rejected),
            events=tuple(replace(event, digit=digit(event.digit)) for event in result.events),
            reading=replace(reading, digits=tuple(map(digit, reading.digits))),
            regions=tuple(
                replace(item, outline=self._view.outline, moved=self._where.moved)
                for item in result.regions
            ),
        )


def together(results: Sequence[Result]) -> Result:
    """Return what several areas of one frame say as one, in their order."""
    if len(results) == 1:
        return results[0]
    readings = [result.reading for result in results]
    return Result(
        digits=tuple(digit for result in results for digit in result.digits),
        lines=tuple(line for result in results for line in result.lines),
        rejected=tuple(mark for result in results for mark in result.rejected),
        events=tuple(event for result in results for event in result.events),
        reading=Reading(
            tuple(line for reading in readings for line in reading.lines),
            tuple(digit for reading in readings for digit in reading.digits),
            all(reading.complete for reading in readings),
            readings[0].turn,
        ),
        changed=any(result.changed for result in results),
        regions=tuple(said for result in results for said in result.regions),
        turn=results[0].turn,
    )


def _but(minus: Box | None, marks: tuple[Rejected, ...]) -> tuple[Rejected, ...]:
    """Leave out the marks that are the minus."""
    if minus is None:
        return marks
    x, y, width, height = minus

    def within(box: Box) -> bool:
        right, down = box[0] + box[2] / 2 - x, box[1] + box[3] / 2 - y
        return 0 <= right <= width and 0 <= down <= height

    return tuple(mark for mark in marks if not within(mark.box))


def _in_order(lines: Sequence[Line]) -> tuple[Digit, ...]:
    return tuple(digit for line in lines for digit in line.digits)
