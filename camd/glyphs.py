"""PURE. A group of pieces of ink -> a glyph, or why it is no digit: by its stroke, and by what
is around it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from camd import frame
from camd.components import Components
from camd.dash import is_dash
from camd.light import Plane
from camd.marks import Mark
from camd.normalise import normalise, stroke_width
from camd.runs import Ints
from camd.values import Box, Glyph, Rejected

NOT_A_STROKE = "not a stroke"
NO_EDGE = "no clear edge"
ONE_SIDED = "edge of something"
RULED = "ruled line"

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
CLEARED = 0.35
"""How much lighter than a stroke the paper beside it is at least, in steps from the stroke to the
brightest quarter of what surrounds it."""
SURROUNDED = 0.65
"""Least share of its surroundings that is so: a stroke has paper on all sides, the edge of a sheet,
a hand or a shadow on one. Hardly a real digit has less than 0.8, hardly an edge more than 0.6."""

_BY_ONE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A frame, its light evened out and its rules taken out."""

    grey: Plane
    """(H, W), inverted where the ink is light."""
    ink: Plane
    """(H, W), 0 where the paper is bare."""
    bare: Plane
    """(H, W), 1 where there is no ink, not even dust, and 0 elsewhere."""
    pieces: Components
    """Those of the ink, without dust."""
    scale: float
    """Pixels of `ink` a pixel of the source."""
    least: float
    """Least height of a digit, pixels of `ink`."""
    ruled: tuple[Box, ...]
    """The boxes of the rules taken out, pixels of `ink`."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A group of pieces, and a rim around it."""

    box: Box
    around: tuple[slice, slice]
    """Of the box and its rim."""
    own: Plane
    """Its ink, zeros and ones, as the two below."""
    edge: Plane
    """The same grown by one pixel."""
    bare: Plane
    """Where there is no ink."""
    inside: Ints
    """Its pixels, as indices in a flattened plane of its page."""
    ring: Ints
    """The same of what is bare at some pixels' distance."""

    @classmethod
    def of(cls, page: Page, group: list[int]) -> "Cut":
        box = page.pieces.bounds(group)
        around = _rimmed(page, box)
        rows, columns = around
        left, top = columns.start, rows.start
        own = page.pieces.mask(group, (left, top, columns.stop - left, rows.stop - top))
        wide = page.ink.shape[1]
        inside = np.concatenate([page.pieces.of(piece).at(wide) for piece in group])
        return cls._ringed(page, box, around, own, inside)

    @classmethod
    def part(cls, page: Page, of: "Cut", own: Plane) -> "Cut":
        """Cut out a part of the ink `of` another one, as a mask in its place."""
        x, y, width, height = cv2.boundingRect(own)
        left, top = of.around[1].start, of.around[0].start
        box = left + x, top + y, width, height
        rows, columns = around = _rimmed(page, box)
        here = own[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        at = np.flatnonzero(here)
        inside = _flat(at, here.shape[1], around, page.ink.shape[1])
        return cls._ringed(page, box, around, here, inside)

    @classmethod
    def _ringed(
        cls, page: Page, box: Box, around: tuple[slice, slice], own: Plane, inside: Ints
    ) -> "Cut":
        rim = _rim(box)
        edge = np.asarray(cv2.dilate(own, _BY_ONE), np.uint8)
        bare = page.bare[around]
        within = cv2.dilate(edge, np.ones((2 * rim - 3, 2 * rim - 3), np.uint8))
        ring = cv2.subtract(cv2.dilate(within, _BY_ONE), within)
        ring = np.asarray(cv2.bitwise_and(ring, bare), np.uint8)
        at = np.flatnonzero(ring.view(np.bool_))
        at = _flat(at, ring.shape[1], around, page.ink.shape[1])
        return cls(box, around, own, edge, bare, inside, at)


def _rim(box: Box) -> int:
    return 3 + box[3] // 50


def _rimmed(page: Page, box: Box) -> tuple[slice, slice]:
    """Give the rows and columns of a box and its rim."""
    x, y, width, height = box
    rim = _rim(box)
    rows, columns = page.ink.shape
    return (
        slice(max(0, y - rim), min(rows, y + height + rim)),
        slice(max(0, x - rim), min(columns, x + width + rim)),
    )


def _flat(at: Ints, wide: int, around: tuple[slice, slice], columns: int) -> Ints:
    """Make indices in a flattened plane, `columns` wide, of those in the flattened part of it that
    lies `around` and is `wide`."""
    rows, left = at // wide + around[0].start, around[1].start
    return np.asarray(rows * columns + at % wide + left, np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Inked:
    mark: Mark
    box: Box
    """In pixels of the source."""
    patch: Plane
    """Its ink and a rim around it."""
    inner: tuple[slice, slice]
    """Of its box in the patch."""

    def glyph(self, scale: float) -> Glyph:
        """`scale` is that of its page."""
        stroke = self.mark.stroke
        crop = normalise(self.patch, stroke)
        return Glyph(self.box, crop, stroke / scale, self.patch[self.inner])


def inked(page: Page, mark: Mark) -> Inked | Rejected:
    """Take out the ink of a mark, or say why it is no glyph."""
    cut = Cut.of(page, mark.pieces)
    source = scaled(cut.box, page.scale)
    if square(cut.own):
        written = frame.inside(cut.own)
        if written is None:
            return Rejected(source, NOT_A_STROKE)
        cut = Cut.part(page, cut, written)
        mark = _measured(page, cut, mark)
        source = scaled(cut.box, page.scale)
    if mark.stroke > THICKEST * cut.box[3]:
        return Rejected(source, NOT_A_STROKE)
    if _mean(page.ink, cut.ring) > SOFTEST * mark.strength:
        return Rejected(source, NO_EDGE)
    if one_sided(page, cut):
        return Rejected(source, ONE_SIDED)
    corner = cut.around[1].start, cut.around[0].start
    if is_dash(page.ink, cut.own, corner, mark.stroke):
        return Rejected(source, RULED)
    # The grey rim belongs to the stroke, a neighbour that reaches into the box does not.
    mine = cv2.bitwise_or(cut.own, cv2.bitwise_and(cut.edge, cut.bare))
    patch = np.asarray(cv2.multiply(page.ink[cut.around], mine), np.uint8)
    left, top = cut.box[0] - corner[0], cut.box[1] - corner[1]
    inner = slice(top, top + cut.box[3]), slice(left, left + cut.box[2])
    return Inked(mark, source, patch, inner)


def _measured(page: Page, cut: Cut, mark: Mark) -> Mark:
    """Measure what is left of a mark."""
    return replace(
        mark,
        area=len(cut.inside),
        stroke=stroke_width(cut.own),
        strength=_mean(page.ink, cut.inside),
    )


def one_sided(page: Page, cut: Cut) -> bool:
    """Tell an edge, which has something lighter on one side, from a stroke, which has on all."""
    levels = np.bincount(page.grey.reshape(-1).take(cut.ring), minlength=256)
    below = np.cumsum(levels)  # pixels up to each level
    count = len(cut.ring)
    if not count:
        return False
    stroke = _mean(page.grey, cut.inside)
    bright = int(np.searchsorted(below, 3 * count // 4, side="right"))
    lighter = count - int(below[int(stroke + CLEARED * (bright - stroke))])
    return lighter < SURROUNDED * count


def _mean(plane: Plane, places: Ints) -> float:
    """Mean level at some places; 0 for none."""
    return float(plane.reshape(-1).take(places).sum()) / max(1, len(places))


def square(own: Plane) -> bool:
    """Tell whether a mask of zeros and ones is one box, empty or filled."""
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) != 1:
        return False
    _, sides, _ = cv2.minAreaRect(outlines[0])
    full = cv2.contourArea(outlines[0]) > SQUAREST * sides[0] * sides[1]
    return bool(full and min(sides) > SLIM * max(sides))


def scaled(box: Box, scale: float) -> Box:
    """Give a box of `Page.ink` in pixels of the source."""
    if scale == 1:
        return box
    x, y, width, height = (round(side / scale) for side in box)
    return x, y, max(1, width), max(1, height)
