"""PURE. Even out the light: grey pixels -> ink, 0 where the paper is bare.

The background is the grey closing (Serra 1982) of a reduced frame, which fills whatever dark
is thinner than its window; dividing by it cancels shadows and lamps, which multiply the light.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.tuned import TUNED
from camd.values import Image, Plane

FINE = 2 * TUNED.reduced
"""Pixels of the longer side of a frame in which fine strokes must still be seen."""
POOL = 4
"""Side of the cells in which the local threshold is measured, pixels."""
BLOCK = 8
"""Cells a side of the blocks whose median is taken for bare paper."""


def to_grey(image: Image) -> Plane:
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def fine(grey: Plane) -> Plane:
    """Reduce a frame so far that its light can be measured cheaply, and fine strokes are kept."""
    return _reduce(grey, FINE)


def fine_of_half(half: Plane) -> Plane:
    """Give about the `fine` of a frame from one of half its size, at least FINE pixels long."""
    scale = FINE / max(half.shape)
    if scale <= 0.5:
        return fine(half)
    size = (round(scale * half.shape[1]), round(scale * half.shape[0]))
    return np.asarray(cv2.resize(half, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def is_light_on_dark(small: Plane) -> bool:
    """Tell whether the ink of a frame, reduced by `fine`, is brighter than what it is written on.

    Ink covers less area than the paper around it. So the differences from the local mean are
    skewed towards the ink, while the edges of things count on both sides and nearly cancel. With a
    wide window a sheet on a dark table looks like light ink itself; with a narrow one the gaps
    inside thick strokes do. The sum of both windows is right more often than either."""
    return 0.8 * _skew(_reduce(small), 31) + _skew(small, 17) > 0


def _skew(grey: Plane, window: int) -> float:
    """Give the skewness, -1..1, of the differences from the mean of a window."""
    mean = cv2.boxFilter(grey, cv2.CV_32F, (window, window))
    apart = grey.astype(np.float32)
    apart -= mean
    apart /= cv2.max(mean, TUNED.darkest, dst=mean)  # type: ignore[call-overload]  # scalars, too
    cubes = apart * apart
    cubes *= apart
    return cv2.sumElems(cubes)[0] / max(1e-9, cv2.norm(cubes, cv2.NORM_L1))


def flatten(grey: Plane, small: Plane, *, light_ink: bool) -> Plane:
    """Return the ink: (H, W) uint8, 0 on the background, 255 for ink that reflects no light.

    `small` is the frame reduced by `fine`."""
    small = _reduce(small)
    if light_ink:
        grey = np.asarray(cv2.bitwise_not(grey), np.uint8)
        small = np.asarray(cv2.bitwise_not(small), np.uint8)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, _window(small))
    closed = cv2.blur(closed, (3, 3))
    height, width = grey.shape
    background = cv2.resize(closed, (width, height), interpolation=cv2.INTER_LINEAR)
    if light_ink:  # chalk and screens add their light to the background, so it is subtracted here
        return np.asarray(cv2.subtract(background, grey), np.uint8)
    cv2.max(background, TUNED.darkest, dst=background)  # type: ignore[call-overload]  # scalars, too
    cv2.divide(grey, background, dst=background, scale=255)
    return np.asarray(cv2.bitwise_not(background, dst=background), np.uint8)


def threshold(ink: Plane, share: float = TUNED.ink) -> Plane:
    """Return the mask (H, W) of 0 and 255 of what is ink.

    The level follows the strongest ink nearby, of which it is a `share`, and never falls under what
    bare paper shows there: its median plus several times its spread, so that an empty page stays
    empty."""
    height, width = ink.shape
    strongest = cv2.dilate(ink, np.ones((POOL + 1, POOL + 1), np.uint8))[::POOL, ::POOL]
    reach = 2 * (max(strongest.shape) // 40) + 9
    near = cv2.dilate(strongest, np.ones((reach, reach), np.uint8))
    level = cv2.addWeighted(near, share, near, 0, 0)
    floor = _paper(np.ascontiguousarray(ink[::POOL, ::POOL]))
    paper = cv2.resize(floor, level.shape[::-1], interpolation=cv2.INTER_LINEAR)
    solid = cv2.addWeighted(near, TUNED.solid, near, 0, 0)
    solid = cv2.max(solid, TUNED.grain)  # type: ignore[call-overload]  # scalars, too
    level = cv2.max(level, cv2.min(paper, solid))
    level = cv2.blur(level, (5, 5))
    full = cv2.resize(level, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.compare(ink, full, cv2.CMP_GT), np.uint8)


def _paper(cells: Plane) -> Plane:
    """Give, for each block of cells, the least level that is ink and not paper."""
    height, width = cells.shape
    down, right = -height % BLOCK, -width % BLOCK
    padded = np.asarray(
        cv2.copyMakeBorder(cells, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8
    )
    rows, columns = padded.shape[0] // BLOCK, padded.shape[1] // BLOCK
    blocks = padded.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2)
    # NumPy sorts bytes ten times as slowly as the integers that it has vector instructions for.
    values = np.sort(blocks.reshape(rows, columns, BLOCK * BLOCK).astype(np.int32), axis=2)
    median = values[:, :, BLOCK * BLOCK // 2].astype(np.float32)
    low = values[:, :, BLOCK * BLOCK // 5].astype(np.float32)
    level = median + 5.0 * (median - low)
    # Where a thick stroke fills a whole block, the median of the blocks around it decides.
    level = np.clip(level, TUNED.faintest_ink, 254).astype(np.uint16)
    # OpenCV's median of so few 16-bit numbers is ten times as fast as that of bytes.
    return np.asarray(cv2.medianBlur(level, 5).astype(np.uint8))


def _reduce(grey: Plane, side: int = TUNED.reduced) -> Plane:
    height, width = grey.shape
    factor = -(-max(height, width) // side)
    if factor == 1:
        return grey
    size = (-(-width // factor), -(-height // factor))
    if factor == 3 and not height % 3 and not width % 3:
        # The case of 1080p: the same result as INTER_AREA in a third of its time.
        means = cv2.blur(grey, (3, 3), anchor=(0, 0))
        return np.asarray(cv2.resize(means, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _window(small: NDArray[Any]) -> NDArray[np.uint8]:
    side = 2 * round(TUNED.stroke_share * min(small.shape) / 2) + 1
    return np.ones((max(side, 9), max(side, 9)), np.uint8)
