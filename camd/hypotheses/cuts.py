"""PURE. Touching digits: a glyph too wide or too high for one -> what it may be cut into.

The ink is cut too often rather than too seldom, and the classifier judges every piece between two
of the cuts: recognition-based segmentation (Casey and Lecolinet 1996, "A survey of methods and
strategies in character segmentation"). What stands in several rows is cut into rows first, and
these into digits.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from camd.geometry import median
from camd.hypotheses.seams import seams
from camd.hypotheses.select import logit
from camd.segment.crop import AMPLE, normalise
from camd.segment.deskew import turned
from camd.tuned import TUNED
from camd.values import Box, FloatArray, Glyph, Plane

LARGEST = 6.0
"""Greatest side of what may stand in several rows, in heights of the digits beside it. Without it
one large letter among specks took 26 seconds."""
FEWEST, MOST = 4, 16
"""At most so many glyphs of a frame are cut: FEWEST where no digit is seen, MOST where many are.
Those as high as the digits come first. A page of joined-up writing has far more. With 8 of the
digits of touching rows 88 % are found, with 16 and 24 90 %; else nothing changes."""
CUTS = 6
"""So many cuts a height of a row are kept at most. With four 93 % of the digits of touching rows
are read in order, and not 95."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Ink between two cuts, and what it may be cut into itself."""

    glyph: Glyph
    start: int = 0
    """The cut at which it begins, 0 for the end of the ink at the left or on top."""
    end: int = 0
    """The cut at which it ends."""
    ends: int = 0
    """Number of the last cut through itself, the other end of its ink."""
    parts: tuple["Piece", ...] = ()
    """Those that lie on some way from end to end, in the order of their starts."""
    rows: bool = False
    """Whether they are rows."""

    def all(self) -> Iterator["Piece"]:
        """Give its parts, each before its own."""
        for part in self.parts:
            yield part
            yield from part.all()


def propose(
    glyphs: Sequence[Glyph], sure: FloatArray, usual: FloatArray, spared: NDArray[np.bool_]
) -> list[tuple[int, Piece]]:
    """Cut the glyphs that can be no single digit, without the `spared` (N,), and give the index of
    each. `sure` (N,) is how sure each is to be one, `usual` (N,) the height of those beside it, NaN
    where there are none."""
    width, height = np.array([glyph.box[2:] for glyph in glyphs], np.float32).reshape(-1, 2).T
    tall = (height >= TUNED.tall * usual) & (width >= TUNED.rows_narrowest * usual)
    tall &= np.maximum(width, height) <= LARGEST * usual
    row = np.where(tall, usual, height)
    wide = (width > TUNED.wide * row) & (sure <= TUNED.certain)
    large = np.flatnonzero((tall | wide) & ~spared)
    digits = height[sure > TUNED.certain]
    common = median(digits) if len(digits) else height.max(initial=1)
    unlike = np.abs(np.log(row[large] / common))
    alike = large[np.argsort(unlike, kind="stable")][: FEWEST + 2 * len(digits)][:MOST]
    cut = [(i, _cut(glyphs[i], float(row[i]), rows=bool(tall[i]))) for i in np.sort(alike).tolist()]
    return [(i, piece) for i, piece in cut if piece.parts]


def best(whole: Piece, sure: ArrayLike, prior: float) -> list[int]:
    """Give the pieces from end to end that are likeliest all digits, as indices of `whole.all()`;
    `sure` is how likely each of those is one. `prior`: what speaks for several digits in a piece,
    beside their confidence, in logits."""
    every = enumerate(np.asarray(sure).tolist())

    def solved(piece: Piece) -> tuple[float, list[int]]:
        ways: list[tuple[float, list[int]]] = [(0.0, []) for _ in range(piece.ends + 1)]
        ways[0] = 1.0, []
        for part in piece.parts:
            i, found = next(every)
            chosen = [i]
            if part.parts:
                several, inner = solved(part)
                if logit(several) + prior > logit(found):
                    found, chosen = several, inner
            together, before = ways[part.start]
            if together * found > ways[part.end][0]:
                ways[part.end] = together * found, [*before, *chosen]
        return ways[-1]

    return solved(whole)[1]


