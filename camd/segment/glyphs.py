"""PURE. Groups of pieces of ink -> glyphs, or why they are none: their stroke is too thick, what is
around them shows no clear edge, or they are too faint."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from camd.segment import form_boxes
from camd.segment.components import Components, components
from camd.segment.crop import normalise
from camd.segment.deskew import turn, turned
from camd.segment.halo import Cut, Cuts
from camd.segment.measures import Marks, marks
from camd.segment.page import Page
from camd.segment.ruling import goes_on
from camd.tuned import TUNED
from camd.values import Box, DoubleArray, Glyph, IntArray, Plane, Reason, Rejected


@dataclass(frozen=True, slots=True, eq=False)
class _Inked:
    """The ink of one group, cut out of its page."""

    box: Box
    """In pixels of the source."""
    patch: Plane
    """Its ink, with a rim around it."""
    inner: tuple[slice, slice]
    """Where its box is in the patch."""
    stroke: float
    """Mean stroke width, pixels of the page."""
    strength: float
    """Its mean ink, 0 to 255."""
    area: int
    """Pixels of ink."""
    step: int
    """One pixel of the patch stands for so many pixels of the page, across and down."""
    further: float
    """How far it goes on, camd.segment.ruling.goes_on."""

    def glyph(self, scale: float, angle: float) -> Glyph:
        """Make the glyph. `scale`: of its page; `angle`: degrees by which its sheet is turned."""
        ink = self.patch[self.inner]
        crop = normalise(turned(ink, angle) if angle else self.patch, self.stroke / self.step)
        stroke = self.stroke / scale
        return Glyph(self.box, crop, stroke, ink, angle, goes_on=self.further)


def glyphs(
    page: Page, groups: Sequence[list[int]], cuts: Cuts
) -> tuple[tuple[Glyph, ...], list[Rejected]]:
    """Make glyphs of those groups that are strokes and not much fainter than the others. The first
    of `cuts` are those of the groups, in the same order."""
    many = len(groups)
    strength, area = cuts.strength[:many].copy(), cuts.area[:many].copy()
    measured, places = marks(page.pieces, groups), page.source(cuts.boxes[:many])
    found: dict[int, _Inked | Rejected] = {}
    strokes: list[int] = []
    faint, more = TUNED.faintest * strength.max(initial=0), int(area.sum())
    # The strongest first, until the next is too faint even if all the rest turn out to be strokes.
    for i in np.argsort(-strength, kind="stable").tolist():
        if strength[i] < faint and strength[i] < TUNED.faintest * _strong(
            strength, area, strokes, more
        ):
            break
        more -= int(area[i])
        found[i] = one = _inked(page, places[i], cuts, measured, i)
        if isinstance(one, _Inked):
            strokes.append(i)
            strength[i], area[i] = one.strength, one.area
    faintest = TUNED.faintest * _strong(strength, area, strokes)
    order = sorted(found)
    strong = [one for i in order if isinstance(one := found[i], _Inked) and strength[i] >= faintest]
    rejected = [one for i in order if isinstance(one := found[i], Rejected)]
    rejected += [
        Rejected(places[i], Reason.TOO_FAINT)
        for i in np.flatnonzero(strength < faintest).tolist()
        if not isinstance(found.get(i), Rejected)
    ]
    angle = turn([one.box for one in strong])
    return tuple(one.glyph(page.scale, angle) for one in strong), rejected


def scraps(
    page: Page, groups: Sequence[list[int]], cuts: Cuts, first: int, angle: float
) -> tuple[Glyph, ...]:
    """Cut out groups as they are: they are no glyphs, but may be parts of one. Theirs are the
    `cuts` from the `first` on; `angle`: degrees by which their sheet is turned."""
    boxes = page.source(cuts.boxes[first : first + len(groups)])
    strokes = marks(page.pieces, groups).stroke.tolist()
    return tuple(
        _cut_out(page, box, cuts, i, stroke).glyph(page.scale, angle)
        for i, (box, stroke) in enumerate(zip(boxes, strokes, strict=True), first)
    )


def _strong(strength: DoubleArray, area: IntArray, strokes: list[int], more: int = 0) -> float:
    """Return how strong the strongest quarter of the ink is at least, 0 to 255. Only the ink of
    `strokes` counts: what glitters on a table is stronger than a pencil.

    `more`: pixels not examined yet, all of them weaker. They count as strokes: the answer may be
    too low then, and never too high."""
    order = np.array(strokes, np.intp)[np.argsort(strength[strokes])]
    below = more + np.cumsum(area[order])
    if not strokes or 0.75 * below[-1] <= more:
        return 0.0
    return float(strength[order][np.searchsorted(below, 0.75 * below[-1])])


def _inked(page: Page, box: Box, cuts: Cuts, measured: Marks, i: int) -> _Inked | Rejected:
    """Cut the ink of a group out of its page, or say why it is no glyph. `box`: where it lies, in
    pixels of the source."""
    stroke, cut = float(measured.stroke[i]), cuts.cut(i)
    if form_boxes.square(cut.own):
        return _written(page, cut) or Rejected(box, Reason.NOT_A_STROKE)
    if stroke > TUNED.thickest * cuts.boxes[i][3]:
        return Rejected(box, Reason.NOT_A_STROKE)
    if cuts.halo[i] > TUNED.softest * cuts.strength[i]:
        return Rejected(box, Reason.NO_EDGE)
    if cuts.one_sided[i]:
        return Rejected(box, Reason.ONE_SIDED)
    further = goes_on(page.ink, measured.bars[i], stroke)
    return _cut_out(page, box, cuts, i, stroke, further)


def _cut_out(
    page: Page, box: Box, cuts: Cuts, i: int, stroke: float, further: float = 0.0
) -> _Inked:
    cut = cuts.cut(i)
    # Keep the grey rim of the stroke, but not a neighbour that reaches into the box.
    mine = cv2.bitwise_or(cut.own, cv2.bitwise_and(cut.edge, page.bare[cut.around]))
    patch = np.asarray(cv2.multiply(page.ink[cut.around], mine), np.uint8)
    strength, area = float(cuts.strength[i]), int(cuts.area[i])
    return _Inked(box, patch, cut.inner, stroke, strength, area, cut.step, further)


def _written(page: Page, cut: Cut) -> _Inked | Rejected | None:
    """Cut out the ink inside a printed box that it touches; None if no digit can be in there."""
    written = form_boxes.inside(cut.own) if cut.step == 1 else None
    if written is None:
        return None
    found = components(written)
    rows, columns = cut.around
    corner = np.array([columns.start, rows.start, 0, 0, 0], np.int32)
    runs = found.runs.moved(rows.start, columns.start)
    pieces = Components(runs, found.first, found.stats + corner)
    alone, group = replace(page, pieces=pieces), [list(range(len(pieces)))]
    cuts = Cuts(alone, group)
    return _inked(alone, alone.source(cuts.boxes)[0], cuts, marks(pieces, group), 0)
