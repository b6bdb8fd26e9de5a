"""PURE. Image -> glyphs: the pieces of ink that may be digits, and why the others are none."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.config.settings import SegmentSettings
from camd.geometry import apart
from camd.segment import binarize
from camd.segment.components import Components
from camd.segment.form_boxes import is_box
from camd.segment.glyphs import glyphs, scraps
from camd.segment.halo import Cuts, coarseness
from camd.segment.page import Draft, Drawn, Page
from camd.tuned import TUNED
from camd.values import Glyph, Image, IntArray, Plane, Reason, Rejected

_REASONS = tuple(Reason)
_CODE = {reason: code for code, reason in enumerate(_REASONS)}
_GOOD = -1

LARGEST = 1920
"""Pixels of the longer side. A larger frame is reduced to it."""
SMALLEST = binarize.FINE
"""Pixels of the longer side. A smaller frame is enlarged to twice its size, for strokes one or two
pixels wide break and look like the printed rules they touch. No frame is reduced below it."""
MOST = 500
"""So many parts, and so many marks of a wrong shape, the largest ones, are looked at."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    glyphs: tuple[Glyph, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    scraps: tuple[Glyph, ...] = ()
    """Those of the rejected that lie so near a glyph that they may be a part of it, as the bar of a
    5 is that the pen did not join."""
    light_ink: bool = False
    """Whether the ink that was looked for is brighter than what it is written on."""


def segment(
    image: Image,
    settings: SegmentSettings,
    share: float = TUNED.ink,
    *,
    light_ink: bool | None = None,
    coarse: bool = False,
) -> Segmentation:
    """Find the glyphs of a frame, (H, W, 3) uint8 BGR or (H, W) uint8 grey, of any size; `share` as
    for `binarize.threshold`. `light_ink`: whether ink is looked for that is brighter than what it
    is written on; None: what `settings` say, or most of the frame. `coarse`: a large frame is only
    looked at in half its size.

    Boxes are in pixels of `image`. An empty frame gives nothing. Same frame, same answer."""
    if image.size == 0 or min(image.shape[:2]) < 4:
        return Segmentation()
    grey, scale = _scaled(np.ascontiguousarray(binarize.to_grey(image)))
    half = _resized(grey, 0.5) if max(grey.shape) >= 2 * SMALLEST else None
    small = binarize.fine(grey) if half is None else binarize.fine_of_half(half)
    if light_ink is None:
        dark = settings.polarity == "auto" and not binarize.is_light_on_dark(small)
        light_ink = settings.polarity != "dark" and not dark
    drawn = Drawn(small, settings.min_height, light_ink=light_ink, share=share)
    draft = _drafted(grey, half, scale, drawn, coarse=coarse)
    return _written(draft.page(), settings, light_ink=light_ink)


def _drafted(
    grey: Plane, half: Plane | None, scale: float, drawn: Drawn, *, coarse: bool = False
) -> Draft:
    """Look for the ink of a frame: in half its size, where that is given and shows nearly all tall
    enough, or a `coarse` look is."""
    if half is not None:
        draft = Draft.of(half, scale / 2, drawn)
        if coarse or draft.tall():
            return draft
    return Draft.of(grey, scale, drawn)


def _written(page: Page, settings: SegmentSettings, *, light_ink: bool) -> Segmentation:
    reason = _sift(page, settings)
    good = np.flatnonzero(reason == _GOOD)
    near = _beside(page.pieces, reason, good)
    odd = np.setdiff1d(np.flatnonzero(reason == _CODE[Reason.WRONG_SHAPE]), near)
    odd = odd[np.argsort(-page.pieces.stats[odd, 4], kind="stable")][:MOST]
    groups = [[i] for i in np.concatenate([good, near, odd]).tolist()]
    cuts = Cuts(page, groups)
    found, others = glyphs(page, groups[: len(good)], cuts)
    angle = found[0].turn if found else 0.0
    parts = scraps(page, groups[len(good) : len(good) + len(near)], cuts, len(good), angle)
    one_sided = np.concatenate([near, odd])[cuts.one_sided[len(good) :]]
    reason[one_sided[reason[one_sided] == _CODE[Reason.WRONG_SHAPE]]] = _CODE[Reason.ONE_SIDED]
    bad = np.flatnonzero(reason != _GOOD)[: 4 * settings.max_glyphs]
    rejected = [
        Rejected(box, _REASONS[why])
        for box, why in zip(
            page.source(page.pieces.stats[bad, :4]), reason[bad].tolist(), strict=True
        )
    ]
    rejected += [Rejected(box, Reason.RULED) for box in page.source(page.ruled)]
    return Segmentation(found, (*rejected, *others), parts, light_ink)


