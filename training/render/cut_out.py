"""Cuts crops out of a rendered picture with camd.segment, and says what each of them is."""

import numpy as np
from numpy.typing import NDArray

from camd.config.settings import SegmentSettings
from camd.segment.segmentation import segment
from camd.values import Box
from training.render.shapes import NO_DIGIT, UNCLEAR, Mark

Crops = NDArray[np.uint8]

MATCH, FRAGMENT = 0.6, 0.3
"""Overlaps of a glyph's box with the box of the mark that was drawn there (intersection over
union). From MATCH on, the glyph is that mark. Below FRAGMENT, it is only a piece of a digit. In
between it is unclear which it is, and the glyph is left out."""
SLIM = 4.0
"""A more or less upright stroke that is so many times as long as wide could always be a 1."""


def cut_out(
    image: NDArray[np.uint8], marks: list[tuple[Box, Mark]], settings: SegmentSettings
) -> list[tuple[Crops, int]]:
    """Cut out the glyphs and say what each of them is. Those that could be either are left out."""
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
    """Tell whether a crop is only an upright stroke. By its shape alone it could be a 1."""
    ys, xs = np.nonzero(crop > 100)
    if len(ys) < 8:
        return True
    spread, axes = np.linalg.eigh(np.cov(np.stack([xs, ys])))
    along = axes[:, 1] * np.sign(axes[1, 1] or 1)
    tilt = np.degrees(np.arctan2(-along[0], along[1]))  # Positive leans to the right, like "/".
    return bool(spread[1] > SLIM**2 * spread[0] and -25 < tilt < 50)
