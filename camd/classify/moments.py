"""PURE. Makes crops upright and of more even width, and keeps as numbers what that takes away.

Moment normalisation with slant correction after Liu, Nakashima, Sako and Fujisawa, "Handwritten
digit recognition: investigation of normalization and feature extraction techniques", Pattern
Recognition 37 (2004), section 2. The size of the ink is taken from its second moments, not from its
bounding box, so that one long tail changes little. When the shorter side is the share r of the
longer one, it becomes the share sqrt(sin(pi r / 2)): narrow digits get wider.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import SIDE, FloatArray

EDGE = 2
"""Empty pixels added around a crop, so that ink at its border is drawn with soft edges, too."""
SIGMAS = 4.0
"""Side of the box that stands for the ink, in standard deviations of the ink along that side."""
LEAST = 0.1
"""Added to each variance, in square pixels, because even the thinnest stroke has some width."""
LIKE_LINE = 0.01
"""Smaller variances along y are raised to this one, in square pixels, before the slant is divided
by it: in a level stroke the slant could be anything."""
STEEPEST = 2.0
"""Greatest slant that the numbers tell, either way; steeper ones are cut to it."""
NUMBERS = 5
"""How many numbers tell what upright crops no longer show; see Shapes.numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """What the moments of N crops say. Each field is (N,) float32, lengths are pixels."""

    x: FloatArray
    y: FloatArray
    """x and y are the centre of mass, measured from the middle of the crop."""
    slant: FloatArray
    """How many pixels the ink moves along x for each pixel along y."""
    width: FloatArray
    """Width and height are those of the ink after it was made upright."""
    height: FloatArray
    ink: FloatArray
    """Share of the crop that is ink, 0..1."""

    @classmethod
    def of(cls, crops: NDArray[np.uint8]) -> "Shapes":
        """Measure crops (N, 28, 28) uint8, bright ink on 0. A crop without ink gives the centre, no
        slant, and a width and height of about a pixel."""
        sums = (crops.reshape(len(crops), SIDE * SIDE).astype(np.float32) @ _powers()).T
        mass = np.maximum(sums[0], 1)
        x, y, x_x, x_y, y_y = sums[1:] / mass
        x_x, x_y, y_y = x_x - x * x, x_y - x * y, y_y - y * y
        slant = x_y / np.maximum(y_y, LIKE_LINE)
        width = SIGMAS * np.sqrt(np.maximum(x_x - slant * x_y, 0) + LEAST)
        height = SIGMAS * np.sqrt(np.maximum(y_y, 0) + LEAST)
        return cls(x, y, slant, width, height, sums[0] / np.float32(255 * SIDE * SIDE))

    def numbers(self) -> FloatArray:
        """Give (N, NUMBERS), what upright crops no longer show: the slant, and the logarithms of
        the proportions, the share of ink, the height and the width. Each spreads over about one
        unit."""
        numbers = np.empty((len(self.x), NUMBERS), np.float32)
        numbers[:, 0] = np.minimum(np.maximum(self.slant, -STEEPEST), STEEPEST)
        logs = numbers[:, 1:]
        logs[:, 0] = self.width / self.height
        logs[:, 1] = self.ink + np.float32(1e-3)
        logs[:, 2] = self.height
        logs[:, 3] = self.width
        np.log(logs, out=logs)
        return numbers


def upright(crops: NDArray[np.uint8], shapes: Shapes, size: float) -> NDArray[np.uint8]:
    """Draw crops (N, 28, 28) uint8 again, upright, with the longer side of their ink `size` pixels.

    The crops are laid below each other and drawn in one call of OpenCV, which takes at most 1,000
    of them. In memory the result has the first row of every crop, then the second row of every
    crop, and so on: camd/classify/features.py needs it in that order."""
    count = len(crops)
    if not count:
        return crops
    room = SIDE + 2 * EDGE
    tall = np.zeros((count, room, room), np.uint8)
    tall[:, EDGE:-EDGE, EDGE:-EDGE] = crops
    greater = np.maximum(shapes.width, shapes.height)
    ratio = np.sqrt(np.sin(np.pi / 2 * np.minimum(shapes.width, shapes.height) / greater))
    lesser = np.float32(size) * ratio
    wide = shapes.width >= shapes.height
    across = shapes.width / np.where(wide, np.float32(size), lesser)
    down = shapes.height / np.where(wide, lesser, np.float32(size))
    steps = _steps()
    away = steps[:, None] * down
    # Crops lie above and below each other: where one ends, its neighbour must not be drawn.
    rows = np.minimum(np.maximum(away + (shapes.y + SIDE / 2 - 0.5), -1), SIDE)
    rows += EDGE + np.arange(0, count * room, room, dtype=np.float32)
    middle = away * shapes.slant + (shapes.x + EDGE + SIDE / 2 - 0.5)
    columns = middle[:, :, None] + across[:, None] * steps
    # The same row of all crops is drawn as one long row. In rows of only 28 pixels OpenCV would
    # draw the last few pixels one by one, which is slow.
    drawn = cv2.remap(
        tall.reshape(-1, room),
        columns.reshape(SIDE, -1),
        rows.reshape(-1).repeat(SIDE).reshape(SIDE, -1),
        cv2.INTER_LINEAR,
    )
    return np.asarray(drawn, np.uint8).reshape(SIDE, count, SIDE).transpose(1, 0, 2)


@cache
def _steps() -> FloatArray:
    return np.arange(SIDE, dtype=np.float32) - np.float32(SIDE / 2 - 0.5)


@cache
def _powers() -> FloatArray:
    """Give (28 * 28, 6): what each pixel adds to the moments 1, x, y, x², xy and y²."""
    x, y = np.tile(_steps(), SIDE), np.repeat(_steps(), SIDE)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
