"""PURE. Broken digits: two glyphs whose ink nearly meets -> what they are together.

A fine pen, a fold or a rule that was taken out parts a 6 into what looks like a 1 and a 0, and the
bar of a 5 is often not joined to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from camd.geometry import apart
from camd.segment.crop import AMPLE, normalise
from camd.segment.deskew import turned
from camd.tuned import TUNED
from camd.values import Box, FloatArray, Glyph, Plane

MOST = 12
"""At most so many pairs of a frame are shown to the classifier, those with the nearest ink. Four
times as many are measured, those with the nearest boxes."""


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    members: tuple[int, int]
    """Indices of the glyphs."""
    glyph: Glyph
    """Both together."""


def propose(glyphs: Sequence[Glyph], whole: int) -> list[Union]:
    """Give the pairs of glyphs that are near enough, and fit together, to be one; without the first
    `whole` of them none is a digit. On 134 real images and 168 rendered ones three at a time made
    no difference."""
    found: list[tuple[float, Union]] = []
    for i, j in _fitting(glyphs, whole):
        pair = _joined(glyphs[i], glyphs[j])
        if pair is not None:
            found.append((pair[0], Union((i, j), pair[1])))
    found.sort(key=lambda one: one[0])
    return [pair for _, pair in found[:MOST]]


def _fitting(glyphs: Sequence[Glyph], whole: int) -> list[tuple[int, int]]:
    """Give, by their boxes, the pairs that may be one digit."""
    boxes = np.array([glyph.box for glyph in glyphs], np.float32).reshape(-1, 4)
    x, y, width, height = boxes.T
    kept = np.array([glyph.ink.size > 0 for glyph in glyphs], bool)
    right, bottom = x + width, y + height

    def both(of: FloatArray, how: np.ufunc) -> FloatArray:
        found: FloatArray = how.outer(of[:whole], of)
        return found

    higher = both(height, np.maximum)
    gap = apart(boxes[:whole], boxes)
    wide = both(right, np.maximum) - both(x, np.minimum)
    high = both(bottom, np.maximum) - both(y, np.minimum)
    fit = (
        (gap <= TUNED.near * higher)
        & (wide <= high)
        & (high <= TUNED.joined_tall * higher)
        & (both(np.maximum(width, height), np.minimum) >= TUNED.part * higher)
        & np.logical_and.outer(kept[:whole], kept)
    )
    first, second = np.nonzero(np.triu(fit, 1))
    nearest = np.argsort(gap[first, second], kind="stable")[: 4 * MOST]
    return list(zip(first[nearest].tolist(), second[nearest].tolist(), strict=True))


def _joined(one: Glyph, two: Glyph) -> tuple[float, Glyph] | None:
    """Give both glyphs as one and their distance, pixels; None where they do not fit together."""
    x, y = min(one.box[0], two.box[0]), min(one.box[1], two.box[1])
    right = max(one.box[0] + one.box[2], two.box[0] + two.box[2])
    bottom = max(one.box[1] + one.box[3], two.box[1] + two.box[3])
    box = x, y, right - x, bottom - y
    scale = min(one.ink.shape[0] / one.box[3], AMPLE / box[3])
    inks = [_placed(glyph, box, scale) for glyph in (one, two)]
    free = (inks[0] <= 0.4 * int(inks[0].max(initial=0))).astype(np.uint8)
    far = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_3)
    solid = inks[1] > 0.4 * int(inks[1].max(initial=0))
    distance = float(far[solid].min(initial=np.inf)) / scale
    if distance > TUNED.near * max(one.box[3], two.box[3]):
        return None
    stroke = (one.stroke + two.stroke) / 2
    ink = np.maximum(*inks)
    upright = turned(ink, one.turn) if one.turn else ink
    crop = normalise(upright, stroke * scale)
    return distance, replace(one, box=box, crop=crop, stroke=stroke, ink=ink, goes_on=0.0)


def _placed(glyph: Glyph, box: Box, scale: float) -> Plane:
    """Draw the ink of a glyph where it lies in a box; `scale` is pixels of ink a pixel."""
    plane = np.zeros((round(box[3] * scale), round(box[2] * scale)), np.uint8)
    top, left = round((glyph.box[1] - box[1]) * scale), round((glyph.box[0] - box[0]) * scale)
    ink, size = (
        glyph.ink,
        (max(1, round(glyph.box[2] * scale)), max(1, round(glyph.box[3] * scale))),
    )
    if size[1] < ink.shape[0]:
        ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)
    part = plane[top : top + ink.shape[0], left : left + ink.shape[1]]
    part[:] = ink[: part.shape[0], : part.shape[1]]
    return plane
