"""PURE: whether a camera that gives frames is still alive.

Some drivers and servers keep giving their last picture for ever after the camera is gone. A real
sensor has noise, so two frames that are the same in every pixel are one frame given twice.
"""

from collections import deque
from typing import Literal, TypeAlias

import numpy as np

from camd.values import Image

Verdict: TypeAlias = Literal["fine", "withheld", "frozen", "slow"]
"""What to do with a frame. "fine": hand it on. "withheld": do not, because it is still the picture
that froze. "frozen" and "slow": reopen the camera, because its picture has been the same for too
long, or because it hardly gives frames any more."""

FRAMES_OF_A_RATE = 30
"""A rate is measured over so many frames."""
COLLAPSED = 0.1
"""A camera is "slow" when its rate falls below this share of its best one since it was opened. The
limit is so low because darkness alone makes a webcam lose a half or three quarters of its rate."""
STEP = 16
"""Two pictures are first compared at every 16th pixel each way. All pixels are compared only where
these are the same."""


class Liveliness:
    """Watches one camera, across all the times that it is opened again. Times are seconds on one
    monotonic clock."""

    def __init__(self, frozen_s: float, patience_s: float) -> None:
        """`frozen_s` is how many seconds a picture may stay the same; 0 means for ever.
        `patience_s` is how many seconds the rate may stay low."""
        self._frozen_s = frozen_s
        self._patience_s = patience_s
        self._last: Image | None = None
        self._same_since: float | None = None
        self._frozen = False
        self._clocks: deque[float] = deque()
        self._best = 0.0

    def opened(self) -> None:
        """Start measuring again, but remember the picture that froze: a source that was opened
        again may still give it."""
        self._clocks.clear()
        self._best = 0.0
        self._same_since = None

    def update(self, image: Image, clock: float) -> Verdict:
        """Judge the next frame, BGR or grey uint8, grabbed at `clock`."""
        if self._frozen_s:
            same = self._last is not None and _same(image, self._last)
            self._last = image
            if not same or self._same_since is None:
                self._same_since = clock
            if not same:
                self._frozen = False
            elif clock - self._same_since >= self._frozen_s:
                self._frozen = True
                return "frozen"
        if self._slow(clock):
            return "slow"
        return "withheld" if self._frozen else "fine"

    def _slow(self, clock: float) -> bool:
        clocks = self._clocks
        clocks.append(clock)
        since = clock - self._patience_s
        while clocks[0] < since and len(clocks) > FRAMES_OF_A_RATE:
            clocks.popleft()
        if len(clocks) >= FRAMES_OF_A_RATE and clock > clocks[-FRAMES_OF_A_RATE]:
            rate = (FRAMES_OF_A_RATE - 1) / (clock - clocks[-FRAMES_OF_A_RATE])
            self._best = max(self._best, rate)
        if clocks[0] > since:
            return False
        recent = sum(at > since for at in clocks)
        return recent < COLLAPSED * self._best * self._patience_s


def _same(image: Image, other: Image) -> bool:
    return (
        image.shape == other.shape
        and np.array_equal(image[::STEP, ::STEP], other[::STEP, ::STEP])
        and np.array_equal(image, other)
    )
