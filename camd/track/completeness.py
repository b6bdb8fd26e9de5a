"""PURE. Tells whether the digits that were read are the whole number, by the marks beside them that
were not read.

Such a mark may be a digit, half of one, a sign or a unit. Then the digits alone are not what is
written, however sure each of them is. A mark's shape and place tell whether it can be part of the
number, not the reason why it was rejected: both a 1 of seven segments and a printed rule are
rejected as ruled lines.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from camd.values import Digit, DoubleArray, Reason, Rejected

SMALLEST = 0.25
"""Least length of a mark that counts, in heights of a digit: a decimal point is shorter; a minus, a
degree sign and half a digit are not."""
MIDDLE = 0.25
"""A mark in the row of digits reaches to within this distance of their middle line, in heights of a
digit. A comma does not, nor what is written above or below the number."""
LONGEST = 1.4
"""A mark longer than this, in heights of a digit, is a rule, an edge or a frame and not part of a
number, if it is also narrower than BROADEST, or was taken for a rule, or has digits inside."""
BROADEST = 0.4
"""Heights of a digit; see LONGEST."""
COVERED = 0.5
"""A mark of which at least this share lies in the box of a digit is a part of that digit, which was
badly seen in this frame."""
UNEVEN = 1.7
"""Digits of one number are less than so many times higher or lower than their median. A raised sign
is lower, and so are the two halves of a letter; bars between windows are higher."""
BESIDE = 1.2
"""Widest gap between a digit and a mark that may belong to its number, in heights of a digit."""


def doubtful(marks: Sequence[Rejected], digits: Sequence[Digit]) -> bool:
    """Tell whether `digits`, all that were read in a region, may be less than its number, or more.
    `marks`: what is in the region and was not read."""
    seen = [mark for mark in marks if mark.reason != Reason.MASKED]
    if not digits:
        return any(mark.reason in (Reason.UNSURE, Reason.AMONG_LETTERS) for mark in seen)
    return _uneven(digits) or bool(_in_row(seen, digits, np.inf).any())


def beside(marks: Sequence[Rejected], digits: Sequence[Digit]) -> bool:
    """Tell whether one of the marks may be a digit that belongs to some of `digits`.

    This is for a whole frame, where letters may stand beside a number. So only two kinds of marks
    count: those of which the model is unsure, and those that the frame's edge cuts off."""
    unsure = [mark for mark in marks if mark.reason in (Reason.UNSURE, Reason.AT_BORDER)]
    return bool(digits) and bool(_in_row(unsure, digits, BESIDE).any())


def _in_row(marks: Sequence[Rejected], digits: Sequence[Digit], reach: float) -> NDArray[np.bool_]:
    """Tell of each mark (M,) whether it stands in a row with digits, at most `reach` digit heights
    from the nearest, and has the shape of a part of their number."""
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
    """Tell of each mark (M,) whether it is no part of a digit that was read."""
    across, down = _shared(marks, digits)
    return np.asarray((across * down < COVERED * _sides(marks)[2:].prod(axis=0)[:, None]).all(1))


def _shared(marks: Sequence[Rejected], digits: Sequence[Digit]) -> tuple[DoubleArray, ...]:
    """Return the width and height (M, N) of the overlap of each mark with each digit."""
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
    """Return x, y, width and height (4, N) of their boxes."""
    sides = np.array([item.box for item in items], np.float64).reshape(-1, 4).T
    return np.concatenate((sides[:2], np.maximum(sides[2:], 1)))
