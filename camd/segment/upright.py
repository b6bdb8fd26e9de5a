"""PURE. A picture turned so that its writing stands upright, and where what is found there lies in
the picture as it was."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from camd.values import Box, DoubleArray, Image

_QUARTERS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


@dataclass(frozen=True)
class Upright:
    """A way to turn pictures of one size.

    A box of writing has three forms: `upright`, as it was found in the turned picture; `placed`, in
    the picture as it was, but as wide and as high as the writing is; and the one `around` it there.
    Only the first two can be made of each other: the last is larger, where the turn is no quarter
    of a circle."""

    turn: int
    """Degrees clockwise, 0 to 359."""
    size: tuple[int, int]
    """Width and height of the picture as it was, pixels."""

    def picture(self, image: Image) -> Image:
        """Turn a picture (H, W) or (H, W, 3); nothing of it is lost. Beyond its edge all is as the
        edge is: any other colour would be ink there."""
        if not self.turn:
            return image
        if self.turn in _QUARTERS:
            return np.asarray(cv2.rotate(image, _QUARTERS[self.turn]), np.uint8)
        # OpenCV counts from the middles of pixels.
        matrix = self._matrix.copy()
        matrix[:, 2] += 0.5 * matrix[:, :2].sum(axis=1) - 0.5
        return np.asarray(
            cv2.warpAffine(
                image,
                matrix,
                self.turned_size,
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    @property
    def turned_size(self) -> tuple[int, int]:
        """Width and height of the turned picture, pixels."""
        width, height = self.size
        cos, sin = self._directions
        wide, high = abs(cos) * width + abs(sin) * height, abs(sin) * width + abs(cos) * height
        return int(np.ceil(wide - 1e-6)), int(np.ceil(high - 1e-6))

    def upright(self, box: Box) -> Box:
        """Give a `placed` box as it was found in the turned picture."""
        return self._moved(box, self._matrix)

    def placed(self, box: Box) -> Box:
        """Give a box of the turned picture where it lies in the picture as it was."""
        return self._moved(box, self._back)

    def around(self, box: Box) -> Box:
        """Give the box, in the picture as it was, around a box of the turned picture."""
        if not self.turn:
            return box
        points = self._corners(box)
        left, top = np.floor(points.min(axis=0) + 1e-6).astype(int).tolist()
        right, bottom = np.ceil(points.max(axis=0) - 1e-6).astype(int).tolist()
        return left, top, right - left, bottom - top

    def beyond(self, box: Box) -> bool:
        """Tell whether a box of the turned picture reaches to the edge of the picture as it was:
        there is more of what is in it than can be seen."""
        if self.turn in (0, *_QUARTERS):
            return False  # The edges are those of the turned picture.
        corners = self._corners(box)
        # The middles of its sides: what is written in a box leaves its corners bare.
        middles = (corners + np.roll(corners, 1, axis=0)) / 2
        return bool((middles < 1).any() or (middles > np.array(self.size) - 1).any())

    @property
    def _directions(self) -> tuple[float, float]:
        if self.turn in (0, *_QUARTERS):
            return {0: (1.0, 0.0), 90: (0.0, 1.0), 180: (-1.0, 0.0), 270: (0.0, -1.0)}[self.turn]
        angle = np.radians(self.turn)
        return float(np.cos(angle)), float(np.sin(angle))

    @cached_property
    def _matrix(self) -> DoubleArray:
        """(2, 3) from the picture to the turned one, 0 at the edge of the first pixel of both."""
        cos, sin = self._directions
        turning = np.array([[cos, -sin], [sin, cos]])
        middle = np.array(self.turned_size) / 2 - turning @ (np.array(self.size) / 2)
        return np.column_stack([turning, middle])

    @cached_property
    def _back(self) -> DoubleArray:
        return np.asarray(cv2.invertAffineTransform(self._matrix), np.float64)

    def _moved(self, box: Box, matrix: DoubleArray) -> Box:
        if not self.turn:
            return box
        x, y, width, height = box
        across, down = matrix @ (x + width / 2, y + height / 2, 1.0)
        return round(across - width / 2), round(down - height / 2), width, height

    def _corners(self, box: Box) -> DoubleArray:
        x, y, width, height = box
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        return np.asarray(np.column_stack([corners, np.ones(4)]) @ self._back.T, np.float64)
