"""Ruled lines, tables and boxes: taken out of the mask, the strokes that cross them kept.

A rule is told from a stroke by its length, and a pixel of it from a crossing stroke by the run
of ink through it across the rule: short on the rule alone, long where a stroke passes (the
run-length method of form processing, e.g. Yu and Jain 1996, "A generic system for form
dropout").
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.light import Plane
from camd.normalise import stroke_width
from camd.values import Box

LONG = 2.5
"""Least length of a rule, in heights of the writing."""
LONG_ALONE = 0.45
"""Least length of a rule where too little writing is seen to tell its height, in long sides of
the frame."""
TOOTH = 0.95
"""Least length of a rule across a box or comb, in clear distances of the rules it joins."""
FILL = 0.5
"""Least share of a rule's length that is seen between the strokes that cross it."""
TOOTH_FILL = 0.35
"""The same across a box or comb, where a digit covers most of it."""
THICKEST = 14
"""Thickest rule, pixels."""
THICKER = 1.7
"""Thickest rule, in mean stroke widths of its component."""
LEAN = 0.07
"""How far the slope of a rule across a comb may differ from that of the others."""
TRIES = 12
"""Seeds that may lead nowhere before a component is taken to have no more rules."""
DRIFT = 0.02
"""How far a rule may bend away from its straight line, in distances from its end."""
MOST = 200
"""Components searched for rules at most; a frame of texture has more."""


@dataclass(frozen=True, slots=True)
class Components:
    """The connected components of a mask, the background left out of all but `labels`."""

    labels: NDArray[np.int32]
    """(H, W), 0 on the background, index + 1 on a component."""
    stats: NDArray[np.int32]
    """(N, 5): x, y, width, height, area, pixels."""
    centres: NDArray[np.float64]
    """(N, 2): x, y, pixels."""


