"""PURE. A turned sheet: the slope of its rows, and what is written on it turned back.

The classifier learnt upright digits; one that is turned by ten degrees is read worse.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from camd.light import Plane
from camd.lines import skew
from camd.normalise import normalise
from camd.values import Glyph

LEAST = 6.0
"""Degrees; less is a hand's own slant, and read as well."""
FEWEST, MOST = 4, 64
"""Glyphs that rows are told from: fewer say nothing sure, more say the same."""
ALIKE = 1.7
"""Greatest height of such a glyph, in usual ones, and the least, the other way round."""


def straight(glyphs: Sequence[Glyph], scale: float) -> tuple[Glyph, ...]:
    """Turn the glyphs of a sheet upright where its rows are clearly turned; `scale` is how many
    pixels of their ink make one of the source. Boxes stay as they are."""
    angle = slope(glyphs)
    if abs(angle) < LEAST:
        return tuple(glyphs)
    return tuple(
        replace(
            glyph,
            crop=normalise(turned(glyph.ink, angle), glyph.stroke * scale),
            turn=angle,
        )
        for glyph in glyphs
    )


def slope(glyphs: Sequence[Glyph]) -> float:
    """Give the slope of the rows, degrees, positive where they fall to the right; 0 where it is
    not known."""
    boxes = np.array([glyph.box for glyph in glyphs], np.float64).reshape(-1, 4)
    apart = np.abs(np.log(boxes[:, 3] / np.median(boxes[:, 3]))) if len(boxes) else np.zeros(0)
    boxes = boxes[np.argsort(apart, kind="stable")[: min(MOST, np.sum(apart < np.log(ALIKE)))]]
    if len(boxes) < FEWEST:
        return 0.0
    x, y, width, height = boxes.T
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
