"""PURE. What ink is cut into at two thresholds -> the likeliest of both, of which no two are the
same ink.

At the usual threshold a faint stroke breaks, and what rules and boxes are taken out of with it; at
a lower one it holds together, and so do digits that nearly touch. Neither is right everywhere. So
both are read, and where they contend, what is likelier counts: the heaviest set of glyphs that do
not overlap, as in the component trees of scene text (Neumann and Matas 2012, "Real-time scene text
localization and recognition", section 3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.values import Box, Classified, DoubleArray, FloatArray, Glyph, IntArray, Rejected

SHARED = 0.3
"""Share of the smaller of two boxes that both cover, from which they contend. With 0.15 and 0.5 F1
of the dev images is within 0.001."""
LATER = 1.5
"""What a digit of the lower threshold is worth less, in logits: where both say about the same, the
usual one counts. From 0.5 to 2.5 the dev images read within 0.004 of F1."""
LEADER = 0.9
"""Confidence of a digit at the usual threshold without which nothing is looked at again: where
nothing surely is writing, the lower threshold mostly finds the grain of a table. Without this 25
images without digits have 0.44 false ones each instead of 0.36, and no more right ones are read."""
MOST = 10
"""So many glyphs of one threshold, all in one knot of conflicts, are tried in every combination. Of
more, as on a page of scribbles, those of the threshold that is worth more are taken."""
PART = 0.5
"""Share of the smaller of two boxes that both cover, from which a mark is a part of a digit. With
0.3 the dev images read the same."""
CLIPPED = 1e-3
"""No confidence is taken to be nearer to 0 or to 1 than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """The glyphs that were found at one threshold (N), and what they are taken for."""

    glyphs: tuple[Glyph, ...]
    classified: Classified

    def __getitem__(self, some: IntArray) -> "Cut":
        return Cut(tuple(self.glyphs[i] for i in some.tolist()), self.classified[some])


NOTHING = Cut((), Classified.joined([]))


def leads(usual: Cut) -> bool:
    """Tell whether there is a digit at the usual threshold for which a second look is worth it."""
    return bool((usual.classified.sure >= LEADER).any())


def likeliest(usual: Cut, lower: Cut) -> tuple[Cut, Cut]:
    """Choose of both, found in the same picture, what is likeliest to be written there. All that is
    chosen of `lower` are digits."""
    worth = _worth(lower.classified.sure) - LATER
    likely = np.flatnonzero(worth > 0)
    lower, worth = lower[likely], worth[likely]
    contend = overlap(_boxes(usual), _boxes(lower)) > SHARED
    own = np.maximum(_worth(usual.classified.sure), 0)
    taken = np.ones(len(worth), bool)
    for rows, columns in _knots(contend):
        taken[columns] = _heaviest(own[rows], worth[columns], contend[np.ix_(rows, columns)])
    kept = ~_any(contend[:, taken], 1)
    return usual[np.flatnonzero(kept)], lower[np.flatnonzero(taken)]


def unexplained(rejected: Sequence[Rejected], digits: Cut) -> tuple[Rejected, ...]:
    """Give the marks, rejected at the usual threshold, that are no part of these digits."""
    part = _any(overlap([mark.box for mark in rejected], _boxes(digits)) > PART, 1)
    return tuple(rejected[i] for i in np.flatnonzero(~part).tolist())


def _knots(contend: NDArray[np.bool_]) -> Iterator[tuple[IntArray, IntArray]]:
    """Give the rows (R,) and columns (C,) of each group that hangs together by conflicts (N, M)."""
    left = _any(contend, 0)
    while left.any():
        columns = np.zeros(len(left), bool)
        columns[np.argmax(left)] = True
        while True:
            rows = _any(contend[:, columns], 1)
            reached = _any(contend[rows], 0)
            if (reached == columns).all():
                break
            columns = reached
        left[columns] = False
        yield np.flatnonzero(rows), np.flatnonzero(columns)


def _heaviest(
    one: DoubleArray, other: DoubleArray, contend: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which of `other` (C,) are in the heaviest set in which none contends (R, C) with one of
    `one` (R,)."""
    if len(other) > MOST:
        if len(one) > MOST:
            return np.full(len(other), other.sum() > one.sum())
        return ~_any(contend[_heaviest(other, one, contend.T)], 0)
    # All subsets of `other`; of `one` then all fit that contend with none of them.
    subsets = (np.arange(1 << len(other))[:, None] >> np.arange(len(other)) & 1).astype(bool)
    fit = ~(subsets.astype(np.intp) @ contend.T.astype(np.intp)).astype(bool)
    best: NDArray[np.bool_] = subsets[np.argmax(subsets @ other + fit @ one)]
    return best


def _any(which: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    return np.asarray(which.any(axis=axis))


def _worth(sure: FloatArray) -> DoubleArray:
    """Give how much digits of that confidence speak for a reading, in logits."""
    p = np.clip(np.asarray(sure, np.float64), CLIPPED, 1 - CLIPPED)
    return np.asarray(np.log(p / (1 - p)))


def _boxes(reading: Cut) -> list[Box]:
    return [glyph.box for glyph in reading.glyphs]


def overlap(first: Sequence[Box], second: Sequence[Box]) -> DoubleArray:
    """Give (N, M) the share of the smaller of two boxes that both cover."""
    one = np.array(first, np.float64).reshape(-1, 1, 4)
    other = np.array(second, np.float64).reshape(1, -1, 4)
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., :2] + one[..., 2:], other[..., :2] + other[..., 2:])
    common = np.maximum(high - low, 0).prod(axis=2)
    return np.asarray(common / np.minimum(one[..., 2:].prod(axis=2), other[..., 2:].prod(axis=2)))
