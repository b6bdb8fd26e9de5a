"""PURE. Rows that touch: a glyph as high as several of them -> what it has in each.

Two digits one above the other may look like an 8, and the classifier is sure of it. Only their
neighbours tell that they are two: beside each half, other digits stand in a row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from camd.geometry import median
from camd.hypotheses.seams import seams
from camd.hypotheses.split import part, piece
from camd.segment.deskew import slope
from camd.values import Box, DoubleArray, Glyph

TALL = 1.6
"""What may stand in several rows is at least so many times as high as the usual glyph."""
NARROW = 0.35
"""And at least so wide, in usual heights: braces and scraps of rules are narrower."""
ALIKE = 1.4
"""A neighbour is at most so many times as high as the usual glyph, and at most so many times
lower."""
REACH = 4.0
"""Neighbours are looked for so far to the left and right, in usual heights."""
LEVEL = 0.25
"""How far a neighbour's middle may be above or below that of the row, in heights of a row."""
SURE = 2
"""With so many neighbours beside each part it is surely no single digit, even if it cannot be cut.
With fewer, they may be pieces of a broken box."""
OFF = 0.25
"""How far a cut may be from the border of two rows, in heights of a row."""
MOST = 16
"""After so many glyphs that could not be cut no other is tried: scribbles have hundreds of them."""


@dataclass(frozen=True, slots=True)
class Stacked:
    glyphs: tuple[Glyph, ...]
    whole: tuple[Box, ...] = ()
    """Those that surely stand in several rows, and could not be cut."""


def apart(glyphs: Sequence[Glyph]) -> Stacked:
    """Replace the glyphs that stand in several rows by their pieces."""
    whole: list[Box] = []
    missed = 0
    again = True
    while again:  # what was cut is a neighbour, too
        again = False
        found: list[Glyph] = []
        for glyph, many, beside in _placed(glyphs):
            pieces = _cut(glyph, many) if beside and missed < MOST else []
            missed += beside > 0 and not pieces
            if pieces:
                found += pieces
                again = True
            elif beside >= SURE:
                whole.append(glyph.box)
            else:
                found.append(glyph)
        glyphs = found
    return Stacked(tuple(glyphs), tuple(whole))


def _placed(glyphs: Sequence[Glyph]) -> Iterator[tuple[Glyph, int, int]]:
    """Give each glyph, in how many rows it may stand, and how many others stand beside that of its
    parts which has the fewest."""
    boxes = np.array([glyph.box for glyph in glyphs], np.float64).reshape(-1, 4)
    height = boxes[:, 3]
    usual = float(median(height)) if len(height) else 0.0
    tall = (height >= TALL * usual) & (boxes[:, 2] >= NARROW * usual)
    others = boxes[(height <= ALIKE * usual) & (height * ALIKE >= usual)]
    lean = float(np.tan(np.radians(slope(others.tolist())))) if tall.any() else 0.0
    for glyph, is_tall in zip(glyphs, tall.tolist(), strict=True):
        many = round(glyph.box[3] / usual)
        yield glyph, many, _beside(glyph.box, many, others, usual, lean) if is_tall else 0


def _beside(box: Box, many: int, others: DoubleArray, usual: float, lean: float) -> int:
    """Count the others (N, 4) beside that of so `many` parts of a box which has the fewest, in rows
    that `lean`."""
    x, y = others[:, 0] + others[:, 2] / 2, others[:, 1] + others[:, 3] / 2
    across = x - box[0] - box[2] / 2
    y = (y - lean * across)[np.abs(across) <= REACH * usual + box[2] / 2]
    high = box[3] / many
    middles = box[1] + high * (np.arange(many) + 0.5)
    return int((np.abs(y - middles[:, None]) <= LEVEL * high).sum(axis=1).min())


def _cut(glyph: Glyph, many: int) -> list[Glyph]:
    """Cut a glyph into so many pieces from top to bottom; none where it cannot be."""
    ink = glyph.ink
    if not ink.size:
        return []
    rows, columns = ink.shape
    paths = seams(np.ascontiguousarray(ink.T))
    edges = [np.zeros(columns, np.intp)]
    for border in rows / many * np.arange(1, many):
        nearest = min(paths, key=lambda path: abs(float(path.mean()) - border), default=None)
        if nearest is None or abs(float(nearest.mean()) - border) > OFF * rows / many:
            return []
        edges.append(nearest)
    edges.append(np.full(columns, rows, np.intp))
    scale = glyph.box[3] / rows
    pieces = []
    for above, below in pairwise(edges):
        top, bottom = int(above.min()), int(below.max())
        down = np.arange(top, bottom)[:, None]
        found = part(ink[top:bottom] * ((down >= above) & (down < below)))
        if found is None:
            return []
        (x, y, width, height), own = found
        pieces.append(piece(glyph, (x, top + y, width, height), own, scale))
    return pieces
