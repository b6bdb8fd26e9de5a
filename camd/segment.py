"""PURE. Image -> glyphs: the pieces of ink that may be digits, and why the others are not."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from camd import light
from camd.components import Components, components
from camd.join import join
from camd.light import Plane
from camd.normalise import normalise, stroke_width
from camd.rules import erase
from camd.settings import SegmentSettings
from camd.values import Box, Glyph, Image, Rejected

TOO_SMALL = "too small"
TOO_LARGE = "too large"
AT_BORDER = "touches the border"
WRONG_SHAPE = "wrong shape"
TOO_FAINT = "too faint"
NOT_A_STROKE = "not a stroke"
NO_EDGE = "no clear edge"
ONE_SIDED = "edge of something"
TOO_MANY = "too many"
RULED = "ruled line"
REASONS = (
    TOO_SMALL,
    TOO_LARGE,
    AT_BORDER,
    WRONG_SHAPE,
    TOO_FAINT,
    NOT_A_STROKE,
    NO_EDGE,
    ONE_SIDED,
    TOO_MANY,
    RULED,
)

LARGEST = 1920
"""Long side in which glyphs are looked for, pixels; larger frames are reduced to it."""
SMALLEST = 640
"""A frame with a shorter long side is enlarged to twice its size: strokes of one or two pixels
break, and cannot be told from the rules that they touch."""
WIDEST = 2.5
"""Greatest width of a digit, in its heights."""
FLATTEST_ONE = 25.0
"""Greatest height of a digit, in its widths (a 1 drawn with a fine pen)."""
THICKEST = 0.45
"""Greatest stroke width, in heights of the glyph."""
SQUAREST = 0.92
"""Greatest share of the tightest turned rectangle that the outline of a glyph may enclose: more is
a box, empty or filled."""
SLIM = 0.5
"""But not where the rectangle is slimmer than this, width by length: a 1 is one stroke."""
FAINTEST = 0.25
"""Least ink of a glyph, in strengths of the strong ink of its frame: less is a smudge, or the
other side of the sheet shining through."""
SOFTEST = 0.42
"""Most ink just outside a glyph, in its own ink: smudges, shadows and wood fade out, a stroke ends.
A hundredth of real digits lie above 0.4."""
CLEARED = 0.35
"""How much lighter than a stroke the paper beside it is at least, in steps from the stroke to the
brightest quarter of what surrounds it."""
SURROUNDED = 0.65
"""Least share of its surroundings that is so: a stroke has paper on all sides, the edge of a sheet,
a hand or a shadow on one. Hardly a real digit has less than 0.8, hardly an edge more than 0.6."""
SPECK = 0.25
"""A piece lower than this share of the least height is dust and not even counted."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    glyphs: tuple[Glyph, ...] = ()
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    grey: Plane
    """Inverted where the ink is light."""
    ink: Plane
    pieces: Components
    scale: float
    """Pixels of `ink` a pixel of the source."""
    least: float
    """Least height of a digit, pixels of `ink`."""
    ruled: tuple[Box, ...]


def segment(image: Image, settings: SegmentSettings) -> Segmentation:
    """Find the glyphs of a frame, (H, W, 3) uint8 BGR or (H, W) uint8 grey, of any size.

    Boxes are in pixels of `image`. An empty frame gives nothing. Same frame, same answer."""
    if image.size == 0 or min(image.shape[:2]) < 4:
        return Segmentation()
    page = _page(image, settings)
    groups, rejected = _sift(page, settings)
    strong = _strong(page, groups)
    glyphs: list[Glyph] = []
    for group in groups:
        found = _glyph(page, group, FAINTEST * strong)
        if isinstance(found, Glyph):
            glyphs.append(found)
        else:
            rejected.append(found)
    return Segmentation(tuple(glyphs), tuple(rejected))


def _page(image: Image, settings: SegmentSettings) -> _Page:
    grey = light.to_grey(image)
    side = max(grey.shape)
    scale = 2.0 if side < SMALLEST else min(1.0, LARGEST / side)
    if scale != 1:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    light_ink = settings.polarity == "light" or (
        settings.polarity == "auto" and light.is_light_on_dark(grey)
    )
    ink = light.flatten(grey, light_ink=light_ink)
    if light_ink:
        grey = np.asarray(cv2.bitwise_not(grey), np.uint8)
    mask = light.threshold(ink)
    pieces = components(mask)
    least = max(4.0, settings.min_height * scale)
    clean, ruled = erase(mask, pieces, _writing(pieces.stats, least, side * scale))
    if ruled:
        pieces = components(clean)
    return _Page(grey, ink, pieces, scale, least, tuple(ruled))


def _writing(stats: NDArray[np.int32], least: float, side: float) -> float:
    """Height of the writing: that of the characters that hold half of the ink of all pieces which
    could be one; 0 where few could."""
    width, height = stats[:, 2], stats[:, 3]
    like = (height >= least) & (height < side / 4) & (width < 2 * height) & (height < 8 * width)
    if np.count_nonzero(like) < 3:
        return 0.0
    order = np.argsort(height[like], kind="stable")
    ink = np.cumsum(stats[:, 4][like][order])
    return float(height[like][order][np.searchsorted(ink, ink[-1] / 2)])


