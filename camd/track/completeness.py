"""PURE. Marks that may be digits, and nobody is sure: what they say of the digits around them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from camd.values import Box, Digit, IntArray

LIKE_A_DIGIT = 0.5
"""Least height, in digits around it, of an unsure mark that may be one of them."""
BESIDE = 1.2
"""Widest gap between a digit and a mark that may belong to its number, in digit heights."""
LEVEL = 0.5
"""Farthest that their middles are apart up and down, in digit heights."""


def among(unsure: Sequence[Box], digits: Sequence[Digit]) -> bool:
    """Tell whether one of the marks that nobody is sure of may be a digit as high as `digits`, and
    is not one of them in a frame that shows it badly. Where there are none any mark may be."""
    marks, boxes = _apart(unsure, digits)
    return len(marks) > 0 and (not len(boxes) or bool(_high(marks, boxes).any()))


def beside(unsure: Sequence[Box], digits: Sequence[Digit]) -> bool:
    """Tell whether one of the marks may be a digit of a number that some of `digits` form."""
    marks, boxes = _apart(unsure, digits)
    marks = marks[_high(marks, boxes)]
    if not len(marks):
        return False
    x, y, width, height = marks.T[:, :, None]
    left, top, wide, tall = boxes.T
    gap = np.maximum(left - x - width, x - left - wide)
    off = np.abs(y + height / 2 - top - tall / 2)
    return bool(((gap <= BESIDE * tall) & (off <= LEVEL * tall)).any())


def _apart(unsure: Sequence[Box], digits: Sequence[Digit]) -> tuple[IntArray, ...]:
    """Give the boxes (N, 4) of the marks that overlap no digit, and those of the digits."""
    marks = np.array(unsure, np.intp).reshape(-1, 4)
    boxes = np.array([digit.box for digit in digits], np.intp).reshape(-1, 4)
    x, y, width, height = marks.T[:, :, None]
    left, top, wide, tall = boxes.T
    meet = (x < left + wide) & (left < x + width) & (y < top + tall) & (top < y + height)
    return marks[~meet.any(axis=1)], boxes


def _high(marks: IntArray, boxes: IntArray) -> NDArray[np.bool_]:
    heights = np.sort(boxes[:, 3])
    if not len(heights):
        return np.zeros(len(marks), bool)
    return np.asarray(marks[:, 3] >= LIKE_A_DIGIT * heights[len(heights) // 2])
