"""PURE. The linear assignment problem: who belongs to whom at the least total cost."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def assign(cost: Floats, limit: float) -> list[tuple[int, int]]:
    """Pair rows with columns, each used at most once, so that the costs of the pairs plus `limit`
    for every row left alone are least. Exact.

    `cost` is (N, M), inf where a pair is not allowed; pairs that cost more than `limit` are never
    made. Returns (row, column) pairs by row.
    Successive shortest paths with duals: Jonker and Volgenant, Computing 38 (1987), in the
    rectangular form of Crouse, IEEE Trans. AES 52(4) (2016), section III.
    """
    usable = cost < limit
    rows, columns = np.nonzero(usable)
    # Most rows and columns have one candidate each once tracks have settled: no search for them.
    lonely = (usable.sum(axis=1)[rows] == 1) & (usable.sum(axis=0)[columns] == 1)
    pairs = list(zip(rows[lonely].tolist(), columns[lonely].tolist(), strict=True))
    left, right = np.unique(rows[~lonely]), np.unique(columns[~lonely])
    if len(left):
        within = np.where(usable, cost, np.inf)[np.ix_(left, right)]
        pairs += [(int(left[i]), int(right[j])) for i, j in _shortest_paths(within, limit)]
    return sorted(pairs)


def _shortest_paths(cost: Floats, limit: float) -> list[tuple[int, int]]:
    count, columns = cost.shape
    # A column of its own at `limit` lets each row stay alone, so that every row finds a place.
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
        while True:  # Flip the path back to where it began.
            row = int(via[column])
            row_of[column] = row
            column, column_of[row] = int(column_of[row]), column
            if row == start:
                break
    return [(row, int(column)) for row, column in enumerate(column_of) if column < columns]
