"""PURE. Crops made upright and evenly wide by their moments, and what that takes away, as numbers.

Moment normalisation with slant correction after Liu, Nakashima, Sako and Fujisawa, "Handwritten
digit recognition: investigation of normalization and feature extraction techniques", Pattern
Recognition 37 (2004), section 2: the ink's second moments stand for its box, so that a long tail
moves nothing; the lesser side r (as a share of the greater) becomes sqrt(sin(pi r / 2)) of it.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import SIDE, FloatArray

EDGE = 2
"""Pixels around a crop, so that its border ink ends as gently as any other."""
SIGMAS = 4.0
"""Side of the box that stands for the ink, in standard deviations of it."""
LEAST = 0.1
"""Added to a variance: a stroke is no line. Square pixels."""
LIKE_LINE = 0.01
"""Least variance along y that tells a slant, square pixels."""
STEEPEST = 2.0
"""Greatest slant counted among the numbers."""
NUMBERS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """What the moments of N crops say; each (N,) float32, pixels."""

    x: FloatArray
    y: FloatArray
    """Centre of mass, from the middle of the crop."""
    slant: FloatArray
    """Change of x a step of y along the ink."""
    width: FloatArray
    """Of the ink made upright."""
    height: FloatArray
    ink: FloatArray
    """Share of the crop, 0..1."""

    @classmethod
    def of(cls, crops: NDArray[np.uint8]) -> "Shapes":
        """Measure crops (N, 28, 28) uint8, ink bright on 0; of one without ink all is about 0."""
        sums = (crops.reshape(len(crops), SIDE * SIDE).astype(np.float32) @ _powers()).T
        mass = np.maximum(sums[0], 1)
        x, y, x_x, x_y, y_y = sums[1:] / mass
        x_x, x_y, y_y = x_x - x * x, x_y - x * y, y_y - y * y
        slant = x_y / np.maximum(y_y, LIKE_LINE)
        width = SIGMAS * np.sqrt(np.maximum(x_x - slant * x_y, 0) + LEAST)
        height = SIGMAS * np.sqrt(np.maximum(y_y, 0) + LEAST)
        return cls(x, y, slant, width, height, sums[0] / np.float32(255 * SIDE * SIDE))

    def numbers(self) -> FloatArray:
        """Give (N, NUMBERS): what upright crops no longer show, of about one unit each."""
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
    """Draw crops (N, 28, 28) uint8 again, upright, the greater side of their ink `size` pixels.

    One call of OpenCV for all, laid below each other; it takes 1,000 crops at most. What it gives
    lies row by row in memory, each of all crops, as camd/classify/features.py goes on with it."""
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
    # Beyond its own edge a crop must not see its neighbour above or below; beside it is nothing.
    rows = np.minimum(np.maximum(away + (shapes.y + SIDE / 2 - 0.5), -1), SIDE)
    rows += EDGE + np.arange(0, count * room, room, dtype=np.float32)
    middle = away * shapes.slant + (shapes.x + EDGE + SIDE / 2 - 0.5)
    columns = middle[:, :, None] + across[:, None] * steps
    # A row of all crops is drawn as one: of rows of 28 pixels OpenCV does the last few one by one.
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
    """Give (28 * 28, 6): what a pixel adds to the moments 1, x, y, x², xy, y²."""
    x, y = np.tile(_steps(), SIDE), np.repeat(_steps(), SIDE)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
