"""PURE. Finds the decimal point, or the decimal comma, of a row of digits that has been read.

It stands at the foot of the row, in the gap between two digits or before the first. Whatever stands
out there as a blot is looked at, in a window that is stretched so that the ink of the digits is
white and their ground black. A machine says whether it is a point, a colon, or none of both: a part
of a digit, a speck, or a point of a display that is off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.laps import Lap, no_lap
from camd.values import SIDE, Box, Classified, DoubleArray, FloatArray, Plane

TALL = 28.0
"""Height of a digit in a window, pixels."""
ABOVE = 0.72
"""Share of a window that is above the middle of the blot: a colon has another one there."""
HIGHEST, LOWEST = 0.26, 0.22
"""How far above the foot of the digits, and below it, the middle of a blot may be, in heights: of
some displays the digits are read a little too high or low."""
BESIDE = 0.85
"""How far left of the middle of the first digit a point may stand, in heights."""
UNDER = 0.08
"""What is closer to the middle of a digit, across, is a part of it, in heights. That leaves out a
fifth of all blots, and none of 383 drawn points that are one."""
FINE, COARSE = 0.04, 0.08
"""Standard deviations of the two Gaussians whose difference finds blots, in heights. Of drawn
points 93 % were one with these, with 0.05 and 0.12 89 %: segments beside them hid the others."""
FAINTEST = 0.02
"""Least difference of the two, as a share of the digits' contrast."""
STROKE = 11
"""Pixels of a window that the stroke of a digit is at most wide."""
NEAR = 23
"""So many pixels around, the ink is equally strong."""
WEAKEST = 0.3
"""Or else it is noise, as a share of the digits' ink."""
POINT, COLON, NONE = 0, 1, -1
"""What the machine says."""
LEAST = 0.08
"""Share of a digit's pixels that surely are its ground, and that surely are its ink."""
SURE = (0.7, 0.02), (0.95, 0.3)
"""Least probability of a point, with so much at most of any other in the row: where points that are
off, or specks, stand in other gaps as well, it has to be clearer."""
NONE_SURE = 0.1
"""Most probability of a point where there is none. Of 3,841 rows drawn as those to learn from are,
with 0.8 and 0.3 as SURE and 0.3 here 10 had a point that is none or elsewhere, 103 none for one,
and 287 were doubtful; with these it is 8, 62 and 475."""
LACKING = 0.5
"""Probability of a point before the first digit, above which it more likely lacks the digit before
that: a number seldom begins with its point."""


class Machine(Protocol):
    """What tells points from the rest."""

    def classify(self, crops: NDArray[np.uint8], lap: Lap = no_lap) -> Classified:
        """Say of windows (N, 28, 28) uint8 what stands in each."""


@dataclass(frozen=True, slots=True, eq=False)
class Blots:
    """What may be points: N of them."""

    windows: NDArray[np.uint8]
    """(N, 28, 28), bright ink on 0."""
    after: NDArray[np.int64]
    """(N,) after how many digits of the row each stands."""
    x: DoubleArray
    y: DoubleArray
    """(N,) their middles, pixels of the picture."""


@dataclass(frozen=True, slots=True)
class Point:
    """What is known of the decimal point of a row."""

    sure: bool
    """Or else there may be one, or two, or another one."""
    after: int | None = None
    """How many digits stand before it; None where there is none."""


def find(picture: Plane, digits: Sequence[Box], machine: Machine, *, light_ink: bool) -> Point:
    """Find the decimal point of a row in a picture, grey uint8; `digits` are the boxes of its
    digits, from left to right."""
    if not digits:
        return Point(sure=True)
    return decide(likely(blots(picture, digits, light_ink=light_ink), len(digits), machine))


def likely(seen: Blots, digits: int, machine: Machine) -> FloatArray:
    """Give the probability of a point before each of so many digits, (digits,)."""
    most = np.zeros(digits, np.float32)
    if len(seen.windows):
        said = machine.classify(seen.windows)
        is_point = np.where(said.labels == POINT, said.confidence, 1 - said.confidence)
        np.maximum.at(most, seen.after, is_point)
    return most


