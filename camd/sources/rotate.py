"""Turn the frames of any source: cameras are mounted sideways and upside down."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from camd.sources.base import Opened, Source
from camd.values import Image

_CODES = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


class Rotated:
    def __init__(self, source: Source, degrees: Literal[90, 180, 270]) -> None:
        """Turn clockwise by `degrees`."""
        self._source = source
        self._degrees = degrees
        self.live = source.live
        self.name = source.name

    @property
    def grabbed(self) -> float:
        return self._source.grabbed

    @property
    def time(self) -> float | None:
        return self._source.time

    @property
    def colour(self) -> Callable[[], Image] | None:
        colour = self._source.colour
        return (lambda: self._turned(colour())) if colour else None

    def open(self) -> Opened:
        opened = self._source.open()
        if self._degrees == 180:
            return opened
        return replace(opened, width=opened.height, height=opened.width)

    def read(self) -> Image:
        return self._turned(self._source.read())

    def label(self) -> str:
        return self._source.label()

    def close(self) -> None:
        self._source.close()

    def _turned(self, image: Image) -> Image:
        return np.asarray(cv2.rotate(image, _CODES[self._degrees]), np.uint8)
