"""PURE. What is remembered in a film of looks that gave nothing, so that not every frame pays for
them."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from camd.values import Box, Glyph

AGAIN_S = 0.15
"""What gave nothing in a film, the lower threshold, the other polarity or cuts of a mark, is not
tried again for so long, seconds: what comes into view has to be read within 0.3."""
MOVED = 0.1
"""What lies within so many of its heights of where something was is the same."""


class InVain:
    """What was cut in vain in a film, words above all: it is cut again only now and then, for each
    takes as long as many digits. It asks no clock: each call brings its time in seconds, or None
    for a picture on its own."""

    def __init__(self) -> None:
        self._boxes: list[tuple[Box, float]] = []

    def spared(self, glyphs: Sequence[Glyph], at: float | None) -> NDArray[np.bool_]:
        """Tell which glyphs (N,) lie where one was cut in vain just now."""
        if at is not None:
            self._boxes = [one for one in self._boxes if 0 <= at - one[1] < AGAIN_S]
        if at is None or not self._boxes:
            return np.zeros(len(glyphs), bool)
        own = np.array([glyph.box for glyph in glyphs], np.float32).reshape(-1, 1, 4)
        known = np.array([box for box, _ in self._boxes], np.float32)
        apart = np.abs(own - known).max(axis=2)
        return np.asarray((apart <= MOVED * own[..., 3]).any(axis=1))

    def add(self, boxes: Iterable[Box], at: float | None) -> None:
        if at is not None:
            self._boxes += [(box, at) for box in boxes]


class Look:
    """When a further look at a frame is due: at each where it gives digits, else only now and then,
    for it takes as long as the usual one. It asks no clock: each call brings its time in seconds,
    or None for a picture on its own."""

    def __init__(self) -> None:
        self.in_vain = InVain()
        """What was cut in vain in it."""
        self._last = -math.inf
        self.gives = False
        """Whether it gave digits the last time."""

    def due(self, at: float | None) -> bool:
        return at is None or self.gives or not 0 <= at - self._last < AGAIN_S

    def gave(self, at: float | None, *, digits: bool) -> None:
        """Say whether it gave `digits`."""
        if at is not None:
            self._last, self.gives = at, digits
