"""PURE. Ruled lines, tables and boxes: taken out of the mask, the strokes that cross them kept.

A rule is told from a stroke by its length, and a pixel of it from a crossing stroke by the run
of ink through it across the rule: short on the rule alone, long where a stroke passes (the
run-length method of form processing, e.g. Yu and Jain 1996, "A generic system for form
dropout"). So level rules are looked for in the runs along the columns, upright ones in those
along the rows.

The teeth of a comb field go with their rule: short upright strokes that part the places of a
number. One alone looks like a 1; many stand on one rule, alike, at even distances. So does a
dash: a piece of a rule that is too faint to be seen whole. A 1 ends on bare paper; beyond the
ends of a dash the rule goes on, in fainter ink. That is measured here, and what it says is weighed
with all that is around a glyph (camd.hypotheses.surroundings).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.geometry import median
from camd.segment.components import Components, connected, together
from camd.segment.measures import Bar, stroke_width
from camd.segment.runs import Runs
from camd.tuned import TUNED
from camd.values import Box, DoubleArray, FloatArray, IntArray, Plane

Bend: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Straight:
    """y = at + slope * (x - middle) from `start` to `end`; of upright rules x and y are swapped."""

    at: float
    slope: float
    middle: float
    start: int
    end: int

    def off(self, centres: DoubleArray) -> DoubleArray:
        """Give how far centres (N, 2) lie from the line, less what the rule may bend; infinite out
        of its reach."""
        length = self.end - self.start
        along = centres[:, 0] - self.middle
        beyond = np.maximum(0, np.abs(along) - length / 2)
        off: DoubleArray = (
            np.abs(centres[:, 1] - self.at - self.slope * along) - TUNED.rule_drift * beyond
        )
        off[beyond > length] = np.inf
        return off


def lengthwise(ink: Components) -> NDArray[np.int32]:
    """Give Components.stats with x along the rules that are searched; the runs lie across them."""
    return ink.stats[:, [1, 0, 3, 2, 4]]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of ink (N), prepared so that a line is quickly fitted to any choice of them."""

    centres: DoubleArray
    """(N, 2): along rules and across them, pixels."""
    ends: DoubleArray
    """(2, N): where each begins along the rules, and the negative of where it ends."""
    sums: DoubleArray
    """(5, N): sums over the pixels of each: x, y, x * x, x * y, and 1."""

    @classmethod
    def of(cls, ink: Components) -> "Pieces":
        """`ink` is in runs across rules."""
        area, along = ink.runs.length, ink.runs.row
        across = area * (ink.runs.start + ink.runs.stop - 1) / 2
        of_runs = np.array([area * along, across, area * along * along, across * along, area])
        sums = np.add.reduceat(of_runs, ink.first[:-1], axis=1)
        ends = np.array([ink.stats[:, 1], -ink.stats[:, 1] - ink.stats[:, 3]], np.float64)
        return cls((sums[:2] / sums[4]).T, ends, sums)

    def chosen(self, which: NDArray[np.bool_]) -> "Pieces":
        """Choose some of them, (N,)."""
        return Pieces(self.centres[which], self.ends[:, which], self.sums[:, which])

    def line(self, on: NDArray[np.bool_]) -> Straight:
        """Fit a straight line to the pixels of the pieces that are `on`, by least squares."""
        *sums, area = (self.sums @ on).tolist()
        middle, at, x_x, x_y = (total / area for total in sums)
        slope = (x_y - middle * at) / max(x_x - middle * middle, 1e-6)
        start, end = self.ends[:, on].min(axis=1).tolist()
        return Straight(at, slope, middle, int(start), -int(end))


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    line: Straight
    thick: int
    """Greatest thickness, pixels."""
    runs: Runs
    """Its ink, in runs across it."""
    bend: Bend
    """(a, b, c) of y = a + b * u + c * u * u, where u is 0 in the middle of the line and grows by 1
    over its length."""
    own: Runs
    """Its runs, without the parts that belong to a stroke that meets it at a slant."""

    @property
    def length(self) -> int:
        return self.line.end - self.line.start

    @property
    def box(self) -> Box:
        """In coordinates whose x is along the rule."""
        top = int(self.runs.start.min())
        return self.line.start, top, self.length, int(self.runs.stop.max()) - top

    @classmethod
    def along(cls, line: Straight, runs: Runs, thick: int) -> "Rule":
        """Make a rule of ink, along its straight `line`."""
        shares: DoubleArray = (runs.row - line.middle) / max(1, line.end - line.start)
        bend = _bend(runs, shares)
        return cls(line, thick, runs, bend, _own(runs, _middle(bend, shares), _band(runs)))

    def joins(self, others: Sequence["Rule"]) -> bool:
        """Whether both ends of this one lie on rules that run across it."""
        lines = [other.line for other in others]
        crossed = [line.at + line.slope * (self.line.at - line.middle) for line in lines]
        return all(
            any(abs(end - across) <= 1.5 * self.thick for across in crossed)
            for end in (self.line.start, self.line.end)
        )

    def straight(self) -> bool:
        """Whether it is a rule. An arc bends more than paper does. A row of short pieces that all
        run another way, as along the diagonal of a squared sheet, is none either."""
        bow = abs(self.bend[2]) / 4
        along = 2 * int(self.own.length.sum()) >= int(self.runs.length.sum())
        return along and bow <= TUNED.rule_drift * self.length + self.thick / 2


