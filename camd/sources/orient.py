"""Turns and mirrors the frames of any source: a camera may hang sideways or upside down, or look
into a mirror."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from camd.sources.base import Opened, Source
from camd.sources.delegate import Delegate
from camd.values import Image

_CODES = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


class Oriented(Delegate):
    def __init__(
        self, source: Source, degrees: Literal[0, 90, 180, 270], *, mirror: bool = False
    ) -> None:
        """Turn clockwise by `degrees`; then, with `mirror`, swap left and right."""
        super().__init__(source)
        self._degrees = degrees
        self._mirror = mirror

    @property
    def colour(self) -> Callable[[], Image] | None:
        colour = self._source.colour
        return (lambda: self._turned(colour())) if colour else None

    def open(self) -> Opened:
        opened = self._source.open()
        if self._degrees in (0, 180):
            return opened
        return replace(opened, width=opened.height, height=opened.width)

    def read(self) -> Image:
        return self._turned(self._source.read())

    def _turned(self, image: Image) -> Image:
        turned = cv2.rotate(image, _CODES[self._degrees]) if self._degrees else image
        return np.asarray(cv2.flip(turned, 1) if self._mirror else turned, np.uint8)