def _cut(glyph: Glyph, row: float, *, rows: bool) -> Piece:
    """Cut a glyph whose digits are about as high as a `row`, pixels of the source: from top to
    bottom, or into `rows` and these from top to bottom."""
    if not glyph.ink.size:
        return Piece(glyph)
    ink = _reduced(glyph.ink, AMPLE * glyph.box[3] / row)
    scale = glyph.box[3] / ink.shape[0]
    unit = row / scale
    parts: dict[tuple[int, int], tuple[Box, Plane]] = {}
    last, between = (
        _between(ink.T, unit, TUNED.row_shortest) if rows else _between(ink, unit, TUNED.shortest)
    )
    for start, end, offset, some in between:
        found = _cropped(some.T if rows else some)
        if found is None:
            continue
        (x, y, width, height), own = found
        if height >= TUNED.shortest * unit:
            box = (x, offset + y, width, height) if rows else (offset + x, y, width, height)
            parts[start, end] = box, own
    pieces = []
    for start, end in _joining(parts, last):
        own_glyph = _glyph(glyph, *parts[start, end], scale)
        width, height = own_glyph.box[2:]
        cut = Piece(own_glyph)
        if rows and width > TUNED.wide * height:
            cut = _cut(own_glyph, height, rows=False)
        pieces.append(replace(cut, start=start, end=end))
    return Piece(glyph, ends=last, parts=tuple(pieces), rows=rows)


def _between(
    ink: Plane, unit: float, least: float
) -> tuple[int, Iterator[tuple[int, int, int, Plane]]]:
    """Cut ink from top to bottom. Give the number of its right end, and what lies between each two
    cuts: their numbers, its first column, and the ink."""
    rows, columns = ink.shape
    cuts = seams(np.ascontiguousarray(ink), unit, CUTS, least)
    edges = [np.zeros(rows, np.intp), *cuts, np.full(rows, columns, np.intp)]
    middle = [float(edge.mean()) for edge in edges]
    last = len(edges) - 1

    def each() -> Iterator[tuple[int, int, int, Plane]]:
        for start, end in combinations(range(last + 1), 2):
            left, right = int(edges[start].min()), int(edges[end].max())
            far = middle[end] - middle[start] > TUNED.tall * unit
            if far or (start, end) == (0, last) or right <= left:
                continue
            across = np.arange(left, right)
            inside = (across >= edges[start][:, None]) & (across < edges[end][:, None])
            yield start, end, left, np.asarray(ink[:, left:right] * inside, np.uint8)

    return last, each()


def _glyph(glyph: Glyph, box: Box, ink: Plane, scale: float) -> Glyph:
    """Make a glyph of a piece of another's ink, which lies in a `box` of that; `scale` is pixels of
    the source a pixel of ink."""
    x, y, width, height = (round(side * scale) for side in box)
    at = glyph.box[0] + x, glyph.box[1] + y, max(1, width), max(1, height)
    upright = turned(ink, glyph.turn) if glyph.turn else ink
    crop = normalise(upright, glyph.stroke / scale)
    return Glyph(at, crop, glyph.stroke, ink, glyph.turn, cut=True)


def _reduced(ink: Plane, highest: float) -> Plane:
    rows, columns = ink.shape
    if rows <= highest:
        return ink
    size = max(1, round(columns * highest / rows)), round(highest)
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)


def _joining(parts: Iterable[tuple[int, int]], last: int) -> list[tuple[int, int]]:
    """Keep those that lie on some way from end to end; they come in the order of their starts."""
    reached, left = {0}, {last}
    parts = list(parts)
    for start, end in parts:
        if start in reached:
            reached.add(end)
    for start, end in reversed(parts):
        if end in left:
            left.add(start)
    return [(start, end) for start, end in parts if start in reached and end in left]


def _cropped(ink: Plane) -> tuple[Box, Plane] | None:
    """Give the ink between two cuts, and its box; None where nothing is left."""
    solid = (ink > 0.4 * int(ink.max(initial=0))).astype(np.uint8)
    if not solid.any():  # of no pixels at all OpenCV would crash
        return None
    left, top, width, height = cv2.boundingRect(solid)
    return (left, top, width, height), ink[top : top + height, left : left + width]
