"""PURE: whether anything moves before the camera, told from thumbnails.

While nothing does, most frames need not be read: they would say what the last one said.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import Image

CELL = 8
"""Pixels of the frame to one of the thumbnail, each way. The mean of 64 pixels has an eighth of
their noise, and a stroke of a digit twelve pixels high still darkens it by a tenth of its own
contrast."""
CHANGED = 6.0
"""Grey levels by which one cell must differ."""


class Rest:
    """Times are seconds on one monotonic clock."""

    def __init__(self, after_s: float, look_s: float) -> None:
        """`after_s`: how long nothing must have moved; 0: never rest. `look_s`: a frame is read at
        least so often."""
        self._after_s = after_s
        self._look_s = look_s
        self._read: NDArray[np.uint8] | None = None
        """Thumbnail of the frame that was read last: what is compared with it cannot creep away."""
        self._moved = self._looked = float("-inf")
        self.resting = False
        """True while nothing moves."""

    def update(self, image: Image, clock: float) -> bool:
        """Tell whether to read this frame, BGR or grey uint8, grabbed at `clock`."""
        if not self._after_s:
            return True
        thumbnail = _thumbnail(image)
        if self._read is None or _differ(thumbnail, self._read):
            self._moved = clock
        self.resting = clock - self._moved >= self._after_s
        if self.resting and clock - self._looked < self._look_s:
            return False
        self._read, self._looked = thumbnail, clock
        return True

    def wake(self) -> None:
        """Read the next frames whatever they show: what was known of the scene is forgotten."""
        self._read = None


def _thumbnail(image: Image) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    size = max(1, width // CELL), max(1, height // CELL)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _differ(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return one.shape != other.shape or cv2.norm(one, other, cv2.NORM_INF) > CHANGED
