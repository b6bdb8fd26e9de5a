"""PURE. Grey pixels -> page: the frame as it is searched for digits, its light evened out and its
rules taken out; and whether its ink is large enough to be read so.
"""

from dataclasses import dataclass, field
from typing import Self

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from camd.segment import binarize
from camd.segment.components import Components, components
from camd.segment.ruling import erase
from camd.tuned import TUNED
from camd.values import SIDE, Box, Plane


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    grey: Plane
    """(H, W), inverted where the ink is light."""
    ink: Plane
    """(H, W), 0 where the paper is bare."""
    bare: Plane
    """(H, W), 255 where there is no ink, not even dust, and 0 elsewhere."""
    pieces: Components
    """Those of the ink, without dust."""
    scale: float
    """Pixels of `ink` a pixel of the source."""
    least: float
    """Least height of a digit, pixels of `ink`."""
    ruled: tuple[Box, ...]
    """The boxes of the rules taken out, pixels of `ink`."""

    def source(self, boxes: ArrayLike) -> list[Box]:
        """Give boxes (N, 4) in pixels of the source."""
        sides = np.asarray(boxes, np.intp).reshape(-1, 4)
        if self.scale != 1:
            sides = np.rint(sides / self.scale).astype(np.intp)
            sides[:, 2:] = np.maximum(sides[:, 2:], 1)
        return [(x, y, width, height) for x, y, width, height in sides.tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What is known of a frame before its ink is searched."""

    small: Plane
    """The frame, `binarize.fine`."""
    min_height: float
    """Least height of a digit, pixels of the source."""
    light_ink: bool = field(kw_only=True)
    """Whether the ink is brighter than what it is written on."""
    share: float = field(default=TUNED.ink, kw_only=True)
    """As for `binarize.threshold`."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A page before its rules are taken out."""

    _grey: Plane
    _ink: Plane
    _mask: Plane
    _pieces: Components
    _scale: float
    _least: float

    @classmethod
    def of(cls, grey: Plane, scale: float, drawn: Drawn) -> Self:
        """Find the ink of a frame, (H, W), that has `scale` pixels a pixel of the source."""
        ink = binarize.flatten(grey, drawn.small, light_ink=drawn.light_ink)
        if drawn.light_ink:
            grey = np.asarray(cv2.bitwise_not(grey), np.uint8)
        mask = binarize.threshold(ink, drawn.share)
        least = max(4.0, drawn.min_height * scale)
        pieces = _without_dust(components(_without_dots(mask)), least)
        return cls(grey, ink, mask, pieces, scale, least)

    def tall(self) -> bool:
        """Tell whether it has characters, and nearly all of them are so tall that a frame of twice
        the size would not show them better: as high as a crop."""
        height, ink = self._characters()[:, 3:5].T
        return len(height) > 0 and bool(ink[height < SIDE].sum() <= TUNED.short_share * ink.sum())

    def page(self) -> Page:
        """Take the rules out."""
        mask = self._mask.copy()
        pieces, ruled = erase(mask, self._pieces, self._writing())
        if ruled:
            pieces = _without_dust(pieces, self._least)
        bare = np.asarray(cv2.bitwise_not(mask, dst=mask), np.uint8)
        return Page(self._grey, self._ink, bare, pieces, self._scale, self._least, tuple(ruled))

    def _writing(self) -> float:
        """Give the height of the writing, in pixels: half of the ink is in characters of at most
        this height. 0 where there are none."""
        height, ink = self._characters()[:, 3:5].T
        if not len(height):
            return 0.0
        order = np.argsort(height, kind="stable")
        below = np.cumsum(ink[order])
        return float(height[order][np.searchsorted(below, below[-1] / 2)])

    def _characters(self) -> NDArray[np.int32]:
        """Give the `stats` (N, 5) of the pieces that could be characters; none where there are too
        few to tell."""
        width, height = self._pieces.stats[:, 2:4].T
        like = (height >= self._least) & (height < max(self._ink.shape) / 4)
        like &= (width < 2 * height) & (height < 8 * width)
        if np.count_nonzero(like) < TUNED.few:
            like[:] = False
        return np.asarray(self._pieces.stats[like], np.int32)


def _without_dots(mask: Plane) -> Plane:
    """Drop pixels without a neighbour: most of the noise, and nothing of a stroke."""
    around = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
    return np.asarray(cv2.bitwise_and(mask, cv2.dilate(mask, around)), np.uint8)


def _without_dust(pieces: Components, least: float) -> Components:
    width, height = pieces.stats[:, 2:4].T
    return pieces.chosen(np.maximum(width, height) >= TUNED.part * least)
