"""PURE. Touching digits: a glyph that cannot be one digit -> the pieces that it may be cut into,
and which of them, if any, to believe.

The ink is cut too often rather than too seldom, and the classifier judges every piece between two
of the cuts: recognition-based segmentation (Casey and Lecolinet 1996, "A survey of methods and
strategies in character segmentation").
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from camd.geometry import median
from camd.hypotheses.seams import SHORTEST, seams
from camd.segment.crop import normalise
from camd.segment.deskew import turned
from camd.values import Box, Classified, FloatArray, Glyph, Plane

WIDE = 0.72
"""A glyph that the classifier takes for no digit is cut if it is at least so many heights wide."""
WIDER = 0.95
"""The same for one that it takes for a digit, without being CERTAIN."""
CERTAIN = 0.7
"""From this confidence in a single digit on, a glyph is cut only if it is TOO_WIDE."""
TOO_WIDE = 1.4
"""A glyph of this width, in heights, is cut whatever the classifier says."""
FEWEST, MOST = 4, 8
"""At most so many glyphs of a frame are cut: FEWEST where no digit is seen, MOST where many are.
Those as high as the digits come first. A page of joined-up writing has far more."""
WIDEST = 1.25
"""Greatest width of a piece, in heights of the whole."""
HIGHEST = 96
"""Height in which ink is cut, pixels: five times that of the crops that come of it. One mark as
high as a 1080p frame would take as long as a hundred digits."""
SCRAP = 0.1
"""A part of a piece with less than this share of its ink belongs to the neighbour."""
ODDS = 0.33
"""How likely a wide glyph is several digits, as odds against anything else: words are wide, too."""
BELIEVED = 0.7
"""Pieces are believed from this confidence in all of them together on. With 0.5 the 134 dev images
read the same, but 112 rendered ones have 0.16 false digits each instead of 0.10: signs and letters,
cut in two. With 0.87 they have 0.06, but two digits on a ruled line are no longer parted."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    glyph: Glyph
    start: int
    """The cut at which it begins, 0 for the left end of the ink."""
    end: int
    """The cut at which it ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    index: int
    """Of the glyph that was cut."""
    ends: int
    """Number of the last cut, the right end of the ink."""
    pieces: tuple[Piece, ...]


def apart(
    glyphs: Sequence[Glyph], classify: Callable[[Sequence[Glyph]], Classified]
) -> tuple[tuple[Glyph, ...], Classified]:
    """Classify glyphs, those that are believed to be several digits replaced by their pieces.

    A piece is right only where all of its glyph are: each has the product of their confidences."""
    whole = classify(glyphs)
    single = whole.sure
    proposals = propose(glyphs, single)
    if not proposals:
        return tuple(glyphs), whole
    pieces = [piece.glyph for proposal in proposals for piece in proposal.pieces]
    parts = classify(pieces)
    digits = parts.sure
    gone: list[int] = []
    chosen: list[int] = []
    sure: list[float] = []
    first = 0
    for proposal in proposals:
        own = slice(first, first + len(proposal.pieces))
        first = own.stop
        likeliest, together = best(proposal, digits[own])
        if together > max(BELIEVED, float(single[proposal.index])):
            gone.append(proposal.index)
            chosen += [own.start + i for i in likeliest]
            sure += [together] * len(likeliest)
    found = Classified(parts.labels[chosen], parts.margins[chosen], np.array(sure, np.float32))
    return replaced(glyphs, whole, gone, [pieces[i] for i in chosen], found)


def replaced(
    glyphs: Sequence[Glyph],
    judged: Classified,
    gone: Sequence[int],
    others: Sequence[Glyph],
    found: Classified,
) -> tuple[tuple[Glyph, ...], Classified]:
    """Put `others`, as they were `found` to be, in the stead of the glyphs that are `gone`."""
    kept = np.setdiff1d(np.arange(len(glyphs)), gone)
    return (
        (*(glyphs[i] for i in kept), *others),
        Classified(
            np.concatenate([judged.labels[kept], found.labels]),
            np.concatenate([judged.margins[kept], found.margins]),
            np.concatenate([judged.confidence[kept], found.confidence]),
        ),
    )


def propose(glyphs: Sequence[Glyph], sure: FloatArray) -> list[Proposal]:
    """Cut the glyphs that can be no single digit; `sure` (N,) is how sure each is to be one."""
    width, height = np.array([glyph.box[2:] for glyph in glyphs], np.float32).reshape(-1, 2).T
    least = np.where(sure > CERTAIN, TOO_WIDE, np.where(sure > 0, WIDER, WIDE))
    wide = np.flatnonzero(width > least * height)
    digits = height[sure > CERTAIN]
    usual = median(digits) if len(digits) else height.max(initial=1)
    unlike = np.abs(np.log(height[wide] / usual))
    alike = wide[np.argsort(unlike, kind="stable")][: FEWEST + 2 * len(digits)][:MOST]
    return [p for i in np.sort(alike).tolist() if (p := _cut(i, glyphs[i])).pieces]


def best(proposal: Proposal, sure: FloatArray) -> tuple[list[int], float]:
    """Give the indices of the pieces side by side from end to end that are the likeliest to be all
    digits, and how likely that is; `sure` is how sure it is that each piece is one."""
    ways: list[tuple[float, list[int]]] = [(0.0, []) for _ in range(proposal.ends + 1)]
    ways[0] = 1.0, []
    for i in sorted(range(len(sure)), key=lambda i: proposal.pieces[i].start):
        piece = proposal.pieces[i]
        together, before = ways[piece.start]
        together *= float(sure[i])
        if together > ways[piece.end][0]:
            ways[piece.end] = together, [*before, i]
    together, chosen = ways[proposal.ends]
    return chosen, ODDS * together / (ODDS * together + 1 - together)


def _cut(index: int, glyph: Glyph) -> Proposal:
    ink = _reduced(glyph.ink)
    cuts = seams(ink)
    rows, columns = ink.shape
    edges = [np.zeros(rows, np.intp), *cuts, np.full(rows, columns, np.intp)]
    last = len(edges) - 1
    scale = glyph.box[2] / columns
    parts: dict[tuple[int, int], tuple[Box, Plane]] = {}
    for start in range(last):
        for end in range(start + 1, last + 1 if start else last):
            left, right = int(edges[start].min()), int(edges[end].max())
            across = np.arange(left, right)
            inside = (across >= edges[start][:, None]) & (across < edges[end][:, None])
            found = part(ink[:, left:right] * inside)
            if found is not None:
                (x, y, width, height), patch = found
                parts[start, end] = (left + x, y, width, height), patch
    pieces = []
    for start, end in _joining(parts, last):
        pieces.append(Piece(piece(glyph, *parts[start, end], scale), start, end))
    return Proposal(index, last, tuple(pieces))


def piece(glyph: Glyph, box: Box, ink: Plane, scale: float) -> Glyph:
    """Make a glyph of a piece of another's ink, which lies in a `box` of that; `scale` is pixels of
    the source a pixel of ink."""
    x, y, width, height = (round(side * scale) for side in box)
    at = glyph.box[0] + x, glyph.box[1] + y, max(1, width), max(1, height)
    upright = turned(ink, glyph.turn) if glyph.turn else ink
    crop = normalise(upright, glyph.stroke / scale)
    return Glyph(at, crop, glyph.stroke, ink, glyph.turn, cut=True)


def _reduced(ink: Plane) -> Plane:
    rows, columns = ink.shape
    if rows <= HIGHEST:
        return ink
    size = max(1, round(columns * HIGHEST / rows)), HIGHEST
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


def part(ink: Plane) -> tuple[Box, Plane] | None:
    """Give what of the ink between two cuts may be a digit, cropped, and its box."""
    rows = ink.shape[0]
    solid = (ink > 0.4 * int(ink.max(initial=0))).astype(np.uint8)
    if not solid.any():  # of no pixels at all OpenCV would crash
        return None
    # Of so small a picture OpenCV tells this sooner than camd.components.
    _, labels, found, _ = cv2.connectedComponentsWithStats(solid)
    area = found[1:, cv2.CC_STAT_AREA]
    kept = area >= SCRAP * area.sum()
    if not kept.any():  # confetti
        return None
    stats = found[1:][kept]
    left, top = stats[:, 0].min(), stats[:, 1].min()
    right, bottom = (stats[:, :2] + stats[:, 2:4]).max(axis=0)
    if bottom - top < SHORTEST * rows or right - left > WIDEST * rows:
        return None
    if not kept.all():
        scraps = np.concatenate(([False], ~kept))[labels]
        around = cv2.dilate(scraps.view(np.uint8), np.ones((3, 3), np.uint8))
        others = np.concatenate(([True], ~kept))[labels]
        ink = np.where((around > 0) & others, np.uint8(0), ink)
    box = int(left), int(top), int(right - left), int(bottom - top)
    return box, ink[top:bottom, left:right]