def _sift(page: _Page, settings: SegmentSettings) -> tuple[list[list[int]], list[Rejected]]:
    """Sort components by box alone; groups of the ones that belong together remain."""
    x, y, width, height, area = page.pieces.stats.T
    rows, columns = page.ink.shape
    least = page.least
    reason = np.full(len(x), "", dtype=object)
    reason[height < least] = TOO_SMALL
    reason[(height > settings.max_height * rows) | (width > settings.max_height * columns)] = (
        TOO_LARGE
    )
    shape = (width > WIDEST * height) | (height > FLATTEST_ONE * width)
    reason[(reason == "") & shape] = WRONG_SHAPE
    border = (x == 0) | (y == 0) | (x + width == columns) | (y + height == rows)
    reason[(reason == "") & border] = AT_BORDER
    good = np.flatnonzero(reason == "")
    if len(good) > settings.max_glyphs:
        order = good[np.argsort(-area[good], kind="stable")]
        reason[order[settings.max_glyphs :]] = TOO_MANY
        good = np.sort(order[: settings.max_glyphs])
    seen = np.maximum(width, height) >= SPECK * least
    parts = np.flatnonzero(seen & ~border & ((reason == TOO_SMALL) | (reason == WRONG_SHAPE)))
    groups = join(page.pieces, good, parts[: 4 * settings.max_glyphs])
    reason[[member for group in groups for member in group]] = ""
    bad = np.flatnonzero((reason != "") & seen)[: 4 * settings.max_glyphs]
    rejected = [
        Rejected(_scaled(page.pieces.bounds([int(i)]), page.scale), str(reason[i])) for i in bad
    ]
    rejected += [Rejected(_scaled(box, page.scale), RULED) for box in page.ruled]
    return groups, rejected


def _strong(page: _Page, groups: list[list[int]]) -> float:
    """Strength of the strong ink: that of the upper quarter of the pixels of all glyphs."""
    good = np.zeros(len(page.pieces.stats) + 1, bool)
    for group in groups:
        good[np.array(group) + 1] = True
    thinned = (slice(None, None, 2), slice(None, None, 2))
    levels = page.ink[thinned][good[page.pieces.labels[thinned]]]
    return float(np.percentile(levels, 75)) if levels.size else 0.0


def _glyph(page: _Page, group: list[int], faintest: float) -> Glyph | Rejected:
    x, y, width, height = box = page.pieces.bounds(group)
    rim = 3 + height // 50
    left, top = max(0, x - rim), max(0, y - rim)
    own = page.pieces.mask(group, (left, top, x - left + width + rim, y - top + height + rim))
    around = (slice(top, top + own.shape[0]), slice(left, left + own.shape[1]))
    labels, ink = page.pieces.labels[around], page.ink[around]
    source = _scaled(box, page.scale)
    stroke = stroke_width(own)
    if stroke > THICKEST * height or _square(own):
        return Rejected(source, NOT_A_STROKE)
    strength = cv2.mean(ink, own)[0]
    if strength < faintest:
        return Rejected(source, TOO_FAINT)
    edge = cv2.dilate(own, np.ones((3, 3), np.uint8))
    bare = (labels == 0).astype(np.uint8)
    ring = cv2.bitwise_and(_ring(edge, rim), bare)
    if cv2.mean(ink, ring)[0] > SOFTEST * strength:
        return Rejected(source, NO_EDGE)
    grey = page.grey[around]
    if _lighter(grey[ring > 0], cv2.mean(grey, own)[0]) < SURROUNDED:
        return Rejected(source, ONE_SIDED)
    # The grey rim belongs to the stroke, a neighbour that reaches into the box does not.
    mine = (own > 0) | ((edge > 0) & (bare > 0))
    patch = np.where(mine, ink, np.uint8(0))
    return Glyph(source, normalise(patch, stroke), stroke / page.scale)


def _ring(edge: NDArray[Any], rim: int) -> Plane:
    """The pixels at distance `rim` from a stroke whose mask is `edge`, grown by one pixel."""
    within = cv2.dilate(edge, np.ones((2 * rim - 3, 2 * rim - 3), np.uint8))
    return np.asarray(cv2.subtract(cv2.dilate(within, np.ones((3, 3), np.uint8)), within), np.uint8)


def _lighter(around: Plane, stroke: float) -> float:
    """Share of the greys around a stroke that are clearly lighter than it."""
    if not around.size:
        return 1.0
    levels = np.sort(around)
    clear = stroke + CLEARED * (float(levels[3 * len(levels) // 4]) - stroke)
    return 1.0 - float(np.searchsorted(levels, clear, side="right")) / len(levels)


def _square(own: Plane) -> bool:
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) != 1:
        return False
    _, sides, _ = cv2.minAreaRect(outlines[0])
    full = cv2.contourArea(outlines[0]) > SQUAREST * sides[0] * sides[1]
    return bool(full and min(sides) > SLIM * max(sides))


def _scaled(box: Box, scale: float) -> Box:
    if scale == 1:
        return box
    x, y, width, height = (round(side / scale) for side in box)
    return x, y, max(1, width), max(1, height)
