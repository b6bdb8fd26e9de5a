"""PURE: whether anything moves in front of the camera, found by comparing small copies of frames.

While nothing moves, most frames need not be read: they would say the same as the last one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import Image

CELL = 8
"""Side of a cell in pixels: each cell of the frame becomes one pixel of the thumbnail, its mean.
The mean of 64 pixels has an eighth of their noise, and a stroke of a digit only twelve pixels high
still changes it by a tenth of the stroke's contrast."""
CHANGED = 6.0
"""Something has moved when a pixel of the thumbnail differs by more than so many grey levels."""


class Rest:
    """Decides which frames to read while nothing moves. Times are seconds on one monotonic
    clock."""

    def __init__(self, after_s: float, look_s: float) -> None:
        """It rests after nothing has moved for `after_s` seconds; 0 means that it never rests. At
        rest a frame is read every `look_s` seconds all the same."""
        self._after_s = after_s
        self._look_s = look_s
        self._read: NDArray[np.uint8] | None = None
        """Thumbnail of the frame that was read last. New frames are compared with it, not with the
        frame just before: so a slow change adds up until it is noticed."""
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
        """Forget the scene, so that the next frames are read whatever they show."""
        self._read = None


def _thumbnail(image: Image) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    size = max(1, width // CELL), max(1, height // CELL)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _differ(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return one.shape != other.shape or cv2.norm(one, other, cv2.NORM_INF) > CHANGED