def _own(runs: Runs, middle: DoubleArray, band: float) -> Runs:
    start = np.maximum(runs.start, np.ceil(middle - band).astype(np.intp))
    stop = np.minimum(runs.stop, np.floor(middle + band).astype(np.intp) + 1)
    own = Runs(runs.row, start, stop)
    return own[start < stop]


def _band(runs: Runs) -> float:
    """Give how far the ink of a rule reaches from its middle, pixels."""
    return float(0.5 * runs.length.sum() / np.count_nonzero(np.bincount(runs.row)) + 1.5)


def _middle(bend: Bend, u: DoubleArray) -> DoubleArray:
    middle: DoubleArray = bend[0] + u * (bend[1] + u * bend[2])
    return middle


def _bend(runs: Runs, u: DoubleArray) -> Bend:
    """Fit a parabola to the pixels of a rule by least squares; see Rule.bend. Fitted again, with
    less weight on what lies off it, as strokes along the rule do, it reads no more images."""
    mass, y = runs.length.astype(np.float64), (runs.start + runs.stop - 1) / 2
    whole = float(mass.sum())
    middle = float(mass @ u) / whole
    v = u - middle
    v_v = v * v
    y = mass * y
    second = max(float(mass @ v_v), 1e-9)
    third, fourth = float(mass @ (v_v * v)), float(mass @ (v_v * v_v))
    y_1, y_v, y_v_v = float(y.sum()), float(y @ v), float(y @ v_v)
    # v * v is made orthogonal to 1 and to v, so that the three coefficients are found one by one.
    flat, lean = second / whole, third / second
    bow = (y_v_v - lean * y_v - flat * y_1) / max(fourth - lean * third - flat * second, 1e-9)
    at, slope = y_1 / whole - bow * flat, y_v / second - bow * lean
    return at - slope * middle + bow * middle * middle, slope - 2 * bow * middle, bow


_NO_TEETH = np.zeros(0, np.intp)


def teeth(stats: NDArray[np.int32], line: Straight, thick: int) -> IntArray:
    """Give the indices of the teeth that stand on a level rule, or hang from it. `stats` are
    Components.stats of the ink without rules, `thick` is the greatest thickness of a rule in
    pixels."""
    x, y, width, height, area = stats.T.astype(np.float64)
    middle = x + width / 2
    foot = line.at + line.slope * (middle - line.middle)
    reach = 1.5 * thick + 1
    stands = (np.abs(y + height - foot) <= reach) | (np.abs(y - foot) <= reach)
    slim = (area <= thick * height) & (width <= thick + 0.35 * height)
    chosen = np.flatnonzero(stands & slim & (height >= 2 * thick))
    if len(chosen) > TUNED.few:
        usual = np.median(height[chosen])
        chosen = chosen[np.abs(height[chosen] / usual - 1) <= TUNED.teeth_uneven]
    if len(chosen) <= TUNED.few:
        return _NO_TEETH
    places, tall = np.sort(middle[chosen]), float(np.median(height[chosen]))
    gap = _gap(np.diff(places))
    if gap < TUNED.teeth_apart * tall:
        return _NO_TEETH
    # Teeth that a digit or a crossing rule has shortened stand in the same places.
    nearest = np.abs(middle[:, None] - places).min(axis=1)
    rest = stands & slim & (height <= (1 + TUNED.teeth_uneven) * tall) & _multiple(nearest, gap)
    return np.flatnonzero(rest)