def _scaled(grey: Plane) -> tuple[Plane, float]:
    """Resize a frame to the size in which it is searched; return it and the scale."""
    side = max(grey.shape)
    scale = 2.0 if side < SMALLEST else min(1.0, LARGEST / side)
    return grey if scale == 1 else _resized(grey, scale), scale


def _resized(grey: Plane, scale: float) -> Plane:
    if scale > 1:
        return _by(grey, scale, cv2.INTER_CUBIC)
    # First by a whole factor, which averages blocks of pixels; what is left is less than a factor
    # of two, and interpolated. Averaging parts of pixels takes OpenCV six times as long, and below
    # a factor of two interpolation uses every pixel, too.
    whole = int(1 / scale + 1e-9)
    grey = _by(grey, 1 / whole, cv2.INTER_AREA) if whole > 1 else grey
    return _by(grey, whole * scale, cv2.INTER_LINEAR) if whole * scale < 1 else grey


def _by(grey: Plane, scale: float, how: int) -> Plane:
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def _sift(page: Page, settings: SegmentSettings) -> NDArray[np.int8]:
    """Sort the components by their boxes alone. Return a code for each, (N,), _GOOD or the reason
    against it."""
    x, y, width, height = page.pieces.stats[:, :4].T
    rows, columns = page.ink.shape
    reason = np.full(len(x), _GOOD, np.int8)
    reason[height < page.least] = _CODE[Reason.TOO_SMALL]
    large = (height > settings.max_height * rows) | (width > settings.max_height * columns)
    reason[large] = _CODE[Reason.TOO_LARGE]
    shape = (width > TUNED.long * height) | (width < TUNED.narrowest)
    reason[(reason == _GOOD) & shape] = _CODE[Reason.WRONG_SHAPE]
    border = (x == 0) | (y == 0) | (x + width == columns) | (y + height == rows)
    reason[(reason == _GOOD) & border] = _CODE[Reason.AT_BORDER]
    good = np.flatnonzero(reason == _GOOD)
    if len(good) > settings.max_glyphs:
        order = good[np.argsort(-height[good], kind="stable")]
        reason[order[settings.max_glyphs :]] = _CODE[Reason.TOO_MANY]
        good = np.sort(order[: settings.max_glyphs])
    reason[_frames(page.pieces, good)] = _CODE[Reason.RULED]
    return reason


def _beside(pieces: Components, reason: NDArray[np.int8], good: IntArray) -> IntArray:
    """Choose the pieces, too small or of a wrong shape, that may be a part of a `good` one."""
    part = (reason == _CODE[Reason.TOO_SMALL]) | (reason == _CODE[Reason.WRONG_SHAPE])
    parts = np.flatnonzero(part)
    small, large = (pieces.stats[some].astype(np.float32) for some in (parts, good))
    height = large[:, 3:4]
    near = apart(large[:, :4], small[:, :4]) <= TUNED.near * height
    longest = small[:, 2:4].max(axis=1)
    near &= (longest >= TUNED.part * height) & (longest <= TUNED.long * height)
    near &= small[:, 4] <= large[:, 4:]
    found = parts[near.any(axis=0)]
    return np.sort(found[np.argsort(-pieces.stats[found, 4], kind="stable")][:MOST])


def _frames(pieces: Components, good: IntArray) -> list[int]:
    """Find printed boxes with writing in them: they belong to a form, and to no digit."""
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
