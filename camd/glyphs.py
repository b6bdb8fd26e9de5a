"""PURE. Groups of pieces of ink -> glyphs, or why they are no digits: by their stroke, by what is
around them, and by how faint they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from camd.cuts import Cut
from camd.dash import is_dash
from camd.light import Plane
from camd.marks import Mark, marks
from camd.normalise import normalise
from camd.page import Page
from camd.turn import turn, turned
from camd.values import Glyph, Rejected

NOT_A_STROKE = "not a stroke"
NO_EDGE = "no clear edge"
ONE_SIDED = "edge of something"
RULED = "ruled line"
TOO_FAINT = "too faint"

THICKEST = 0.45
"""Greatest stroke width, in heights of the glyph."""
SQUAREST = 0.92
"""Greatest share of the tightest turned rectangle that the outline of a glyph may enclose: more is
a box, empty or filled."""
SLIM = 0.5
"""But not where the rectangle is slimmer than this, width by length: a 1 is one stroke."""
SOFTEST = 0.42
"""Most ink just outside a glyph, in its own ink: smudges, shadows and wood fade out, a stroke ends.
A hundredth of real digits lie above 0.4."""
FAINTEST = 0.25
"""Least ink of a glyph, in strengths of the strong ink of its frame: less is a smudge, or the
other side of the sheet shining through."""


@dataclass(frozen=True, slots=True, eq=False)
class _Inked:
    cut: Cut
    stroke: float
    """Mean stroke width, pixels of the page."""
    patch: Plane
    """Its ink and a rim around it."""

    def glyph(self, page: Page, angle: float) -> Glyph:
        """`angle` is how far its sheet is turned, degrees."""
        x, y, width, height = self.cut.box
        rows, columns = self.cut.around
        left, top = x - columns.start, y - rows.start
        ink = self.patch[top : top + height, left : left + width]
        crop = normalise(turned(ink, angle) if angle else self.patch, self.stroke)
        return Glyph(page.source(self.cut.box), crop, self.stroke / page.scale, ink, angle)


def glyphs(page: Page, cuts: Sequence[Cut]) -> tuple[tuple[Glyph, ...], list[Rejected]]:
    """Make glyphs of the groups that are strokes, and not much fainter than the others."""
    found: list[_Inked | Rejected | None] = [None] * len(cuts)
    measured = marks(page.pieces, [cut.pieces for cut in cuts])
    faint = FAINTEST * max((cut.strength for cut in cuts), default=0.0)
    more = sum(cut.area for cut in cuts)
    strokes: list[Cut] = []
    # The strongest first, until all others are too faint, whatever they are.
    for i in sorted(range(len(cuts)), key=lambda i: -cuts[i].strength):
        cut = cuts[i]
        if cut.strength < faint and cut.strength < FAINTEST * _strong(strokes, more):
            break
        more -= cut.area
        found[i] = one = _inked(page, cut, measured[i])
        if isinstance(one, _Inked):
            strokes.append(cut)
    faintest = FAINTEST * _strong(strokes)
    strong = [one for one in found if isinstance(one, _Inked) and one.cut.strength >= faintest]
    rejected = [one for one in found if isinstance(one, Rejected)]
    rejected += [
        Rejected(page.source(cut.box), TOO_FAINT)
        for cut, one in zip(cuts, found, strict=True)
        if not isinstance(one, Rejected) and cut.strength < faintest
    ]
    angle = turn([page.source(one.cut.box) for one in strong])
    return tuple(one.glyph(page, angle) for one in strong), rejected


def _strong(strokes: Sequence[Cut], more: int = 0) -> float:
    """Strength of the strong ink: what the upper quarter of all ink has at least. Only that of
    strokes counts: what glitters on a table is stronger than a pencil. Of `more` pixels it is not
    known yet how much weaker they are than all others."""
    strengths = np.array([cut.strength for cut in strokes])
    order = np.argsort(strengths)
    area = more + np.cumsum(np.array([cut.area for cut in strokes])[order])
    if not strokes or 0.75 * area[-1] <= more:
        return 0.0
    return float(strengths[order][np.searchsorted(area, 0.75 * area[-1])])


def _inked(page: Page, cut: Cut, mark: Mark) -> _Inked | Rejected:
    """Take out the ink of a group, or say why it is no glyph."""
    if mark.stroke > THICKEST * cut.box[3] or square(cut.own):
        return Rejected(page.source(cut.box), NOT_A_STROKE)
    if cut.halo > SOFTEST * cut.strength:
        return Rejected(page.source(cut.box), NO_EDGE)
    if cut.one_sided:
        return Rejected(page.source(cut.box), ONE_SIDED)
    if is_dash(page.ink, mark.bar, mark.stroke):
        return Rejected(page.source(cut.box), RULED)
    # The grey rim belongs to the stroke, a neighbour that reaches into the box does not.
    mine = cv2.bitwise_or(cut.own, cv2.bitwise_and(cut.edge, page.bare[cut.around]))
    patch = np.asarray(cv2.multiply(page.ink[cut.around], mine), np.uint8)
    return _Inked(cut, mark.stroke, patch)


def square(own: Plane) -> bool:
    """Tell whether a mask of zeros and ones is one box, empty or filled."""
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) != 1:
        return False
    hull = cv2.convexHull(outlines[0])
    enclosed = cv2.contourArea(outlines[0])
    if enclosed <= SQUAREST * cv2.contourArea(hull):  # no rectangle is tighter
        return False
    _, sides, _ = cv2.minAreaRect(hull)
    return bool(enclosed > SQUAREST * sides[0] * sides[1] and min(sides) > SLIM * max(sides))
