"""PURE. Pairs the tracks of the frames before with the digits of this frame. This is the linear
assignment problem; a pair costs the less, the better the place, the size and the value agree.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from camd.geometry import median
from camd.values import Box, Digit, DoubleArray


def assign(cost: DoubleArray, limit: float) -> list[tuple[int, int]]:
    """Pair rows with columns, each used at most once, so that the sum of all costs is as small as
    possible. A row that is left alone costs `limit`. The result is exact.

    `cost` is (N, M), inf where a pair is not allowed. Pairs that cost `limit` or more are never
    made. Returns (row, column) pairs, sorted by row.
    The method is that of successive shortest paths with dual variables: Jonker and Volgenant,
    Computing 38 (1987), in the rectangular form of Crouse, IEEE Trans. AES 52(4) (2016),
    section III.
    """
    usable = cost < limit
    rows, columns = np.nonzero(usable)
    # Once tracks have settled, most rows and columns have only each other as a candidate. They are
    # paired without a search.
    lonely = (usable.sum(axis=1)[rows] == 1) & (usable.sum(axis=0)[columns] == 1)
    pairs = list(zip(rows[lonely].tolist(), columns[lonely].tolist(), strict=True))
    left, right = np.unique(rows[~lonely]), np.unique(columns[~lonely])
    if len(left):
        within = np.where(usable, cost, np.inf)[np.ix_(left, right)]
        pairs += [(int(left[i]), int(right[j])) for i, j in _shortest_paths(within, limit)]
    return sorted(pairs)


def _shortest_paths(cost: DoubleArray, limit: float) -> list[tuple[int, int]]:
    count, columns = cost.shape
    # Each row gets one more column of its own, which costs `limit`. A row that is paired with it
    # stays alone, and so every row can be paired with something.
    alone = np.full((count, count), np.inf)
    np.fill_diagonal(alone, limit)
    cost = np.hstack([cost, alone])
    row_dual, column_dual = np.zeros(count), np.zeros(columns + count)
    row_of = np.full(columns + count, -1)
    column_of = np.full(count, -1)
    for start in range(count):
        shortest = np.full(columns + count, np.inf)
        via = np.full(columns + count, -1)
        reached_rows, done = [start], np.zeros(columns + count, dtype=bool)
        row, length = start, 0.0
        while True:
            through = length + cost[row] - row_dual[row] - column_dual
            better = ~done & (through < shortest)
            shortest[better], via[better] = through[better], row
            column = int(np.argmin(np.where(done, np.inf, shortest)))
            length = float(shortest[column])
            done[column] = True
            if row_of[column] < 0:
                break
            row = int(row_of[column])
            reached_rows.append(row)
        for reached in reached_rows:
            at = column_of[reached]
            row_dual[reached] += length - (shortest[at] if reached != start else 0.0)
        column_dual[done] -= length - shortest[done]
        while True:  # Go back along the path, and give each row on it its new column.
            row = int(via[column])
            row_of[column] = row
            column, column_of[row] = int(column_of[row]), column
            if row == start:
                break
    return [(row, int(column)) for row, column in enumerate(column_of) if column < columns]


REACH = 0.6
"""How far from its predicted place a digit is looked for, in sizes of the digit: the longer side of
its box."""
REACH_PER_SECOND = 1.5
"""How much REACH grows for each second since the last frame; together they reach at most one
size."""
RESIZE = math.log(1.7)
"""Greatest change of size from one frame to the next: by the factor 1.7 either way."""
LEFT_ALONE = 1.6
"""What it costs to leave a track without a digit. It is more than any allowed pair costs (at most
1.55), so a track within reach of a free digit is never left alone."""
ANCHORS = 12
"""How many tracks are used to guess how far the whole sheet has moved. Each is paired in turn with
every digit like it, and the shift between the two is tried on all others."""
FARTHEST = 8.0
"""How far a sheet may move from one frame to the next, in sizes of its digits. One that moved
farther is taken for a new sheet."""


def pair(
    centers: DoubleArray,
    sizes: DoubleArray,
    values: NDArray[np.int64],
    digits: Sequence[Digit],
    elapsed: float,
) -> list[tuple[int, int]]:
    """Return pairs of indices (track, digit).

    `centers` (N, 2) are the places where the tracks should be by now, and `sizes` (N,) their longer
    sides, both in pixels. `values` (N,) are the digits that they were read as. `elapsed` is the
    time since the last frame in seconds.
    """
    places = np.array([center_of(digit.box) for digit in digits])
    spans = np.array([max(*digit.box[2:], 1) for digit in digits], dtype=np.float64)
    labels = np.array([digit.digit for digit in digits])

    agree = values[:, None] == labels[None, :]
    resize = np.abs(np.log(spans[None, :] / sizes[:, None])) / RESIZE
    reach = sizes * min(REACH + REACH_PER_SECOND * elapsed, 1.0)

    def match(shift: DoubleArray) -> list[tuple[int, int]]:
        offset = places[None, :, :] - centers[:, None, :] - shift
        distance = np.hypot(offset[..., 0], offset[..., 1]) / reach[:, None]
        cost = distance + 0.3 * resize + 0.25 * ~agree
        cost[(distance > 1) | (resize > 1)] = np.inf
        return assign(cost, LEFT_ALONE)

    pairs = match(np.zeros(2))
    agreed = sum(bool(agree[i, j]) for i, j in pairs)
    if agreed >= 3:
        left = median([places[j] - centers[i] for i, j in pairs if agree[i, j]])
        if np.hypot(*left) > 0.15 * median(sizes):
            pairs = match(left)
            agreed = sum(bool(agree[i, j]) for i, j in pairs)
    shiftable = min(len(sizes), len(digits))
    if shiftable >= 3 and agreed < 0.6 * shiftable:
        shift, support = _common_shift(centers, places, agree & (resize < 1), sizes)
        if support >= max(3, agreed + 2, 0.5 * shiftable):
            return match(shift)
    return pairs


def _common_shift(
    centers: DoubleArray, places: DoubleArray, like: NDArray[np.bool_], sizes: DoubleArray
) -> tuple[DoubleArray, int]:
    """Return the shift (2,) in pixels that brings most tracks onto a digit like them, and how many
    tracks it brings there."""
    anchors = np.unique(np.linspace(0, len(centers) - 1, min(ANCHORS, len(centers))).astype(int))
    offset = places[None, :, :] - centers[:, None, :]
    near = like & (np.hypot(offset[..., 0], offset[..., 1]) < FARTHEST * sizes[:, None])
    candidates = offset[anchors][near[anchors]]
    if not len(candidates):
        return np.zeros(2), 0
    support = []
    for candidate in candidates:
        left = offset - candidate
        on = near & (np.hypot(left[..., 0], left[..., 1]) < 0.4 * sizes[:, None])
        support.append(int(np.count_nonzero(on.any(axis=1))))
    best = int(np.argmax(support))
    return candidates[best], support[best]


def center_of(box: Box) -> tuple[float, float]:
    """Return the middle of a box, pixels."""
    return box[0] + box[2] / 2, box[1] + box[3] / 2
