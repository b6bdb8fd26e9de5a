"""PURE. Finds the minus before a row of digits.

On a display it is one segment, in print a short bar; neither has the shape of a digit, so nothing
else here speaks of it, and without it a frost reads as warmth. It is looked for where it must be:
left of the first digit, as high up as its middle, with bare ground above, below, and at both ends.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from camd.hypotheses import windows
from camd.values import Box, FloatArray, Plane

TALL = 24
"""Height of a digit in the patch that is looked at, pixels."""
REACH = 1.7
"""How far left of the first digit it may begin, in heights of a digit: on displays a 1 stands at
the right of its cell."""
BAND = 0.16
"""Its middle is at most so far from the middle of the digit, in heights."""
ABOVE = 0.26
"""From there on it is bare above and below, in heights."""
STRONG = 0.45
"""Least contrast to its ground, as a share of the digits'; what is not bare has as much."""
SHORTEST, LONGEST = 0.2, 0.85
"""Length, in heights of a digit."""


def find(picture: Plane, digits: Sequence[Box]) -> Box | None:
    """Return the box of the minus before the `digits` of one row in a picture, grey uint8; None
    where there is none."""
    if not digits:
        return None
    first = min(digits, key=lambda box: box[0])
    tall = float(np.median([box[3] for box in digits]))
    usual = float(np.median([_contrast(picture, box) for box in digits]))
    if not usual:
        return None
    right, middle = first[0], first[1] + first[3] / 2
    left, top = right - REACH * tall, middle - tall / 2
    scale = TALL / tall
    size = round(REACH * TALL), TALL
    # Of the rest of the picture nothing is seen, and to blur it would take long.
    spare = 2 + tall / 10
    start, above, after, below = (
        max(0, int(at)) for at in (left - spare, top - spare, right + spare, top + tall + spare)
    )
    picture = picture[above : below + 1, start : after + 1]
    if not picture.size:
        return None
    move = np.array(
        [[scale, 0, (start - left) * scale], [0, scale, (above - top) * scale]], np.float64
    )
    soft = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale) if scale < 1 else picture
    patch = cv2.warpAffine(soft, move, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    for ink in (np.median(patch) - patch, patch - np.median(patch)):
        span = _bar(np.asarray(ink / usual, np.float32))
        if span is not None:
            x, end = (left + at / scale for at in span)
            return round(x), round(middle - BAND * tall), round(end - x), round(2 * BAND * tall)
    return None


def _bar(ink: FloatArray) -> tuple[int, int] | None:
    """Return the first column of a lone bar, and that after its last, in ink (TALL, W) where 1 is
    as strong as the digits; None where there is none. Of several it is the last one."""
    off = np.abs(np.arange(TALL) + 0.5 - TALL / 2) / TALL
    within = ink[off <= BAND].max(axis=0) >= STRONG
    bare = ink[off >= ABOVE].max(axis=0) < STRONG
    lone = within & bare
    edges = np.flatnonzero(np.diff(np.concatenate(([False], lone, [False])).astype(np.int8)))
    for start, end in zip(edges[-2::-2].tolist(), edges[-1::-2].tolist(), strict=True):
        free = start > 0 and (end == len(lone) or not within[end])
        if free and not within[start - 1] and SHORTEST <= (end - start) / TALL <= LONGEST:
            return start, end
    return None


def _contrast(picture: Plane, box: Box) -> float:
    x, y, width, height = (max(0, side) for side in box)
    patch = picture[y : y + height, x : x + width]
    return windows.contrast(patch)
