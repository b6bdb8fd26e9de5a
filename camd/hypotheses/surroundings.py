"""PURE. Glyphs in their surroundings: a digit among digits is believed, one among letters is not.

An o in a word, an l and the edge of a table are as round or as straight as a 0 and a 1: no
classifier of single glyphs can tell. What can is what is written around them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from camd.values import Box, FloatArray, Glyph, Reason, Rejected

FOREIGN = frozenset({Reason.WRONG_SHAPE, Reason.NOT_A_STROKE})
"""Why a mark was rejected that counts against the glyphs beside it. Dust, rules and edges do not
count, nor does what the frame cuts off: it may be the sheet itself."""
FOREIGN_VALUE = -0.6
"""The margin that stands for such a mark."""
MOST_FOREIGN = 500
"""At most so many of them are looked at: the work grows with their number."""
BIAS = np.array([-0.8, -1.2] + [0.0] * 8, np.float32)
"""What is added to the margin of each digit, 0 to 9. Many things that are no digit look like a 0,
and even more of them like a 1."""
DOUBT = 0.8
"""What is taken from every margin if the classifier knows digits only: it sees one in anything."""
WEIGHT_OF_ONE = 0.2
"""How much a 1 tells about its neighbours; every other digit counts 1. Anything straight may be a
1, so it is weak evidence that a number stands there."""
RANKED = 0.85
"""Two neighbours may belong to one number if the lower one has at least this share of the height of
the higher one."""
RANK_GAP, LEVEL = 1.2, 0.15
"""The widest gap between two such neighbours, and how much higher or lower than the other one of
them may stand. Both in heights of the higher one."""
LEADER = 0.8
"""Least margin of a digit, not a 1, that vouches for the 1s in its number. A number may have many
1s, and without this each would make the others less likely."""
WEAK, OF_A_NUMBER = 0.6, -0.5
"""A 1 that is vouched for gets OF_A_NUMBER instead of its BIAS, and counts with a margin of at most
WEAK: its place in the number says more than its shape."""
BEYOND = 0.1
"""A 1 is taken for a bracket or a bar if it reaches beyond the digits beside it, both above and
below, by at least this share of their height. Of 294 1s on the dev images and 168 rendered ones, 3
reach beyond by 0.06 or more. Of 7 brackets and bars that were read as 1s, 5 do so by 0.16."""
BRACKET_GAP = 1.5
"""The widest gap between such a 1 and those digits, in heights of the higher one."""
BRACKET = 4.0
"""What is taken from the margin of a bracket: enough that it is never a digit."""
ROW, AROUND = 1.5, 2.4
"""How much the marks in the same row count, and those all around; the glyph's own margin counts 1.
These two and BIAS began as a logistic regression on real images. Half or twice as much changes
little."""
ROW_REACH = 3.0
"""The widest gap to a mark that still counts as in the same row, in heights of the glyph."""
AROUND_REACH = 15.0
"""How far around marks count, in heights of the glyph: the standard deviation of a Gaussian."""
ALONE = 0.3
"""What the surroundings say before any mark is seen, as a margin. It has the weight PRIOR."""
PRIOR = 1.25
"""Of ALONE; one mark of the same height close by has the weight 1."""
LONELY = np.array([0.3, 0.35] + [0.0] * 8, np.float32)
"""What is taken from the margin of each digit, 0 to 9, where no other digit is seen: a lone stroke
or ring may be anything. With half as much again, a single 1 held up to the camera is not read."""
PEN = 1.5, 2.0
"""If the strokes of another digit are PEN[0] times as wide as a glyph's own, the pen begins to
differ, and from PEN[1] on it differs in full. Of 4,000 digits hardly one is drawn with a pen half
as wide as that of the others; rules, teeth of combs, edges and print are."""
SCRAP = 2.5, 4.0
"""The same for what is no digit, beside a digit: what is so much finer is a scrap of a rule, and
does not count as a letter."""
OTHER_PEN = 4.0
"""What is taken from a digit's margin if all others are drawn with a broader pen."""
SUREST = 1.25
"""Larger margins count as this: one glyph, however sure, must not outvote all that is around it."""
OUTNUMBERED, LETTERS = 0.4, 3.0
"""Among many letters, one looks like a digit by chance. If around a digit that is alone in its row
there are more than LETTERS times as many other marks as digits, it loses OUTNUMBERED times the
logarithm of how many times more."""
NEUTRAL, MOST_SUPPORT = 19.0, 4.0
"""Inside a number nearly every mark is a digit, while the gate was calibrated where half of them
are. So odds of the surroundings above NEUTRAL raise those of the classifier, at most MOST_SUPPORT
times. Of 6,123 digits on rendered stills that are 0.99 sure or more with this, 7 are wrong."""
SLOPE = 2.0
"""Of the logistic function that turns the sum of all this into a probability. It was fitted to real
images, each left out in turn, and rounded."""


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
