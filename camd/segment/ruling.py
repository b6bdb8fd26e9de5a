"""PURE. Ruled lines, tables and boxes: taken out of the mask, the strokes that cross them kept.

A rule is told from a stroke by its length, and a pixel of it from a crossing stroke by the run
of ink through it across the rule: short on the rule alone, long where a stroke passes (the
run-length method of form processing, e.g. Yu and Jain 1996, "A generic system for form
dropout"). So level rules are looked for in the runs along the columns, upright ones in those
along the rows.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from camd import comb
from camd.median import median
from camd.rule import Pieces, Rule, lengthwise
from camd.segment.binarize import Plane
from camd.segment.components import Components, connected, together
from camd.segment.runs import Runs
from camd.strokes import stroke_width
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
MOST = 200
"""Components searched for rules at most; a frame of texture has more."""


def erase(mask: Plane, found: Components, height: float) -> tuple[Components, list[Box]]:
    """Take the rules out of a mask; return the components that are left, the same ones where no
    rule is, and the boxes of the rules.

    `found` are the components of the mask, which is contiguous; `height` is that of the writing in
    pixels, 0 where it is not known."""
    rows, columns = mask.shape
    flat = mask.reshape(-1)
    length, tall = LONG * height, LONG * height
    if not height:
        length = max(LONG_ALONE * max(rows, columns), 0.8 * rows)
        tall = TALL_ALONE * rows
    least = min(length, tall) if height else 0.2 * max(rows, columns)
    long = (found.stats[:, 2:4] >= least).any(axis=1)
    boxes: list[Box] = []
    ruled: list[int] = []
    scraps = np.zeros(len(found), bool)
    rest: list[Components] = []
    for index in np.flatnonzero(long)[:MOST].tolist():
        ink = found.of(index)
        level, upright, thick = _rules(ink, length, tall, 0 if height else FINELY)
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
            part[comb.teeth(left.stats, rule.line, thick)] = True
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
    rules: Sequence[Rule], tall: NDArray[np.int32], centres: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which components lie on rules and are as thin: scraps of them."""
    scraps = np.zeros(len(tall), bool)
    for rule in rules:
        thin = np.flatnonzero(tall <= rule.thick)
        scraps[thin[rule.line.off(centres[thin]) <= rule.thick / 2]] = True
    return scraps


def _rules(
    ink: Runs, length: float, tall: float, finely: float
) -> tuple[list[Rule], list[Rule], int]:
    """Find the level and the upright rules of one component, and how thick one is at most, pixels;
    none is shorter than `length` and `tall`, or than `finely` stroke widths where that is less and
    not 0."""
    stroke = stroke_width(ink)
    if stroke > THICKEST:
        return [], [], 0
    if finely:
        length, tall = min(length, finely * stroke), min(tall, finely * stroke)
    thick = round(min(max(THICKER * stroke, 3), THICKEST))
    columns = ink.turned()
    level = _alike(columns, length, FILL, thick)
    tops = sorted(rule.line.at for rule in level)
    gaps = [b - a - thick / 2 for a, b in pairwise(tops) if b - a > 3 * thick]
    tooth = min([tall, *(TOOTH * gap for gap in gaps)])
    upright = _alike(ink, tooth, TOOTH_FILL if gaps else FILL, thick)
    across = [rule for rule in upright if rule.joins(level)]
    lean = float(median([rule.line.slope for rule in across])) if across else 0.0
    upright = [
        rule
        for rule in upright
        if rule.length >= tall or (rule in across and abs(rule.line.slope - lean) <= LEAN)
    ]
    return level, upright, thick


def _slivers(
    stats: NDArray[np.int32], centres: NDArray[np.float64], rules: Sequence[Rule]
) -> NDArray[np.bool_]:
    """Tell what is left along rules, and part of them: half a thick rule looks like a 1. `stats`
    and `centres` are those of Components whose x is along the rules."""
    length, across = stats[:, 2:4].T
    along = np.zeros(len(stats), bool)
    for rule in rules:
        thin = (across <= rule.thick) & (length >= 2 * across)
        along |= thin & (rule.line.off(centres) <= rule.thick)
    return along


def _alike(ink: Runs, length: float, fill: float, thick: int) -> list[Rule]:
    """Find the rules, at least `length` long, that a component has across its runs, nearly at
    right angles."""
    if ink.row[-1] + 1 - ink.row[0] < length:
        return []
    # Of thicker ink only the rim, along which a rule is followed past whatever swells it.
    thin = Runs(ink.row, ink.start, np.where(ink.length <= thick, ink.stop, ink.start + 1))
    pieces = connected(thin)
    stats = lengthwise(pieces)
    flat = (stats[:, 2] >= 2 * stats[:, 3]) & (stats[:, 2] >= min(length / 10, 2 * thick))
    if stats[flat, 2].sum() < fill * length:
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
        for _ in range(6):  # a longer line is a surer one, and finds more pieces
            more = on | (loose & (line.off(seen.centres) <= thick))
            if np.count_nonzero(more) == np.count_nonzero(on):
                break
            on = more
            line = seen.line(on)
        span = line.end - line.start
        if span < length or width[on].sum() < fill * span:
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
