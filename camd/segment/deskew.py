"""PURE. A turned sheet: the slope of its rows, and what is written on it turned back.

The classifier learnt upright digits; one that is turned by ten degrees is read worse.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from camd.geometry import median
from camd.track.lines import skew
from camd.values import Box, Plane

LEAST = 6.0
"""Degrees; less is a hand's own slant, and read as well."""
FEWEST, MOST = 4, 64
"""Glyphs that rows are told from: fewer say nothing sure, more say the same."""
ALIKE = 1.7
"""Greatest height of such a glyph, in usual ones, and the least, the other way round."""


def turn(boxes: Sequence[Box]) -> float:
    """Give how far the sheet with these glyphs is turned, degrees, positive where its rows fall to
    the right; 0 where it is not clearly turned."""
    angle = slope(boxes)
    return angle if abs(angle) >= LEAST else 0.0


def slope(boxes: Sequence[Box]) -> float:
    """Give the slope of the rows, degrees; 0 where it is not known."""
    sides = np.array(boxes, np.float64).reshape(-1, 4)
    apart = np.abs(np.log(sides[:, 3] / median(sides[:, 3]))) if len(sides) else np.zeros(0)
    sides = sides[np.argsort(apart, kind="stable")[: min(MOST, np.sum(apart < np.log(ALIKE)))]]
    if len(sides) < FEWEST:
        return 0.0
    x, y, width, height = sides.T
    return float(np.degrees(skew(x + width / 2, y + height / 2, height)))


def turned(ink: Plane, angle: float) -> Plane:
    """Turn ink (h, w) back by an `angle` in degrees, as `slope` gives it."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    cos, sin = abs(matrix[0, :2])
    wide, high = width * cos + height * sin, height * cos + width * sin
    size = int(np.ceil(wide - 1e-6)) + 2, int(np.ceil(high - 1e-6)) + 2
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