def decide(probabilities: FloatArray) -> Point:
    """Say where the point is, from the probability of one before each digit."""
    if probabilities[0] > LACKING:
        return Point(sure=False, after=0)
    between = probabilities[1:]
    if between.max(initial=0) <= NONE_SURE:
        return Point(sure=True)
    best = int(between.argmax())
    others = float(np.delete(between, best).max(initial=0))
    sure = any(between[best] >= least and others <= most for least, most in SURE)
    return Point(sure, best + 1)


def blots(picture: Plane, digits: Sequence[Box], *, light_ink: bool) -> Blots:
    """Find what stands out at the foot of a row in a picture, grey uint8; `digits` are the boxes of
    its digits, from left to right."""
    boxes: DoubleArray = np.array(digits, np.float64).reshape(-1, 4)
    tall = float(np.median(boxes[:, 3]))
    scale = TALL / tall
    middles, feet = boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3]
    left, right = middles[0] - (BESIDE + 0.6) * tall, middles[-1] + 0.6 * tall
    top, bottom = feet.min() - 1.1 * tall, feet.max() + 0.6 * tall
    first, last, above, below = (max(0, int(at)) for at in (left, right, top, bottom))
    part = picture[above:below, first:last]
    if min(part.shape) < 2:
        return _NO_BLOTS
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(part, size, interpolation=how).astype(np.float32)
    boxes = (boxes - (first, above, 0, 0)) * scale
    middles, feet = (middles - first) * scale, (feet - above) * scale
    columns = np.arange(small.shape[1])
    # Light falls unevenly, and of wheels the last ones have colours of their own.
    low, high = np.array([_levels(small, box) for box in boxes]).T
    low, high = (np.interp(columns, middles, own).astype(np.float32) for own in (low, high))
    ink = (small - low if light_ink else high - small) / np.maximum(high - low, 1)
    ink = _evened(np.clip(ink, 0, 1, dtype=np.float32))
    fine, coarse = (cv2.GaussianBlur(ink, (0, 0), share * TALL) for share in (FINE, COARSE))
    seen = fine - coarse
    foot = np.interp(columns, middles, feet)
    rows = np.arange(small.shape[0])[:, None]
    peaks = (seen >= cv2.dilate(seen, np.ones((3, 3), np.uint8))) & (seen >= FAINTEST)
    peaks &= (rows >= foot - HIGHEST * TALL) & (rows <= foot + LOWEST * TALL)
    peaks &= (columns > middles[0] - BESIDE * TALL) & (columns < middles[-1])
    peaks &= np.abs(columns[:, None] - middles).min(axis=1) >= UNDER * TALL
    y, x = np.nonzero(peaks)
    if not len(x):
        return _NO_BLOTS
    windows = _windows(ink, x, y)
    after = np.searchsorted(middles, x)
    return Blots(windows, after, x / scale + first, y / scale + above)


_NO_BLOTS = Blots(
    np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
)


def _evened(ink: FloatArray) -> FloatArray:
    """Take away what is broader than a stroke, and stretch the rest (H, W) to the ink close by: a
    display is worn or lit in part, and has a shadow behind it."""
    stroke = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (STROKE, STROKE))
    lone = ink - cv2.morphologyEx(ink, cv2.MORPH_OPEN, stroke)
    usual = cv2.blur(cv2.dilate(lone, np.ones((NEAR, NEAR), np.uint8)), (NEAR, NEAR))
    return np.minimum(lone / np.maximum(usual, WEAKEST), 1).astype(np.float32)


def _levels(picture: FloatArray, box: DoubleArray) -> tuple[float, float]:
    """Return the grey levels of a digit's darker part and of its lighter one."""
    x, y, width, height = (max(0, round(side)) for side in box)
    values = np.sort(picture[y : y + height, x : x + width], axis=None)
    if not len(values):
        return 0.0, 1.0
    last = len(values) - 1
    return float(values[round(LEAST * last)]), float(values[round((1 - LEAST) * last)])


def _windows(ink: FloatArray, x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.uint8]:
    up = round(ABOVE * SIDE)
    padded = cv2.copyMakeBorder(
        (255 * ink).astype(np.uint8), up, SIDE - up, SIDE // 2, SIDE // 2, cv2.BORDER_REPLICATE
    )
    every = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE))
    return np.ascontiguousarray(every[y, x])