def _gap(distances: DoubleArray) -> float:
    """Give the distance of which all these are multiples (digits hide some teeth); 0 where there
    is none."""
    for gap in (float(np.median(distances)), float(distances.min())):
        if gap > 0 and _multiple(distances, gap).all():
            return gap
    return 0.0


def _multiple(distances: DoubleArray, gap: float) -> NDArray[np.bool_]:
    times = distances / gap
    even: NDArray[np.bool_] = np.abs(times - np.rint(times)) <= TUNED.teeth_uneven * np.maximum(
        times, 1
    )
    return even


TRIES = 12
"""After so many tries without a rule the component is taken to have no more."""
MOST = 200
"""How many components are searched for rules at most; a frame of texture has more."""


def erase(mask: Plane, found: Components, height: float) -> tuple[Components, list[Box]]:
    """Take the rules out of a mask, in place. Return the components that are left (`found` itself
    where there is no rule) and the boxes of the rules.

    `found` are the components of the mask, which is contiguous; `height` is that of the writing in
    pixels, 0 where it is not known."""
    rows, columns = mask.shape
    flat = mask.reshape(-1)
    length, tall = TUNED.long * height, TUNED.long * height
    if not height:
        length, tall = TUNED.long_alone * max(rows, columns), TUNED.tall_alone * rows
    least = min(length, tall)
    long = (found.stats[:, 2:4] >= least).any(axis=1)
    boxes: list[Box] = []
    ruled: list[int] = []
    scraps = np.zeros(len(found), bool)
    rest: list[Components] = []
    for index in np.flatnonzero(long)[:MOST].tolist():
        ink = found.of(index)
        level, upright, thick = _rules(ink, length, tall)
        if not level and not upright:
            continue
        if not ruled:
            middles = found.centres()
        ruled.append(index)
        for rule in level:
            across, along = rule.own.pixels()
            flat[along * columns + across] = 0
        for rule in upright:
            flat[rule.own.at(columns)] = 0
        left = connected(ink.within(mask))
        centres = left.centres()
        part = _slivers(left.stats, centres, level)
        part |= _slivers(lengthwise(left), centres[:, ::-1], upright)
        for rule in level:
            part[teeth(left.stats, rule.line, thick)] = True
        flat[left.chosen(part).runs.at(columns)] = 0
        rest.append(left.chosen(~part))
        boxes += [rule.box for rule in level]
        boxes += [(x, y, w, h) for y, x, h, w in (rule.box for rule in upright)]
        scraps |= _along(level, found.stats[:, 3], middles)
        scraps |= _along(upright, found.stats[:, 2], middles[:, ::-1])
    if not ruled:
        return found, boxes
    flat[found.chosen(scraps).runs.at(columns)] = 0
    whole = ~scraps
    whole[ruled] = False
    return together([found.chosen(whole), *rest]), boxes


def _along(
    rules: Sequence[Rule], tall: NDArray[np.int32], centres: DoubleArray
) -> NDArray[np.bool_]:
    """Tell which components are scraps of rules: they lie on one and are as thin."""
    scraps = np.zeros(len(tall), bool)
    for rule in rules:
        thin = np.flatnonzero(tall <= rule.thick)
        scraps[thin[rule.line.off(centres[thin]) <= rule.thick / 2]] = True
    return scraps


def _rules(ink: Runs, length: float, tall: float) -> tuple[list[Rule], list[Rule], int]:
    """Find the level and the upright rules of one component, and their greatest thickness, pixels.

    Level rules are at least `length` long, upright ones `tall`."""
    stroke = stroke_width(ink)
    if stroke > TUNED.rule_thickest:
        return [], [], 0
    thick = round(min(max(TUNED.rule_thicker * stroke, 3), TUNED.rule_thickest))
    columns = ink.turned()
    level = _alike(columns, length, thick)
    tops = sorted(rule.line.at for rule in level)
    gaps = [b - a - thick / 2 for a, b in pairwise(tops) if b - a > 3 * thick]
    tooth = min([tall, *(TUNED.tall_alone * gap for gap in gaps)])
    upright = _alike(ink, tooth, thick)
    return level, [r for r in upright if r.length >= tall or r.joins(level)], thick


