"""PURE. Groups of pieces of ink -> glyphs, or why they are no digits: by their stroke, by what is
around them, and by how faint they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from camd.cuts import Cut, cuts
from camd.dash import is_dash
from camd.light import Plane
from camd.marks import Mark, marks
from camd.normalise import normalise
from camd.page import Page
from camd.turn import turn, turned
from camd.values import Box, Glyph, Rejected

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
    mark: Mark
    box: Box
    """In pixels of the source."""
    patch: Plane
    """Its ink and a rim around it."""
    inner: tuple[slice, slice]
    """Of its box in the patch."""

    def glyph(self, scale: float, angle: float) -> Glyph:
        """`scale` is that of its page, `angle` how far its sheet is turned, degrees."""
        stroke, ink = self.mark.stroke, self.patch[self.inner]
        crop = normalise(turned(ink, angle) if angle else self.patch, stroke)
        return Glyph(self.box, crop, stroke / scale, ink, angle)


def glyphs(page: Page, groups: Sequence[list[int]]) -> tuple[tuple[Glyph, ...], list[Rejected]]:
    """Make glyphs of the groups that are strokes, and not much fainter than the others."""
    found: list[_Inked | Rejected | None] = [None] * len(groups)
    measured = marks(page.pieces, page.ink, groups)
    faint = FAINTEST * max((mark.strength for mark in measured), default=0.0)
    more = sum(mark.area for mark in measured)
    strokes: list[Mark] = []
    # The strongest first, until all others are too faint, whatever they are.
    order = sorted(range(len(groups)), key=lambda i: -measured[i].strength)
    cut = _cuts(page, [measured[i] for i in order], faint)
    for i in order:
        mark = measured[i]
        if mark.strength < faint and mark.strength < FAINTEST * _strong(strokes, more):
            break
        more -= mark.area
        found[i] = one = _inked(page, mark, next(cut))
        if isinstance(one, _Inked):
            strokes.append(mark)
    faintest = FAINTEST * _strong(strokes)
    strong = [one for one in found if isinstance(one, _Inked) and one.mark.strength >= faintest]
    rejected = [one for one in found if isinstance(one, Rejected)]
    rejected += [
        Rejected(page.source(page.pieces.bounds(group)), TOO_FAINT)
        for group, mark, one in zip(groups, measured, found, strict=True)
        if not isinstance(one, Rejected) and mark.strength < faintest
    ]
    angle = turn([one.box for one in strong])
    return tuple(one.glyph(page.scale, angle) for one in strong), rejected


def _cuts(page: Page, marks: Sequence[Mark], faint: float) -> Iterator[Cut]:
    """Cut out marks, the strongest first; those that are `faint` only if any of them is needed."""
    for some in (
        [mark.pieces for mark in marks if mark.strength >= faint],
        [mark.pieces for mark in marks if mark.strength < faint],
    ):
        yield from cuts(page, some)


def _strong(glyphs: Sequence[Mark], more: int = 0) -> float:
    """Strength of the strong ink: what the upper quarter of all ink has at least. Only that of
    glyphs counts: what glitters on a table is stronger than a pencil. Of `more` pixels it is not
    known yet how much weaker they are than all others."""
    strengths = np.array([mark.strength for mark in glyphs])
    order = np.argsort(strengths)
    area = more + np.cumsum(np.array([mark.area for mark in glyphs])[order])
    if not glyphs or 0.75 * area[-1] <= more:
        return 0.0
    return float(strengths[order][np.searchsorted(area, 0.75 * area[-1])])


def _inked(page: Page, mark: Mark, cut: Cut) -> _Inked | Rejected:
    """Take out the ink of a mark, or say why it is no glyph."""
    box = page.source(cut.box)
    if mark.stroke > THICKEST * cut.box[3] or square(cut.own):
        return Rejected(box, NOT_A_STROKE)
    if cut.halo > SOFTEST * mark.strength:
        return Rejected(box, NO_EDGE)
    if cut.one_sided:
        return Rejected(box, ONE_SIDED)
    corner = cut.around[1].start, cut.around[0].start
    if is_dash(page.ink, cut.own, corner, mark.stroke):
        return Rejected(box, RULED)
    # The grey rim belongs to the stroke, a neighbour that reaches into the box does not.
    mine = cv2.bitwise_or(cut.own, cv2.bitwise_and(cut.edge, page.bare[cut.around]))
    patch = np.asarray(cv2.multiply(page.ink[cut.around], mine), np.uint8)
    left, top = cut.box[0] - corner[0], cut.box[1] - corner[1]
    inner = slice(top, top + cut.box[3]), slice(left, left + cut.box[2])
    return _Inked(mark, box, patch, inner)


def square(own: Plane) -> bool:
    """Tell whether a mask of zeros and ones is one box, empty or filled."""
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) != 1:
        return False
    _, sides, _ = cv2.minAreaRect(outlines[0])
    full = cv2.contourArea(outlines[0]) > SQUAREST * sides[0] * sides[1]
    return bool(full and min(sides) > SLIM * max(sides))
