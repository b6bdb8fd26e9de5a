"""PURE. Whether digits are all of their number, told from what stands beside them and was not read.

What was refused may be a digit, half of one, a sign or a unit: then the digits are not what is
written, however sure each of them is. What is no part of a number is told by its shape and place,
not by why it was refused: a seven-segment 1 is refused as a ruled line, and a real rule is too.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from camd.values import Digit, DoubleArray, Reason, Rejected

SMALLEST = 0.25
"""Least length of a mark in the row of digits that says something, in their height: a point is
smaller, a minus, a degree sign and half a digit are not."""
MIDDLE = 0.25
"""How far from the middle of the digits beside it a mark may end, in their height: a comma below
and what is written above or under a number do not reach that far."""
LONGEST = 1.4
"""Length, in heights of a digit, from which a mark is rather a rule, an edge or a frame..."""
BROADEST = 0.4
"""...if it is narrower than that across, or was taken for a rule, or stands around digits."""
COVERED = 0.5
"""Share of a mark that lies in the box of a digit from which it is part of that digit, in a frame
that shows it badly."""
UNEVEN = 1.7
"""How many times higher or lower than the middle one a digit of the same number may be: a raised
sign is lower, and so are the two halves of a letter; bars between windows are higher."""
BESIDE = 1.2
"""Widest gap between a digit and a mark that may belong to its number, in digit heights."""


def doubtful(marks: Sequence[Rejected], digits: Sequence[Digit]) -> bool:
    """Tell whether `digits`, all that was read in a region, may be only a part of its number, or
    hold what is no part of it, given the `marks` in the region that were not read."""
    seen = [mark for mark in marks if mark.reason != Reason.MASKED]
    if not digits:
        return any(mark.reason in (Reason.UNSURE, Reason.AMONG_LETTERS) for mark in seen)
    return _uneven(digits) or bool(_in_row(seen, digits, np.inf).any())


def beside(marks: Sequence[Rejected], digits: Sequence[Digit]) -> bool:
    """Tell whether one of the marks may be a digit of a number that some of `digits` form. Of a
    whole frame only those count of which nobody is sure, and those that the frame cuts off: there
    may be letters beside a number."""
    unsure = [mark for mark in marks if mark.reason in (Reason.UNSURE, Reason.AT_BORDER)]
    return bool(digits) and bool(_in_row(unsure, digits, BESIDE).any())


def _in_row(marks: Sequence[Rejected], digits: Sequence[Digit], reach: float) -> NDArray[np.bool_]:
    """Tell of each mark (M,) whether it stands in a row with digits, no farther from the nearest
    than `reach`, and is shaped like a part of their number."""
    x, y, width, height = _sides(marks)[:, :, None]
    left, top, wide, tall = _sides(digits)
    usual = float(np.median(tall))
    gap = np.maximum(np.maximum(left - x - width, x - left - wide), 0) / usual
    off = np.abs(y + height / 2 - top - tall / 2) / usual
    nearest = np.argmin(np.hypot(gap, off), axis=1)[:, None]
    gap, off = (np.take_along_axis(away, nearest, 1)[:, 0] for away in (gap, off))
    across, down = _shared(marks, digits)
    around = ((across > wide / 2) & (down > tall / 2)).any(axis=1)
    long, short = (side(width, height)[:, 0] / usual for side in (np.maximum, np.minimum))
    ruled = np.array([mark.reason == Reason.RULED for mark in marks], bool)
    frame = (long > LONGEST) & ((short < BROADEST) | ruled | around)
    near = (gap <= reach) & (off - height[:, 0] / usual / 2 <= MIDDLE)
    return np.asarray(near & (long >= SMALLEST) & ~frame & _apart(marks, digits))


def _apart(marks: Sequence[Rejected], digits: Sequence[Digit]) -> NDArray[np.bool_]:
    """Tell of each mark (M,) whether it is no part of a digit."""
    across, down = _shared(marks, digits)
    return np.asarray((across * down < COVERED * _sides(marks)[2:].prod(axis=0)[:, None]).all(1))


def _shared(marks: Sequence[Rejected], digits: Sequence[Digit]) -> tuple[DoubleArray, ...]:
    """Give the width and the height (M, N) that each mark and each digit have in common."""
    x, y, width, height = _sides(marks)[:, :, None]
    left, top, wide, tall = _sides(digits)
    across = np.minimum(x + width, left + wide) - np.maximum(x, left)
    down = np.minimum(y + height, top + tall) - np.maximum(y, top)
    return np.maximum(across, 0), np.maximum(down, 0)


def _uneven(digits: Sequence[Digit]) -> bool:
    heights = _sides(digits)[3]
    usual = float(np.median(heights))
    return bool(heights.min() * UNEVEN < usual or heights.max() > UNEVEN * usual)


def _sides(items: Sequence[Rejected] | Sequence[Digit]) -> DoubleArray:
    """Give x, y, width and height (4, N) of their boxes."""
    sides = np.array([item.box for item in items], np.float64).reshape(-1, 4).T
    return np.concatenate((sides[:2], np.maximum(sides[2:], 1)))