def _slivers(
    stats: NDArray[np.int32], centres: DoubleArray, rules: Sequence[Rule]
) -> NDArray[np.bool_]:
    """Tell which components are slivers left of rules: half of a thick rule looks like a 1. `stats`
    and `centres` have x along the rules."""
    length, across = stats[:, 2:4].T
    along = np.zeros(len(stats), bool)
    for rule in rules:
        thin = (across <= rule.thick) & (length >= 2 * across)
        along |= thin & (rule.line.off(centres) <= rule.thick)
    return along


def _alike(ink: Runs, length: float, thick: int) -> list[Rule]:
    """Find the rules, at least `length` long, nearly at right angles to the runs of a component."""
    if ink.row[-1] + 1 - ink.row[0] < length:
        return []
    # Where the ink is thicker only its rim counts: the rule is followed along it past a stroke.
    thin = Runs(ink.row, ink.start, np.where(ink.length <= thick, ink.stop, ink.start + 1))
    pieces = connected(thin)
    stats = lengthwise(pieces)
    flat = (stats[:, 2] >= 2 * stats[:, 3]) & (stats[:, 2] >= min(length / 10, 2 * thick))
    if stats[flat, 2].sum() < TUNED.rule_seen * length:
        return []
    whole = Pieces.of(pieces)
    seen = whole.chosen(flat)
    left, top, width = stats[flat, :3].T
    free = np.ones(len(stats), bool)
    rules: list[Rule] = []
    tries = TRIES
    for seed in np.lexsort((left, top, -width)):
        if tries == 0:
            break
        loose = free[flat]
        if not loose[seed]:
            continue
        on = np.zeros(len(width), bool)
        on[seed] = True
        line = seen.line(on)
        for _ in range(6):  # each piece added makes the line surer, so that it finds more
            more = on | (loose & (line.off(seen.centres) <= thick))
            if np.count_nonzero(more) == np.count_nonzero(on):
                break
            on = more
            line = seen.line(on)
        span = line.end - line.start
        if span < length or width[on].sum() < TUNED.rule_seen * span:
            tries -= 1
            continue
        scraps = free & (stats[:, 3] <= thick)
        scraps[scraps] = line.off(whole.centres[scraps]) <= thick / 2
        scraps[flat] |= on
        rule = Rule.along(whole.line(scraps), pieces.chosen(scraps).runs, thick)
        if not rule.straight():
            tries -= 1
            continue
        free &= ~scraps
        rules.append(rule)
        tries = TRIES
    return rules


SLIM = 0.25
"""A dash is at most so wide, as a share of its length."""
BEYOND = 0.8
"""How far the line of a dash is followed beyond each end, in its lengths."""
SWAY = 0.03
"""How far the line may leave the axis of the dash, in pixels for each pixel of way."""
STEPS = 24
"""How many places are looked at beyond each end, and along the dash."""
_INSIDE, _BEYOND = np.linspace(-0.4, 0.4, STEPS), np.linspace(0, BEYOND, STEPS)


def goes_on(ink: Plane, bar: Bar, stroke: float) -> float:
    """Give how far, and how strongly, the line of a slim piece of ink goes on beyond one of its
    ends: 0 not at all, 1 as strong as the piece itself on all of the way.

    `ink` is that of the page, 0 where the paper is bare; `bar` has the moments of the piece, in
    pixels of the page; `stroke` is its width, pixels."""
    length = bar.length
    if bar.width > SLIM * length:
        return 0.0
    beyond = length / 2 + 1.5 + _BEYOND * length  # 1.5 pixels past the end, which is soft
    along = np.concatenate([_INSIDE * length, -beyond, beyond])
    contrast = _contrast(ink, bar, along, stroke)
    own = float(median(contrast[:STEPS]))
    if own <= 0:
        return 0.0
    return float(np.clip(contrast[STEPS:].reshape(2, STEPS) / own, 0, 1).mean(axis=1).max())


def _contrast(ink: Plane, bar: Bar, along: DoubleArray, stroke: float) -> FloatArray:
    """Give how much darker a line is than what lies on both its sides, at places (N,) `along` it,
    in pixels."""
    sway = SWAY * np.abs(along)
    side, near = 1.2 * stroke + 2 + sway, 0.7 + sway
    across = np.stack([-side, -near, 0 * along, near, side])
    (x, y), (cos, sin) = bar.middle, bar.axis
    levels = cv2.remap(
        ink,
        (x + along * cos - across * sin).astype(np.float32),
        (y + along * sin + across * cos).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    contrast: FloatArray = levels[1:4].max(axis=0) - (levels[0] + levels[4]) / 2
    return contrast
