"""PURE. Glyphs in their surroundings: a digit among digits is believed, one among letters is not.

An o in a word, an l and the edge of a table are as round or as straight as a 0 and a 1: no
classifier of single glyphs can tell. What can is what is written around them. How much each sign of
that counts was fitted to labelled pictures (training/fit/surroundings.py): logistic regressions in
turn, each of which sees how likely the one before it takes all the other glyphs to be digits
(auto-context, Tu and Bai 2010, section 3). Their weights are in the model file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.tuned import TUNED
from camd.values import Classified, FloatArray, Glyph, Reason, Rejected

FOREIGN = frozenset({Reason.WRONG_SHAPE, Reason.NOT_A_STROKE})
"""Why a mark was rejected that counts against the glyphs beside it. Dust, rules and edges do not
count, nor does what the frame cuts off: it may be the sheet itself."""
MOST_FOREIGN = 500
"""At most so many of them are looked at: the work grows with their number."""
DOUBT = 0.8
"""What is taken from every margin, and twice from the logit of every confidence, if the classifier
knows digits only: it sees one in anything."""
AROUND_REACH = 15.0
"""How far around marks count, in heights of the glyph: the standard deviation of a Gaussian."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What is known of the N glyphs of a picture, and F marks that are none, before the glyphs are
    looked at together."""

    labels: NDArray[np.int64]
    """(N,) 0..9, or -1 for no digit."""
    sure: FloatArray
    """(N,) how sure the classifier is of it, 0 for no digit."""
    own: FloatArray
    """(N, OWN) signs of each glyph by itself."""
    strokes: FloatArray
    """(N,) stroke widths, pixels; 0 where they were not measured."""
    boxes: FloatArray
    """(N + F, 4) left, top, width and height, pixels."""


def page(
    glyphs: Sequence[Glyph],
    judged: Classified,
    rejected: Sequence[Rejected],
    *,
    open_set: bool = True,
) -> Page:
    """Measure glyphs, and what they were `judged` to be. `rejected` is what segmentation threw out
    of the same picture; `open_set` is whether the classifier knows what is no digit."""
    foreign = [mark.box for mark in rejected if mark.reason in FOREIGN][:MOST_FOREIGN]
    labels = judged.labels
    odds = np.clip(judged.confidence, 1e-3, 1 - 1e-3)
    odds = np.log(odds / (1 - odds))
    margins = judged.margins
    if not open_set:
        margins, odds = margins - DOUBT, odds - 2 * DOUBT
    each = np.eye(10)[np.maximum(labels, 0)]
    cut = np.array([glyph.cut for glyph in glyphs], bool)
    goes_on = np.array([glyph.goes_on for glyph in glyphs], np.float32) * (labels == 1)
    own = [odds, margins, each, odds * (labels == 1), odds * (labels == 0), cut, goes_on]
    return Page(
        labels,
        judged.sure,
        np.column_stack(own).astype(np.float32),
        np.array([glyph.stroke for glyph in glyphs], np.float32),
        np.array([*(glyph.box for glyph in glyphs), *foreign], np.float32).reshape(-1, 4),
    )


def judge(seen: Page, weights: Sequence[FloatArray], *, drawn: bool = False) -> FloatArray:
    """Give the probability (N,) that each glyph is the digit that it was judged to be, given what
    is around it: 0 for what was judged to be none.

    `weights` are (OWN + 1,) and then, as often as they are looked at together, (OWN + AROUND + 1,),
    the last of each a constant; without any, what the classifier says stands. `drawn`: in a region
    that somebody drew."""
    if not weights or not len(seen.labels):
        return seen.sure
    likely = _likely(seen, seen.own, weights[0])
    places = Places.of(seen)
    for more in weights[1:]:
        likely = _likely(seen, signs(seen, places, likely), more)
    if drawn:
        likely = TUNED.in_region * likely / (1 + (TUNED.in_region - 1) * likely)
    return np.minimum(likely, TUNED.support * seen.sure / (1 + (TUNED.support - 1) * seen.sure))


def _likely(seen: Page, measured: FloatArray, weights: FloatArray) -> FloatArray:
    score = measured @ weights[:-1] + weights[-1]
    sure = (1 + np.tanh(score / 2)) / 2  # the logistic function, which does not overflow
    return np.where(seen.labels >= 0, sure, 0).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """How the glyphs of a page lie to each other."""

    row: FloatArray
    """(N, N + F): how much each mark counts as one beside each glyph."""
    around: FloatArray
    """The same for one somewhere around it."""
    broader: FloatArray
    """(N, N): how much broader the pen of the second is than that of the first, 0 to 1."""

    @classmethod
    def of(cls, seen: Page) -> "Places":
        row, around = _weights(seen.boxes, len(seen.labels))
        return cls(row, around, _broader(seen.strokes))


def signs(seen: Page, places: Places, likely: FloatArray) -> FloatArray:
    """Give all signs (N, OWN + AROUND) of each glyph, where each is `likely` (N,) a digit."""
    many = len(likely)
    one, zero = seen.labels == 1, seen.labels == 0
    row, around = (_company(seen, own, likely) for own in (places.row, places.around))
    beside, near = places.row[:, :many] * likely, places.around[:, :many] * likely
    lonely, alone_in_row = (np.maximum(0, 1 - some.sum(axis=1)) for some in (near, beside))
    of_broad_pens, of_fine_pens = (
        (near * pens).sum(axis=1) / (near.sum(axis=1) + 1)
        for pens in (places.broader, places.broader.T)
    )
    _, top, _, height = seen.boxes[:many].T
    higher, larger = (_beyond(some, np.log(height)) for some in (beside, near))
    beyond = np.minimum(-_beyond(beside, top), _beyond(beside, top + height)) / height
    off = np.minimum(np.abs(_beyond(beside, top + height / 2)) / height, 3)
    digits = likely.sum() - likely
    marks = len(likely) - 1 - digits
    surest = _surest_other(likely)
    base = [
        *row,
        *around,
        lonely,
        alone_in_row,
        of_broad_pens,
        of_fine_pens,
        np.clip(higher, 0, 1),
        np.clip(-higher, 0, 1),
        np.clip(larger, 0, 1.5),
        np.clip(-larger, 0, 1.5),
        off,
        np.log1p(digits),
        np.log1p(marks),
        surest,
        digits / (digits + marks + 1),
    ]
    mean, mean_around = row[-1], around[-1]
    of_ones = [row[0], row[2], mean, mean_around, lonely, alone_in_row, of_broad_pens]
    of_ones += [np.clip(higher, 0, 1), off, surest, np.clip(beyond, 0, 0.2)]
    of_zeros = [lonely, mean_around, mean]
    of_some = [sign * one for sign in of_ones] + [sign * zero for sign in of_zeros]
    return np.column_stack([seen.own, *base, *of_some]).astype(np.float32)


def _company(seen: Page, weights: FloatArray, likely: FloatArray) -> tuple[FloatArray, ...]:
    """How many digits other than 1, 1s, other glyphs and foreign marks there are, as logarithms;
    and what they say together, -1 to 1."""
    many = len(likely)
    one = seen.labels == 1
    own = weights[:, :many]
    digits, ones = own @ (likely * ~one), own @ (likely * one)
    others = own @ (1 - likely)
    foreign = weights[:, many:].sum(axis=1)
    mean = (digits + ones - others - foreign) / (digits + ones + others + foreign + 1)
    return (*(np.log1p(count) for count in (digits, ones, others, foreign)), mean)


def _beyond(weights: FloatArray, values: FloatArray) -> FloatArray:
    """How far each value (N,) lies above the mean of the others, as they count (N, N) for it; 0
    where hardly any does."""
    total = weights.sum(axis=1)
    difference = values - weights @ values / np.maximum(total, 1e-6)
    return np.asarray(np.where(total > 0.2, difference, 0), np.float32)


def _surest_other(likely: FloatArray) -> FloatArray:
    """How likely the surest other glyph (N,) is a digit: one digit may be seen in anything."""
    if len(likely) < 2:
        return np.zeros(len(likely), np.float32)
    second, first = np.sort(likely)[-2:]
    surest = np.where(np.arange(len(likely)) == np.argmax(likely), second, first)
    return np.asarray(surest, np.float32)


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
    beside = (shared > 0.3 * np.minimum(height, own_height)) & (across < TUNED.reach)
    near = np.exp(-(across**2 + down**2) / (2 * AROUND_REACH**2))
    return like * beside, like * near


def _broader(strokes: FloatArray) -> FloatArray:
    """Give (N, N) how much broader the pen of the second is than that of the first, as a logarithm,
    0 to 1; a stroke of 0 was not measured."""
    known = np.where(strokes > 0, strokes, np.nan)
    broader: FloatArray = np.log(known / known[:, None])
    return np.nan_to_num(np.clip(broader, 0, 1))
