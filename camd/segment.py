"""PURE. Image -> glyphs: the pieces of ink that may be digits, and why the others are not."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from camd import light
from camd.components import Components, components
from camd.cuts import Cuts, coarseness
from camd.frame import is_box
from camd.glyphs import (
    NO_EDGE,
    NOT_A_STROKE,
    ONE_SIDED,
    RULED,
    TOO_FAINT,
    glyphs,
)
from camd.join import join
from camd.light import Plane
from camd.page import Page
from camd.plates import plates
from camd.rules import erase
from camd.settings import SegmentSettings
from camd.values import Box, Glyph, Image, Rejected

TOO_SMALL = "too small"
TOO_LARGE = "too large"
AT_BORDER = "touches the border"
WRONG_SHAPE = "wrong shape"
TOO_MANY = "too many"
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
_CODE = {reason: code for code, reason in enumerate(REASONS)}
_GOOD = -1

LARGEST = 1920
"""Long side in which glyphs are looked for, pixels; larger frames are reduced to it."""
SMALLEST = 640
"""A frame with a shorter long side is enlarged to twice its size: strokes of one or two pixels
break, and cannot be told from the rules that they touch."""
WIDEST = 2.5
"""Greatest width of a digit, in its heights."""
FLATTEST_ONE = 25.0
"""Greatest height of a digit, in its widths (a 1 drawn with a fine pen)."""
NARROWEST = 3
"""Least width of a digit, pixels: finer lines come from the camera's own compression."""
MOST_ODD = 50
"""Marks of a wrong shape, the largest first, that may turn out to be the edge of a sheet."""
SPECK = 0.34
"""A piece lower and narrower than this share of the least height is dust and not even counted."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    glyphs: tuple[Glyph, ...] = ()
    rejected: tuple[Rejected, ...] = ()


def segment(image: Image, settings: SegmentSettings) -> Segmentation:
    """Find the glyphs of a frame, (H, W, 3) uint8 BGR or (H, W) uint8 grey, of any size.

    Boxes are in pixels of `image`. An empty frame gives nothing. Same frame, same answer."""
    if image.size == 0 or min(image.shape[:2]) < 4:
        return Segmentation()
    grey, scale = _scaled(np.ascontiguousarray(light.to_grey(image)))
    small = light.fine(grey)
    light_ink = settings.polarity == "light" or (
        settings.polarity == "auto" and light.is_light_on_dark(small)
    )
    page = _page(grey, small, scale, settings, light_ink=light_ink)
    found = _written(page, settings)
    if settings.polarity == "auto":
        for plate in plates(grey, page.pieces, page.least):
            small = light.fine(plate.grey)
            inside = _page(plate.grey, small, scale, settings, light_ink=not light_ink)
            found = _replaced(found, _written(inside, settings), page.source(plate.box))
    return found


def _written(page: Page, settings: SegmentSettings) -> Segmentation:
    reason, groups = _sift(page, settings)
    odd = np.flatnonzero(reason == _CODE[WRONG_SHAPE])
    odd = odd[np.argsort(-page.pieces.stats[odd, 4], kind="stable")][:MOST_ODD]
    cuts = Cuts(page, [*groups, *([i] for i in odd.tolist())])
    found, others = glyphs(page, groups, cuts)
    reason[odd[cuts.one_sided[len(groups) :]]] = _CODE[ONE_SIDED]
    bad = np.flatnonzero(reason != _GOOD)[: 4 * settings.max_glyphs]
    rejected = [
        Rejected(page.source((x, y, width, height)), REASONS[why])
        for x, y, width, height, why in zip(
            *page.pieces.stats[bad, :4].T.tolist(), reason[bad].tolist(), strict=True
        )
    ]
    rejected += [Rejected(page.source(box), RULED) for box in page.ruled]
    return Segmentation(found, (*rejected, *others))


def _replaced(found: Segmentation, inner: Segmentation, place: Box) -> Segmentation:
    """Put what was found on a plate in the stead of what had been at its `place` before, such as
    the inside of a 0."""
    left, top, width, height = place

    def outside(box: Box) -> bool:
        x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
        return not (left <= x < left + width and top <= y < top + height)

    def moved(box: Box) -> Box:
        return box[0] + left, box[1] + top, box[2], box[3]

    return Segmentation(
        tuple(glyph for glyph in found.glyphs if outside(glyph.box))
        + tuple(replace(glyph, box=moved(glyph.box)) for glyph in inner.glyphs),
        tuple(mark for mark in found.rejected if outside(mark.box))
        + tuple(replace(mark, box=moved(mark.box)) for mark in inner.rejected),
    )


def _scaled(grey: Plane) -> tuple[Plane, float]:
    """Bring a frame to the size in which it is searched; give it and the scale."""
    side = max(grey.shape)
    scale = 2.0 if side < SMALLEST else min(1.0, LARGEST / side)
    if scale != 1:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    return grey, scale


def _page(
    grey: Plane, small: Plane, scale: float, settings: SegmentSettings, *, light_ink: bool
) -> Page:
    """`small` is the same, `fine`."""
    ink = light.flatten(grey, small, light_ink=light_ink)
    if light_ink:
        grey = np.asarray(cv2.bitwise_not(grey), np.uint8)
    mask = light.threshold(ink)
    least = max(4.0, settings.min_height * scale)
    pieces = _without_dust(components(_without_dots(mask)), least)
    height = _writing(pieces.stats, least, max(grey.shape))
    pieces, ruled = erase(mask, pieces, height)
    if ruled:
        pieces = _without_dust(pieces, least)
    bare = np.asarray(cv2.bitwise_not(mask, dst=mask), np.uint8)
    return Page(grey, ink, bare, pieces, scale, least, tuple(ruled))


def _without_dots(mask: Plane) -> Plane:
    """Drop the pixels that have no neighbour: of noise most, and nothing that is looked for."""
    around = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
    return np.asarray(cv2.bitwise_and(mask, cv2.dilate(mask, around)), np.uint8)


def _without_dust(pieces: Components, least: float) -> Components:
    width, height = pieces.stats[:, 2:4].T
    return pieces.chosen(np.maximum(width, height) >= SPECK * least)


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


def _sift(page: Page, settings: SegmentSettings) -> tuple[NDArray[np.int8], list[list[int]]]:
    """Sort components by box alone: give the number of the reason against each one, (N,), and
    groups of the _GOOD ones that belong together."""
    x, y, width, height, area = page.pieces.stats.T
    rows, columns = page.ink.shape
    reason = np.full(len(x), _GOOD, np.int8)
    reason[height < page.least] = _CODE[TOO_SMALL]
    large = (height > settings.max_height * rows) | (width > settings.max_height * columns)
    reason[large] = _CODE[TOO_LARGE]
    shape = (width > WIDEST * height) | (height > FLATTEST_ONE * width) | (width < NARROWEST)
    reason[(reason == _GOOD) & shape] = _CODE[WRONG_SHAPE]
    border = (x == 0) | (y == 0) | (x + width == columns) | (y + height == rows)
    reason[(reason == _GOOD) & border] = _CODE[AT_BORDER]
    good = np.flatnonzero(reason == _GOOD)
    if len(good) > settings.max_glyphs:
        order = good[np.argsort(-area[good], kind="stable")]
        reason[order[settings.max_glyphs :]] = _CODE[TOO_MANY]
        good = np.sort(order[: settings.max_glyphs])
    reason[_frames(page.pieces, good)] = _CODE[RULED]
    good = good[reason[good] == _GOOD]
    part = (reason == _CODE[TOO_SMALL]) | (reason == _CODE[WRONG_SHAPE])
    groups = join(page.pieces, good, np.flatnonzero(part & ~border)[: 4 * settings.max_glyphs])
    reason[[member for group in groups for member in group]] = _GOOD
    return reason, groups


def _frames(pieces: Components, good: NDArray[np.intp]) -> list[int]:
    """Find the boxes that other pieces are written into: part of a form, and no part of a digit."""
    x, y, width, height = pieces.stats[good, :4].T
    within = (
        (x > x[:, None])
        & (y > y[:, None])
        & (x + width < (x + width)[:, None])
        & (y + height < (y + height)[:, None])
    )
    return [i for i in good[within.any(axis=1)].tolist() if _boxed(pieces, i)]


def _boxed(pieces: Components, member: int) -> bool:
    x, y, width, height = pieces.bounds(member)
    step = coarseness(height)
    ink = pieces.of(member).moved(-y, -x).reduced(step)
    return is_box(ink.drawn(-(-height // step), -(-width // step)))
