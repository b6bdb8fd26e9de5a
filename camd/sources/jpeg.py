"""A camera's JPEGs: read in grey, which takes half the time, and shown in colour."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.sources.base import MOST_PIXELS, CorruptFrameError
from camd.sources.muffle import muffled
from camd.values import Image

FOURCCS = ("MJPG", "JPEG")
START = b"\xff\xd8"

_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})
"""Markers that no length follows: a stuffed byte, TEM, RST0 to RST7."""
_NO_SIZE_AFTER = frozenset({0xD8, 0xD9, 0xDA})
"""A second SOI, EOI or SOS: where the size has not come before one of these, libjpeg gives up."""

HEAD = 100_000
"""The size must be found within so many first bytes. Comments and a thumbnail may come before it,
of 65,535 bytes each at most."""


def claimed_size(head: bytes) -> tuple[int, int]:
    """Return (width, height) as the first bytes of a JPEG claim them, or (0, 0) if they do not.

    It goes from marker to marker as libjpeg does (jdmarker.c): so it finds the size for which
    libjpeg would take memory."""
    at = 2 if head.startswith(START) else len(head)
    while (at := head.find(b"\xff", at)) >= 0:
        while head[at : at + 1] == b"\xff":  # any number of fill bytes
            at += 1
        marker = head[at : at + 8]
        if len(marker) < 8 or marker[0] in _NO_SIZE_AFTER:
            break
        # ITU-T T.81, table B.1: SOF0..SOF15 hold the size; C4, C8 and CC are not among them.
        if 0xC0 <= marker[0] <= 0xCF and marker[0] not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(marker[6:8]), int.from_bytes(marker[4:6])
        at += 1 if marker[0] in _ALONE else 1 + max(2, int.from_bytes(marker[1:3]))
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
        with muffled():  # libjpeg's complaints were heard when it decoded the grey picture
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
