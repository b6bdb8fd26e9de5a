"""A camera's JPEGs: read in grey, which takes half the time, and shown in colour."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.sources.base import MOST_PIXELS, CorruptFrameError
from camd.sources.muffle import muffled
from camd.values import Image

FOURCCS = ("MJPG", "JPEG")
START = b"\xff\xd8"


HEAD = 100_000
"""Bytes within which the size of a picture must be found; comments and thumbnails come before."""


def claimed_size(head: bytes) -> tuple[int, int]:
    """Return (width, height) as the first bytes of a JPEG claim; (0, 0) where they do not."""
    if not head.startswith(START):
        return 0, 0
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        # ITU-T T.81, table B.1: SOF0..SOF15 hold the size; C4, C8 and CC are not among them.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        at += 2 + int.from_bytes(head[at + 2 : at + 4]) if marker != 0xFF else 1
    return 0, 0


class Jpeg:
    """One picture; `data` are its bytes, (N,) uint8."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data = data

    def grey(self) -> Image:
        """Decode to (H, W) uint8: the luma that is in the file. Raises CorruptFrameError."""
        image = self._decoded(cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise CorruptFrameError("the frame could not be decoded")
        return image

    def colour(self) -> Image:
        """Decode to (H, W, 3) uint8 BGR."""
        with muffled():  # what libjpeg has to say it said of the grey picture
            image = self._decoded(cv2.IMREAD_COLOR)
        if image is None:
            return np.asarray(cv2.cvtColor(self.grey(), cv2.COLOR_GRAY2BGR), np.uint8)
        return image

    def _decoded(self, flag: int) -> Image | None:
        width, height = claimed_size(self._data[:HEAD].tobytes())
        if not 0 < width * height <= MOST_PIXELS:
            return None
        try:
            image = cv2.imdecode(self._data, flag)
        except cv2.error:
            return None
        return None if image is None else np.asarray(image, np.uint8)
