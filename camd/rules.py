"""PURE. Ruled lines, tables and boxes: taken out of the mask, the strokes that cross them kept.

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

from camd import comb
from camd.components import Components, components, with_runs
from camd.light import Plane
from camd.normalise import stroke_width
from camd.values import Box

LONG = 2.5
"""Least length of a rule, in heights of the writing."""
LONG_ALONE = 0.45
"""Least length of a level rule where too little writing is seen to tell its height, in long
sides of the frame; a single large digit has shorter ones."""
TALL_ALONE = 0.95
"""The same for an upright rule, in heights of the frame: a large 1 is shorter."""
FINELY = 80.0
"""Least length of a rule where the height of the writing is not known, in stroke widths of its
component, if that is less: no pen draws a digit so large and so fine."""
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
class _Line:
    """y = at + slope * (x - middle) from `start` to `end`, or with x and y changed over."""

    at: float
    slope: float
    middle: float
    start: int
    end: int

    def off(self, centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far centres (N, 2) lie from the line, less what it may bend; infinite far off."""
        xs, ys = centres[:, 0], centres[:, 1]
        beyond = np.maximum(0, np.abs(xs - self.middle) - (self.end - self.start) / 2)
        off = np.abs(ys - self.at - self.slope * (xs - self.middle)) - DRIFT * beyond
        off[beyond > self.end - self.start] = np.inf
        return off


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    line: _Line
    thick: int
    """Thickest that it may be, pixels."""
    xs: NDArray[np.intp]
    ys: NDArray[np.intp]
    """Its pixels."""

    @property
    def length(self) -> int:
        return self.line.end - self.line.start

    def joins(self, others: "list[_Rule]") -> bool:
        """Whether both ends of this one lie on rules that run across it."""
        lines = [other.line for other in others]
        crossed = [line.at + line.slope * (self.line.at - line.middle) for line in lines]
        return all(
            any(abs(end - across) <= 1.5 * self.thick for across in crossed)
            for end in (self.line.start, self.line.end)
        )

    def straight(self) -> bool:
        """Whether it is no arc: its bow is less than paper bends."""
        bow = abs(self._bend()[0]) / 4
        return bool(bow <= DRIFT * self.length + self.thick / 2)

    def paint(self, pixels: Plane) -> "_Rule":
        """Set its pixels to 1, but not those of a stroke that runs into it at a slant."""
        apart = self.ys - np.polyval(self._bend(), self._along())
        band = 0.5 * len(self.xs) / np.count_nonzero(np.bincount(self.xs)) + 1.5
        inside = np.abs(apart) <= band
        pixels[self.ys[inside], self.xs[inside]] = 1
        return self

    def _along(self) -> NDArray[np.float64]:
        along: NDArray[np.float64] = (self.xs - self.line.middle) / max(1, self.length)
        return along

    def _bend(self) -> NDArray[np.float64]:
        """The parabola through it, over its length."""
        few = slice(None, None, 1 + len(self.xs) // 1000)
        return np.asarray(np.polyfit(self._along()[few], self.ys[few], 2))

    @property
    def box(self) -> Box:
        top = int(self.ys.min())
        return self.line.start, top, self.length, int(self.ys.max()) + 1 - top


def erase(mask: Plane, found: Components, height: float) -> tuple[Plane, list[Box]]:
    """Return the mask without rules, and the boxes of the rules; the same mask where none is.

    `height` is that of the writing in pixels, 0 where it is not known."""
    rows, columns = mask.shape
    length, tall = LONG * height, LONG * height
    if not height:
        length = max(LONG_ALONE * max(rows, columns), 0.8 * rows)
        tall = TALL_ALONE * rows
    least = min(length, tall) if height else 0.2 * max(rows, columns)
    long = (found.stats[:, 2:4] >= least).any(axis=1)
    large = np.flatnonzero(long)[:MOST]
    boxes: list[Box] = []
    scraps = np.zeros(len(found.stats), bool)
    clean = mask.copy() if len(large) else mask
    for index in large:
        x, y, width, height_ = found.stats[index, :4].tolist()
        part = (slice(y, y + height_), slice(x, x + width))
        own = (found.labels[part] == index + 1).view(np.uint8)
        rules, level, upright = _rules(own, length, tall, 0 if height else FINELY)
        np.copyto(clean[part], 0, where=rules.view(bool))
        boxes += [(x + left, y + top, w, h) for left, top, w, h in (r.box for r in level)]
        boxes += [(x + left, y + top, w, h) for top, left, h, w in (r.box for r in upright)]
        apart = found.centres - (x, y)
        for rule in level:
            scraps |= (rule.line.off(apart) <= rule.thick / 2) & (found.stats[:, 3] <= rule.thick)
        for rule in upright:
            off = rule.line.off(apart[:, ::-1])
            scraps |= (off <= rule.thick / 2) & (found.stats[:, 2] <= rule.thick)
    for index in np.flatnonzero(scraps):
        x, y, width, height_ = found.stats[index, :4].tolist()
        part = (slice(y, y + height_), slice(x, x + width))
        clean[part][found.labels[part] == index + 1] = 0
    return clean, boxes


class _Pieces:
    """The connected pieces of a mask, ready to have lines laid through any of them."""

    def __init__(self, mask: Plane) -> None:
        found, self._runs = with_runs(mask)
        self.stats, self.centres = found.stats, found.centres
        self._left, self._right = self.stats[:, 0], self.stats[:, 0] + self.stats[:, 2]
        runs, count = self._runs, len(self.stats)
        length = runs.stop - runs.start
        x = length * (runs.start + runs.stop - 1) / 2
        x_x = _squares(runs.stop) - _squares(runs.start)
        parts = (x, length * runs.y, x_x, x * runs.y, length)
        self._sums = np.array([np.bincount(runs.owner, part, count) for part in parts])

    def rule(self, on: NDArray[np.bool_], thick: int) -> _Rule:
        chosen = on[self._runs.owner]
        start, stop = self._runs.start[chosen], self._runs.stop[chosen]
        length = stop - start
        before = np.cumsum(length) - length
        xs = np.arange(length.sum()) + np.repeat(start - before, length)
        return _Rule(self.line(on), thick, xs, np.repeat(self._runs.y[chosen], length))

    def line(self, on: NDArray[np.bool_]) -> _Line:
        """Lay a straight line through the pixels of the pieces that are `on`."""
        chosen = np.flatnonzero(on)
        *sums, area = self._sums[:, chosen].sum(axis=1).tolist()
        middle, at, x_x, x_y = (total / area for total in sums)
        slope = (x_y - middle * at) / max(x_x - middle * middle, 1e-6)
        start, end = self._left[chosen].min(), self._right[chosen].max()
        return _Line(at, slope, middle, int(start), int(end))


def _squares(below: NDArray[np.intp]) -> NDArray[np.float64]:
    """The sum of the squares of all whole numbers from 0 to just below each."""
    return np.asarray((below - 1) * below * (2 * below - 1) / 6)


def _rules(
    own: Plane, length: float, tall: float, finely: float
) -> tuple[Plane, list[_Rule], list[_Rule]]:
    """Find the pixels of the rules of one component, and its level and upright rules; none is
    shorter than `length` and `tall`, or than `finely` stroke widths where that is less and not 0.
    """
    pixels = np.zeros_like(own)
    stroke = stroke_width(own)
    if stroke > THICKEST:
        return pixels, [], []
    if finely:
        length, tall = min(length, finely * stroke), min(tall, finely * stroke)
    thick = round(min(max(THICKER * stroke, 3), THICKEST))
    level = [rule.paint(pixels) for rule in _level(own, length, FILL, thick)]
    left = _left(own, pixels, level)
    for rule in level:
        teeth = comb.teeth(left, rule.line, thick)
        if len(teeth):
            left.draw(teeth, pixels)
            left = _left(own, pixels, level)
    tops = sorted(rule.line.at for rule in level)
    gaps = [b - a - thick / 2 for a, b in pairwise(tops) if b - a > 3 * thick]
    tooth = min([tall, *(TOOTH * gap for gap in gaps)])
    turned = np.zeros_like(own.T, order="C")
    fill = TOOTH_FILL if gaps else FILL
    lying = np.asarray(cv2.transpose(own), np.uint8)
    upright = _level(lying, tooth, fill, thick)
    across = [rule for rule in upright if rule.joins(level)]
    lean = float(np.median([rule.line.slope for rule in across])) if across else 0.0
    upright = [
        rule.paint(turned)
        for rule in upright
        if rule.length >= tall or (rule in across and abs(rule.line.slope - lean) <= LEAN)
    ]
    _slivers(_left(lying, turned, upright), turned, upright)
    _slivers(left, pixels, level)
    return np.asarray(cv2.max(pixels, cv2.transpose(turned)), np.uint8), level, upright


def _left(own: Plane, pixels: Plane, rules: list[_Rule]) -> Components:
    """What is left of a mask without the pixels of rules; without rules nobody asks."""
    mask = np.asarray(cv2.subtract(own, pixels), np.uint8) if rules else np.zeros((1, 1), np.uint8)
    return components(mask)


def _slivers(left: Components, pixels: Plane, rules: list[_Rule]) -> None:
    """Add to the pixels of rules what is `left` along them: half a thick rule looks like a 1."""
    length, across = left.stats[:, 2:4].T
    along = np.zeros(len(length), bool)
    for rule in rules:
        thin = (across <= rule.thick) & (length >= 2 * across)
        along |= thin & (rule.line.off(left.centres) <= rule.thick)
    left.draw(np.flatnonzero(along), pixels)


def _level(own: Plane, length: float, fill: float, thick: int) -> list[_Rule]:
    """Find the nearly level rules, at least `length` long, of a mask of zeros and ones."""
    if own.shape[1] < length:
        return []
    across = np.ones((thick + 1, 1), np.uint8)
    # Without zeros around it, OpenCV takes ink at the border for ink that goes on beyond it.
    padded = np.pad(own, ((thick + 1,), (0,)))
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, across)[thick + 1 : -thick - 1]
    pieces = _Pieces(np.asarray(cv2.subtract(own, opened), np.uint8))
    left, width, tall = pieces.stats[:, 0], pieces.stats[:, 2], pieces.stats[:, 3]
    flat = (width >= 2 * tall) & (width >= length / 10)
    free = np.ones(len(width), bool)
    rules: list[_Rule] = []
    tries = TRIES
    for seed in np.argsort(-width, kind="stable"):
        if tries == 0 or width[seed] < length / 10:
            break
        if not (flat[seed] and free[seed]):
            continue
        on = np.zeros(len(width), bool)
        on[seed] = True
        loose = flat & free
        for _ in range(3):  # a longer line is a surer one, and finds more pieces
            before = on
            on = before | (loose & (pieces.line(on).off(pieces.centres) <= thick))
            if (on == before).all():
                break
        span = int((left[on] + width[on]).max()) - int(left[on].min())
        if span < length or width[on].sum() < fill * span:
            tries -= 1
            continue
        on |= free & (tall <= thick) & (pieces.line(on).off(pieces.centres) <= thick / 2)
        rule = pieces.rule(on, thick)
        if not rule.straight():
            tries -= 1
            continue
        free &= ~on
        rules.append(rule)
    return rules
