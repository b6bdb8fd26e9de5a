"""PURE. What ink is cut into at two thresholds, and what is found in the other polarity -> the
likeliest of all, of which no two are the same ink.

At the usual threshold a faint stroke breaks, and what rules and boxes are taken out of with it; at
a lower one it holds together, and so do digits that nearly touch. Neither is right everywhere. So
both are read, and where they contend, what is likelier counts: the heaviest set of glyphs that do
not overlap, as in the component trees of scene text (Neumann and Matas 2012, "Real-time scene text
localization and recognition", section 3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camd.tuned import TUNED
from camd.values import Box, Classified, DoubleArray, Glyph, IntArray, Rejected

MOST = 20
"""Of so many in one group of conflicts the best set is found; of more, as on a page of scribbles,
what is worth most is taken first."""
CLIPPED = 1e-3
"""No confidence is taken to be nearer to 0 or to 1 than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The glyphs that were found at one threshold (N), and what they are taken for."""

    glyphs: tuple[Glyph, ...]
    classified: Classified

    def __getitem__(self, some: IntArray) -> "Reading":
        return Reading(tuple(self.glyphs[i] for i in some.tolist()), self.classified[some])

    def __add__(self, other: "Reading") -> "Reading":
        return Reading(
            self.glyphs + other.glyphs, Classified.joined([self.classified, other.classified])
        )


NOTHING = Reading((), Classified.joined([]))


def leads(usual: Reading) -> bool:
    """Tell whether there is a digit at the usual threshold for which a second look is worth it."""
    return bool((usual.classified.sure >= TUNED.sure).any())


def likeliest(usual: Reading, lower: Reading) -> tuple[Reading, Reading]:
    """Choose of both, found in the same picture, what is likeliest to be written there. All that is
    chosen of `lower` are digits."""
    worth = logit(lower.classified.sure) - TUNED.later
    likely = np.flatnonzero(worth > 0)
    lower = lower[likely]
    between = overlap(_boxes(usual), _boxes(lower)) > TUNED.shared
    own = np.maximum(logit(usual.classified.sure), 0)
    many = len(own)
    contend = np.zeros((many + len(likely),) * 2, bool)
    contend[:many, many:], contend[many:, :many] = between, between.T
    taken = heaviest(np.concatenate([own, worth[likely]]), contend)[many:]
    kept = ~_any(between[:, taken], 1)
    return usual[np.flatnonzero(kept)], lower[np.flatnonzero(taken)]


def outermost(other: Reading, usual: Reading) -> Reading:
    """Choose of what was found in the `other` polarity what lies in no larger digit of the `usual`
    one: the hole of a 0 is none, what is written on a dark label may be."""
    digits = usual[np.flatnonzero(usual.classified.labels >= 0)]
    inner, outer = _boxes(other), _boxes(digits)
    own, others = (np.array(some).reshape(-1, 4)[:, 2:].prod(axis=1) for some in (inner, outer))
    within = (overlap(inner, outer) > 0) & (others > own[:, None])
    return other[np.flatnonzero(~_any(within, 1))]


def heaviest(worth: DoubleArray, contend: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which of N are in the set that is worth most in which no two contend, (N, N)."""
    taken = np.zeros(len(worth), bool)
    left = worth > 0
    for group in _groups(contend & left & left[:, None], left):
        own = worth[group]
        within = contend[np.ix_(group, group)]
        taken[group[_exact(own, within) if len(group) <= MOST else _greedy(own, within)]] = True
    return taken


def _groups(contend: NDArray[np.bool_], left: NDArray[np.bool_]) -> Iterator[IntArray]:
    """Give the indices of each group that hangs together by conflicts (N, N), of those `left`."""
    left = left.copy()
    while left.any():
        group = np.zeros(len(left), bool)
        group[np.argmax(left)] = True
        while True:
            reached = group | _any(contend[group], 0)
            if (reached == group).all():
                break
            group = reached
        left &= ~group
        yield np.flatnonzero(group)


def _exact(worth: DoubleArray, contend: NDArray[np.bool_]) -> list[int]:
    """Give the heaviest set by trying each member with most rivals, with and without it."""

    def best(of: IntArray) -> tuple[float, list[int]]:
        rivals = contend[np.ix_(of, of)].sum(axis=1)
        if not rivals.any():
            return float(worth[of].sum()), of.tolist()
        worst = int(np.argmax(rivals))
        i = int(of[worst])
        without = best(np.delete(of, worst))
        much, others = best(of[~contend[i, of] & (of != i)])
        return max((much + float(worth[i]), [i, *others]), without, key=lambda way: way[0])

    return best(np.arange(len(worth)))[1]


def _greedy(worth: DoubleArray, contend: NDArray[np.bool_]) -> list[int]:
    chosen: list[int] = []
    for i in np.argsort(-worth, kind="stable").tolist():
        if not contend[i, chosen].any():
            chosen.append(i)
    return chosen


def unexplained(rejected: Sequence[Rejected], digits: Sequence[Box]) -> tuple[Rejected, ...]:
    """Give the rejected marks that are no part of these digits."""
    part = _any(overlap([mark.box for mark in rejected], digits) > TUNED.shared, 1)
    return tuple(rejected[i] for i in np.flatnonzero(~part).tolist())


def _any(which: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    return np.asarray(which.any(axis=axis))


def logit(sure: ArrayLike) -> DoubleArray:
    """Give how much digits of that confidence speak for a reading, in logits."""
    p = np.clip(np.asarray(sure, np.float64), CLIPPED, 1 - CLIPPED)
    return np.asarray(np.log(p / (1 - p)))


def _boxes(reading: Reading) -> list[Box]:
    return [glyph.box for glyph in reading.glyphs]


def overlap(first: Sequence[Box], second: Sequence[Box]) -> DoubleArray:
    """Give (N, M) the share of the smaller of two boxes that both cover."""
    one = np.array(first, np.float64).reshape(-1, 1, 4)
    other = np.array(second, np.float64).reshape(1, -1, 4)
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., :2] + one[..., 2:], other[..., :2] + other[..., 2:])
    common = np.maximum(high - low, 0).prod(axis=2)
    return np.asarray(common / np.minimum(one[..., 2:].prod(axis=2), other[..., 2:].prod(axis=2)))
