"""PURE. Glyphs in their surroundings: a digit among digits is believed, one among letters is not.

An o in a word, an l and the edge of a table are as round or as straight as a 0 and a 1: no
classifier of single glyphs can tell. What can is what is written around them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from camd.values import Box, FloatArray, Glyph, Reason, Rejected

FOREIGN = frozenset({Reason.WRONG_SHAPE, Reason.NOT_A_STROKE})
"""Rejected marks that speak against their neighbours; dust, rules and edges say nothing, nor does
what the frame cuts off: it may well be the sheet itself."""
FOREIGN_VALUE = -0.6
"""What such a mark says, on the scale of margins."""
MOST_FOREIGN = 500
BIAS = np.array([-0.8, -1.2] + [0.0] * 8, np.float32)
"""What the shape of each digit is worth: much that is no digit looks like 0 and more like 1."""
DOUBT = 0.8
"""What the margins of a classifier of digits alone are worth less."""
WEIGHT_OF_ONE = 0.2
"""And so much less does a 1 tell about its neighbours than another digit."""
RANKED = 0.85
"""Least height of the lower of two neighbours of one number, in those of the higher one."""
RANK_GAP, LEVEL = 1.2, 0.15
"""Widest gap between them, and how far their middles are apart up and down at most, in their
heights."""
LEADER = 0.8
"""Least margin of a digit that is no 1 from which the 1s beside it, and those beside them, are
taken for what they look like: a number has many 1s, and each speaks against none of the others."""
WEAK, OF_A_NUMBER = 0.6, -0.5
"""Margin up to which its place in a number helps such a 1, and what its shape is worth then instead
of its BIAS."""
BEYOND = 0.1
"""Least share of their height by which a 1 reaches beyond all digits beside it, both above and
below, from which it is a bracket or a bar. Of 294 1s of the dev images and of 168 rendered ones 3
reach beyond them by 0.06 and more; of 7 brackets and bars that were read as 1s 5 do by 0.16."""
BRACKET_GAP = 1.5
"""Widest gap between them, in heights of the higher one."""
BRACKET = 4.0
"""What a 1 is worth less then."""
ROW, AROUND = 1.5, 2.4
"""How much the marks of the same row and those all around count beside the glyph's own margin.
These and BIAS began as a logistic regression on real images; halving or doubling one of them
changes little."""
ROW_REACH = 3.0
"""Gap up to which a mark counts for the row, in heights of the glyph."""
AROUND_REACH = 15.0
"""Standard deviation of the distance at which a mark counts, in heights of the glyph."""
ALONE = 0.3
"""What is assumed of the surroundings before any mark is seen, with the weight PRIOR."""
PRIOR = 1.25
LONELY = np.array([0.3, 0.35] + [0.0] * 8, np.float32)
"""What each digit is worth less where no other is seen: a lone stroke or ring may be anything. Half
as much again, and one that is held up alone would not settle."""
PEN = 1.5, 2.0
"""How many times as wide as its own the strokes of another digit are, from where on the pen
differs, and from where on wholly. Of 4,000 digits next to none is drawn with half of the pen of
the others: rules, teeth, edges and print are."""
SCRAP = 2.5, 4.0
"""The same from a scrap of a rule to a digit: of what is so much finer nothing is told."""
OTHER_PEN = 4.0
"""What a digit is worth less where all others are drawn with a broader pen."""
SUREST = 1.25
"""Margins count up to here: one shape, however sure, does not outvote all that is around it."""
OUTNUMBERED, LETTERS = 0.4, 3.0
"""What a digit without another in its row is worth less for each e-fold by which what is no digit
outnumbers the digits around, LETTERS to one: of so many, one looks like a digit by chance."""
NEUTRAL, MOST_SUPPORT = 19.0, 4.0
"""Odds of the surroundings above which they raise those of the classifier, and by how much at most:
its gate was calibrated where half of all marks are digits, of those within a number nearly all
are. Of 6,123 digits of rendered stills that this makes 0.99 sure and more 7 are wrong."""
SLOPE = 2.0
"""Of the logistic function that makes a probability of the sum of all this: a rounded fit to real
images, each left out in turn."""


def judge(
    glyphs: Sequence[Glyph],
    labels: NDArray[np.integer],
    margins: NDArray[np.floating],
    rejected: Sequence[Rejected],
    *,
    open_set: bool = True,
) -> FloatArray:
    """Give the probability (N,) that each glyph is a digit at all, given what is around it.

    `labels` (N,) are 0..9, or -1 for no digit; `margins` (N,) as the classifier gives them;
    `rejected` what segmentation threw out of the same frame; `open_set` whether the classifier
    knows what is no digit: one that does not has a margin for every scribble."""
    if not glyphs:
        return np.zeros(0, np.float32)
    foreign = [mark.box for mark in rejected if mark.reason in FOREIGN][:MOST_FOREIGN]
    boxes = _array([glyph.box for glyph in glyphs] + foreign)
    digit = labels >= 0
    own = np.where(digit, np.minimum(margins, SUREST), -np.abs(margins)).astype(np.float32)
    if not open_set:
        own -= DOUBT
    strokes = np.array([glyph.stroke for glyph in glyphs], np.float32)
    ranked = _ranked(boxes[: len(glyphs)], labels, margins, strokes)
    plain = own
    own = own + BIAS[np.maximum(labels, 0)]
    own[_brackets(boxes[: len(glyphs)], labels, margins)] -= BRACKET
    own[ranked] = np.maximum(own, np.minimum(plain, WEAK) + OF_A_NUMBER)[ranked]
    said = np.concatenate((np.clip(own, -1, 1), np.full(len(foreign), FOREIGN_VALUE)))
    heard = np.ones(len(boxes), np.float32)
    heard[: len(glyphs)][labels == 1] = WEIGHT_OF_ONE
    row, around = _weights(boxes, len(glyphs))
    n = len(glyphs)
    # What is no digit and far finer is a scrap of a rule, and no letter beside it.
    alike = np.where(digit, 1, 1 - _broader(strokes, *SCRAP).T)
    row[:, :n] *= alike
    around[:, :n] *= alike
    score = own + ROW * _mean(row * heard, said) + AROUND * _mean(around * heard, said)
    company = around[:, :n] * np.where(digit, np.clip(margins, 0, 1), 0)
    score -= LONELY[np.maximum(labels, 0)] * np.maximum(0, 1 - company.sum(axis=1))
    digits = around[:, :n] * heard[:n] * np.where(digit, np.maximum(said[:n], 0), 0)
    broader = digits * _broader(strokes, *PEN)
    score -= OTHER_PEN * broader.sum(axis=1) / (digits.sum(axis=1) + PRIOR)
    likely = _likely(score, digit)
    others, company = around[:, :n] @ (1 - likely), around[:, :n] @ likely
    lone = np.maximum(0, 1 - row[:, :n] @ likely)
    score -= OUTNUMBERED * lone * np.log(np.maximum(1, others / (LETTERS * (1 + company))))
    return _likely(score, digit)


def confidence(alone: NDArray[np.floating], fitting: NDArray[np.floating]) -> NDArray[np.floating]:
    """Give the probability (N,) that each glyph is the digit that the classifier says, from its
    own, `alone` (N,), and the one that `judge` gives, `fitting` (N,)."""
    odds = fitting / np.maximum(1 - fitting, 1e-6)
    support = np.clip(odds / NEUTRAL, 1, MOST_SUPPORT)
    return np.asarray(fitting * alone * support / (alone * support + 1 - alone))


def _likely(score: FloatArray, digit: NDArray[np.bool_]) -> FloatArray:
    return np.where(digit, 1 / (1 + np.exp(-SLOPE * score)), 0).astype(np.float32)


def _weights(boxes: FloatArray, n: int) -> tuple[FloatArray, ...]:
    """How much each mark (M) counts for each of the first n: in its row, and all around it."""
    x, y, width, height = boxes.T
    own_x, own_y, own_width, own_height = boxes[:n, :, None].swapaxes(0, 1)
    unit = np.maximum(own_height, 0.6 * own_width)
    across = np.abs((x + width / 2) - (own_x + own_width / 2)) - (width + own_width) / 2
    across = np.maximum(across, 0) / unit
    down = np.abs((y + height / 2) - (own_y + own_height / 2)) / unit
    ratio = np.minimum(height / own_height, own_height / height)
    like = np.clip((ratio - 0.2) / 0.3, 0, 1)
    # A flat dash or a word of low letters is less alike than another digit, not irrelevant.
    like = np.maximum(like, 0.3 * (np.maximum(width, height) > own_height))
    like[np.arange(n), np.arange(n)] = 0
    shared = np.minimum(y + height, own_y + own_height) - np.maximum(y, own_y)
    beside = (shared > 0.3 * np.minimum(height, own_height)) & (across < ROW_REACH)
    near = np.exp(-(across**2 + down**2) / (2 * AROUND_REACH**2))
    return like * beside, like * near


def _ranked(
    boxes: FloatArray,
    labels: NDArray[np.integer],
    margins: NDArray[np.floating],
    strokes: FloatArray,
) -> NDArray[np.bool_]:
    """Tell which 1s (N,) stand in one number with a digit that is surely one and no 1: side by
    side, as high and on one level, of one pen, with nothing but such 1s between them."""
    x, y, width, height = boxes.T
    ones = (labels == 1) & (margins > 0)
    leads = (labels >= 0) & (labels != 1) & (margins >= LEADER)
    higher = np.maximum(height, height[:, None])
    middle = y + height / 2
    gap = np.maximum(x, x[:, None]) - np.minimum(x + width, (x + width)[:, None])
    beside = (
        (np.minimum(height, height[:, None]) >= RANKED * higher)
        & (np.abs(middle - middle[:, None]) <= LEVEL * higher)
        & (gap <= RANK_GAP * higher)
        & (_broader(strokes, *PEN) == 0)
    )
    ones &= ~(beside & (labels < 0)).any(axis=1)  # an l beside another letter
    ranked = np.zeros(len(boxes), bool)
    reached = leads
    while (more := ones & ~ranked & (beside & reached).any(axis=1)).any():
        ranked |= more
        reached = reached | more
    return ranked


def _brackets(
    boxes: FloatArray, labels: NDArray[np.integer], margins: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Tell which 1s (N,) are brackets or bars, by the three digits nearest beside them."""
    others = (labels >= 0) & (labels != 1) & (margins >= WEAK)
    x, y, width, height = boxes.T
    found = np.zeros(len(boxes), bool)
    for i in np.flatnonzero(labels == 1).tolist():
        gap = np.maximum(x, x[i]) - np.minimum(x + width, x[i] + width[i])
        shared = np.minimum(y + height, y[i] + height[i]) - np.maximum(y, y[i])
        beside = others & (gap < BRACKET_GAP * np.maximum(height, height[i]))
        beside &= shared > 0.5 * np.minimum(height, height[i])
        nearest = np.flatnonzero(beside)[np.argsort(gap[beside], kind="stable")[:3]]
        if len(nearest):
            top, bottom = y[nearest].min(), (y + height)[nearest].max()
            beyond = min(top - y[i], y[i] + height[i] - bottom)
            found[i] = beyond > BEYOND * (bottom - top)
    return found


def _broader(strokes: FloatArray, low: float, high: float) -> FloatArray:
    """Give (N, N) how surely the pen of the second is broader than that of the first, 0 up to
    `low` times as broad and 1 from `high` times on; a stroke of 0 was not measured."""
    known = np.where(strokes > 0, strokes, np.nan)
    times = np.log(known / known[:, None])
    broader: FloatArray = (times - np.log(low)) / np.log(high / low)
    return np.nan_to_num(np.clip(broader, 0, 1))


def _mean(weights: FloatArray, said: FloatArray) -> FloatArray:
    mean: FloatArray = (weights @ said + PRIOR * ALONE) / (weights.sum(axis=1) + PRIOR)
    return mean


def _array(boxes: Sequence[Box]) -> FloatArray:
    return np.array(boxes, np.float32).reshape(-1, 4)