def components(mask: Plane) -> Components:
    # The default algorithm takes seven times as long in OpenCV 5.0.
    _, labels, stats, centres = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    return Components(
        np.asarray(labels, np.int32),
        np.asarray(stats[1:], np.int32),
        np.asarray(centres[1:], np.float64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    """y = at + slope * (x - middle) from `start` to `end`, or with x and y changed over."""

    at: float
    slope: float
    middle: float
    start: int
    end: int
    thick: int
    """Thickest that it may be, pixels."""
    xs: NDArray[np.intp]
    ys: NDArray[np.intp]
    """Its pixels."""

    def off(self, centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far centres (N, 2) lie from the rule, less what it may bend; infinite far off."""
        xs, ys = centres[:, 0], centres[:, 1]
        beyond = np.maximum(0, np.abs(xs - self.middle) - (self.end - self.start) / 2)
        off = np.abs(ys - self.at - self.slope * (xs - self.middle)) - DRIFT * beyond
        off[beyond > self.end - self.start] = np.inf
        return off

    def joins(self, others: "list[_Rule]") -> bool:
        """Whether both ends of this one lie on rules that run across it."""
        crossed = [other.at + other.slope * (self.at - other.middle) for other in others]
        return all(
            any(abs(end - across) <= 1.5 * self.thick for across in crossed)
            for end in (self.start, self.end)
        )

    def paint(self, pixels: Plane) -> "_Rule":
        """Set its pixels to 1, but not those of a stroke that runs into it at a slant."""
        x = (self.xs - self.middle) / max(1, self.end - self.start)
        apart = self.ys - np.polyval(np.polyfit(x, self.ys, 2), x)  # paper bends
        band = 0.5 * len(self.xs) / len(np.unique(self.xs)) + 1.5
        inside = np.abs(apart) <= band
        pixels[self.ys[inside], self.xs[inside]] = 1
        return self

    @property
    def box(self) -> Box:
        top = int(self.ys.min())
        return self.start, top, self.end - self.start, int(self.ys.max()) + 1 - top


def erase(mask: Plane, found: Components, height: float) -> tuple[Plane, list[Box]]:
    """Return the mask without rules, and the boxes of the rules; the same mask where none is.

    `height` is that of the writing in pixels, 0 where it is not known."""
    length = LONG * height if height else LONG_ALONE * max(mask.shape)
    large = np.flatnonzero(found.stats[:, 2:4].max(axis=1, initial=0) >= length)[:MOST]
    boxes: list[Box] = []
    scraps = np.zeros(len(found.stats), bool)
    clean = mask.copy() if len(large) else mask
    for index in large:
        x, y, width, height_ = (int(side) for side in found.stats[index, :4])
        part = (slice(y, y + height_), slice(x, x + width))
        own = (found.labels[part] == index + 1).astype(np.uint8)
        rules, level, upright = _rules(own, length)
        clean[part][rules > 0] = 0
        boxes += [(x + left, y + top, w, h) for left, top, w, h in (r.box for r in level)]
        boxes += [(x + left, y + top, w, h) for top, left, h, w in (r.box for r in upright)]
        apart = found.centres - (x, y)
        for rule in level:
            scraps |= (rule.off(apart) <= rule.thick / 2) & (found.stats[:, 3] <= rule.thick)
        for rule in upright:
            off = rule.off(apart[:, ::-1])
            scraps |= (off <= rule.thick / 2) & (found.stats[:, 2] <= rule.thick)
    if scraps.any():
        clean[np.concatenate(([False], scraps))[found.labels]] = 0
    return clean, boxes


class _Pieces:
    """The connected pieces of a mask, ready to have lines laid through any of them."""

    def __init__(self, mask: Plane) -> None:
        found = components(mask)
        self.stats, self.centres = found.stats, found.centres
        rows, columns = np.nonzero(found.labels)
        index = found.labels[rows, columns] - 1
        order = np.argsort(index, kind="stable")
        self._xs, self._ys, self._index = columns[order], rows[order], index[order]
        count = len(self.stats)
        x, y = self._xs.astype(np.float64), self._ys.astype(np.float64)
        self._sums = np.array(
            [np.bincount(self._index, part, count) for part in (x, y, x * x, x * y)]
        )

    def fit(self, on: NDArray[np.bool_], thick: int) -> _Rule:
        """Lay a straight line through the pixels of the pieces that are `on`."""
        left, width, area = self.stats[on, 0], self.stats[on, 2], self.stats[on, 4]
        middle, at, x_x, x_y = self._sums[:, on].sum(axis=1) / area.sum()
        slope = (x_y - middle * at) / max(x_x - middle * middle, 1e-6)
        chosen = on[self._index]
        start, end = int(left.min()), int((left + width).max())
        return _Rule(at, slope, middle, start, end, thick, self._xs[chosen], self._ys[chosen])


def _rules(own: Plane, length: float) -> tuple[Plane, list[_Rule], list[_Rule]]:
    """Find the pixels of the rules of one component, and its level and upright rules."""
    thick = round(min(max(THICKER * stroke_width(own), 3), THICKEST))
    pixels = np.zeros_like(own)
    level = [rule.paint(pixels) for rule in _level(own, length, FILL, thick)]
    tops = sorted(rule.at for rule in level)
    gaps = [b - a - thick / 2 for a, b in pairwise(tops) if b - a > 3 * thick]
    tooth = min([length, *(TOOTH * gap for gap in gaps)])
    turned = np.zeros_like(own.T, order="C")
    fill = TOOTH_FILL if gaps else FILL
    upright = _level(np.ascontiguousarray(own.T), tooth, fill, thick)
    teeth = [rule for rule in upright if rule.joins(level)]
    lean = float(np.median([rule.slope for rule in teeth])) if teeth else 0.0
    upright = [
        rule.paint(turned)
        for rule in upright
        if rule.end - rule.start >= length or (rule in teeth and abs(rule.slope - lean) <= LEAN)
    ]
    return np.maximum(pixels, turned.T), level, upright


def _level(own: Plane, length: float, fill: float, thick: int) -> list[_Rule]:
    """Find the nearly level rules, at least `length` long, of a mask of zeros and ones."""
    if own.shape[1] < length:
        return []
    across = np.ones((thick + 1, 1), np.uint8)
    thin = cv2.subtract(own, cv2.morphologyEx(own, cv2.MORPH_OPEN, across))
    pieces = _Pieces(np.asarray(thin, np.uint8))
    left, width, tall = pieces.stats[:, 0], pieces.stats[:, 2], pieces.stats[:, 3]
    flat = (width >= 2 * tall) & (width >= length / 10)
    free = np.ones(len(width), bool)
    rules: list[_Rule] = []
    tries = TRIES
    for seed in np.argsort(-width, kind="stable"):
        if tries == 0 or width[seed] < length / 6:
            break
        if not (flat[seed] and free[seed]):
            continue
        on = np.zeros(len(width), bool)
        on[seed] = True
        for _ in range(3):  # a longer line is a surer one, and finds more pieces
            rule = pieces.fit(on, thick)
            on |= flat & free & (rule.off(pieces.centres) <= thick)
        span = int((left[on] + width[on]).max()) - int(left[on].min())
        if span < length or width[on].sum() < fill * span:
            tries -= 1
            continue
        on |= free & (tall <= thick) & (pieces.fit(on, thick).off(pieces.centres) <= thick / 2)
        free &= ~on
        rules.append(pieces.fit(on, thick))
    return rules
