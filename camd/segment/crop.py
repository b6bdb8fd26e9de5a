"""PURE. One piece of ink -> the 28x28 picture that the classifier knows.

As MNIST was made (LeCun et al. 1998, section III.A): the ink scaled, keeping its shape, to fit
a box of 20x20 with grey edges from the averaging, then the centre of mass moved to the middle
of 28x28. Pens vary more before a camera than in NIST's forms, so a stroke that would come out
hairline thin is first drawn thicker.
"""

import cv2
import numpy as np

from camd.segment.measures import stroke_width
from camd.segment.runs import runs
from camd.tuned import TUNED
from camd.values import SIDE, IntArray, Plane

BOX = 20
AMPLE = 64
"""A patch whose long side has so many pixels loses nothing in the crop. A larger one is first
reduced by a whole factor, to less than twice this: one as high as the frame would take as long as
all others together."""
BRUSH = 15
"""Up to this width, in pixels, OpenCV dilates as fast as `_dilate`."""


def normalise(ink: Plane, stroke: float = 0.0) -> Plane:
    """Return the (28, 28) uint8 crop of a patch (h, w) uint8 of ink on 0.

    `stroke` is the stroke width in pixels of the patch; with 0 it is measured. A patch without ink
    gives an empty crop."""
    factor = max(ink.shape) // AMPLE
    if factor > 1:
        size = max(1, ink.shape[1] // factor), max(1, ink.shape[0] // factor)
        ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)
        stroke /= factor
    top = int(ink.max(initial=0))
    if top == 0:
        return np.zeros((SIDE, SIDE), np.uint8)
    strong = ink[ink > top // 2]
    place = len(strong) * 3 // 5
    full = float(np.partition(strong, place)[place])
    patch = np.asarray(cv2.convertScaleAbs(ink, alpha=255.0 / full), np.uint8)
    # A small enough patch is not reduced so far that a stroke could come out too thin.
    if not stroke or TUNED.thinnest / BOX * max(patch.shape) - stroke > 0.5:
        solid = _above(patch, 127)
        scale = BOX / max(cv2.boundingRect(solid)[2:])
        missing = TUNED.thinnest / scale - (stroke or stroke_width(runs(solid)))
        if missing > 0.5:
            patch = _thicken(patch, missing)
    x, y, width, height = cv2.boundingRect(_above(patch, TUNED.soft_rim))
    patch = patch[y : y + height, x : x + width]
    scale = BOX / max(width, height)
    rows = max(1, min(BOX, round(patch.shape[0] * scale)))
    columns = max(1, min(BOX, round(patch.shape[1] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return _centred(np.asarray(cv2.resize(patch, (columns, rows), interpolation=how), np.uint8))


def _above(patch: Plane, level: int) -> Plane:
    """Return 1 where pixels are above a level, else 0."""
    return np.asarray(cv2.threshold(patch, level, 1, cv2.THRESH_BINARY)[1], np.uint8)


def _thicken(patch: Plane, by: float) -> Plane:
    side = 2 * round(by / 2) + 1
    around = side // 2 + 1
    padded = np.asarray(
        cv2.copyMakeBorder(patch, around, around, around, around, cv2.BORDER_CONSTANT), np.uint8
    )
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    if side <= BRUSH:
        return np.asarray(cv2.dilate(padded, ellipse), np.uint8)
    return _dilate(padded, np.count_nonzero(ellipse, axis=1))


def _dilate(padded: Plane, widths: IntArray) -> Plane:
    """Dilate a patch, which has a rim without ink, by an ellipse, given by the widths of its rows.

    OpenCV looks at each pixel of the ellipse for each of the patch; here each row is looked at once
    for each row of the ellipse."""
    wide, reached, half = padded, 1, len(widths) // 2
    thick = np.zeros_like(padded)
    for width in np.unique(widths):
        # A row that is grown already only grows by what is missing.
        wide = np.asarray(cv2.dilate(wide, np.ones((1, width - reached + 1), np.uint8)), np.uint8)
        reached = width
        for row in np.flatnonzero(widths == width).tolist():
            down = row - half
            to = thick[max(0, down) : len(thick) + min(0, down)]
            cv2.max(to, wide[max(0, -down) : len(thick) + min(0, -down)], dst=to)
    return thick


def _centred(small: Plane) -> Plane:
    """Put a picture of at most 28x28 on 28x28, its centre of mass on pixel (14, 14) as MNIST's."""
    height, width = small.shape
    moments = cv2.moments(small)
    mass = moments["m00"] or 1.0
    middle = SIDE / 2
    left = round(middle - moments["m10"] / mass)
    top = round(middle - moments["m01"] / mass)
    crop = np.zeros((SIDE, SIDE), np.uint8)
    left, top = min(max(left, 0), SIDE - width), min(max(top, 0), SIDE - height)
    crop[top : top + height, left : left + width] = small
    return crop
