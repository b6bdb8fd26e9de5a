"""PURE. A turned sheet: the slope of its rows, and what is written on it turned back.

The classifier learnt upright digits; one that is turned by ten degrees is read worse.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from camd.geometry import median
from camd.tuned import TUNED
from camd.values import Box, DoubleArray, Plane

MAX_SKEW = 20.0
"""Degrees. The slope of rows turned further than this is not found, and rows of which nothing is
known may slope so far."""
MOST = 40
"""So many glyphs tell the slope, and are turned, at most: more add nothing."""

_ANGLES = np.radians(np.arange(-MAX_SKEW, MAX_SKEW + 0.25, 0.5))
_ACROSS = np.stack([np.cos(_ANGLES), -np.sin(_ANGLES)], axis=1)
"""(A, 2): for each slope, how far a step down and a step to the right lead away from the row."""


def turn(boxes: Sequence[Box]) -> float:
    """Give how far the sheet with these glyphs is turned, degrees, positive where its rows fall to
    the right; 0 where it is not clearly turned."""
    angle = slope(boxes)
    return angle if abs(angle) >= TUNED.least_slope else 0.0


def slope(boxes: Sequence[Box]) -> float:
    """Give the slope of the rows, degrees; 0 where it is not known."""
    sides = np.array(boxes, np.float64).reshape(-1, 4)
    apart = np.abs(np.log(sides[:, 3] / median(sides[:, 3]))) if len(sides) else np.zeros(0)
    sides = sides[
        np.argsort(apart, kind="stable")[: min(MOST, np.sum(apart < np.log(TUNED.alike)))]
    ]
    if len(sides) < TUNED.few:
        return 0.0
    x, y, width, height = sides.T
    return float(np.degrees(skew(x + width / 2, y + height / 2, height)))


def skew(x: DoubleArray, y: DoubleArray, height: DoubleArray) -> float:
    """Return the slope of the rows in radians: the angle at which most neighbours are level."""
    if len(x) < 2:
        return 0.0
    dx, dy = x[None, :] - x[:, None], y[None, :] - y[:, None]
    size = np.maximum(height[None, :], height[:, None])
    distance = np.hypot(dx, dy) / size
    np.fill_diagonal(distance, np.inf)
    steep = np.abs(dy) > np.tan(np.radians(MAX_SKEW + 15)) * np.abs(dx)
    left, right = np.nonzero((distance <= TUNED.reach) & ~steep)
    if not len(left):
        return 0.0
    size, closeness = size[left, right], 1 / (1 + distance[left, right])
    off = _ACROSS @ (np.stack([dy[left, right], dx[left, right]]) / (0.25 * size))
    # NumPy's exponential takes three times as long on a processor without AVX-512.
    level = np.asarray(cv2.exp(-off * off)) @ closeness
    # Upright is likelier: two digits of one row at different heights are no slope.
    return float(_ANGLES[np.argmax(level * (1 - 0.4 * np.abs(_ANGLES) / _ANGLES[-1]))])


def turned(ink: Plane, angle: float) -> Plane:
    """Turn ink (h, w) back by an `angle` in degrees, as `slope` gives it."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    cos, sin = abs(matrix[0, :2])
    wide, high = width * cos + height * sin, height * cos + width * sin
    size = int(np.ceil(wide - 1e-6)) + 2, int(np.ceil(high - 1e-6)) + 2
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
