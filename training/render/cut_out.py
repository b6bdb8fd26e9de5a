"""Crops of a rendered picture: what camd.segment finds in it, and what each of them is."""

import numpy as np
from numpy.typing import NDArray

from camd.config.settings import SegmentSettings
from camd.segment.segmentation import segment
from camd.values import Box
from training.render.shapes import NO_DIGIT, UNCLEAR, Mark

Crops = NDArray[np.uint8]

MATCH, FRAGMENT = 0.6, 0.3
"""A glyph whose box overlaps that of a digit by so much (intersection over union) is the digit; by
less than the second, it is a piece of it. Between the two nobody can say."""
SLIM = 4.0
"""A stroke so many times as long as wide, more or less upright, may always be a 1."""


def cut_out(
    image: NDArray[np.uint8], marks: list[tuple[Box, Mark]], settings: SegmentSettings
) -> list[tuple[Crops, int]]:
    """Cut out the glyphs and say what each is; those that nobody could name are left out."""
    found: list[tuple[Crops, int]] = []
    boxes = np.array([box for box, _ in marks], np.float64).reshape(-1, 4)
    for glyph in segment(image, settings).glyphs:
        label = _label(np.array(glyph.box, np.float64), boxes, [mark for _, mark in marks])
        if label >= 0 or (label == NO_DIGIT and not like_one(glyph.crop)):
            found.append((glyph.crop, label))
    return found


def _label(box: NDArray[np.float64], boxes: NDArray[np.float64], marks: list[Mark]) -> int:
    if not marks:
        return NO_DIGIT
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    union = box[2] * box[3] + np.prod(boxes[:, 2:], axis=1) - common
    best = int(np.argmax(common / union))
    overlap = float(common[best] / union[best])
    mark = marks[best]
    if overlap >= MATCH:
        return mark.label
    if mark.label >= 0:
        return NO_DIGIT if overlap < FRAGMENT else UNCLEAR
    return mark.pieces if mark.label == NO_DIGIT else UNCLEAR


def like_one(crop: Crops) -> bool:
    """Tell whether a crop is a bare upright stroke: nothing in its shape says that it is no 1."""
    ys, xs = np.nonzero(crop > 100)
    if len(ys) < 8:
        return True
    spread, axes = np.linalg.eigh(np.cov(np.stack([xs, ys])))
    along = axes[:, 1] * np.sign(axes[1, 1] or 1)
    tilt = np.degrees(np.arctan2(-along[0], along[1]))  # > 0 leans right, as "/" does
    return bool(spread[1] > SLIM**2 * spread[0] and -25 < tilt < 50)
