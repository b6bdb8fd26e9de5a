"""PURE. Pieces of ink that are one digit: the bar of a 5 that the pen did not join, a 4 in two
strokes, a stroke that a fold or a dry pen broke."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from camd.segment.components import Components
from camd.segment.runs import counted
from camd.values import IntArray

GAP = 0.14
"""Widest gap between a digit and a part of it that is at most half as high, in its heights."""
CLOSE = 0.06
"""The same for a part that is higher, which may well be another digit, and for one within the
box of the other, which may be a digit in a frame."""
PART = 0.2
"""Least length of a part, in heights of the larger one; less is a dot."""
GROWTH = 1.4
"""Most that a part may add to the height, and to the width, of the larger one."""
OVERLAP = 0.45
"""Least share of the width of the part that lies over or under the larger one."""


def join(pieces: Components, whole: IntArray, parts: IntArray) -> list[list[int]]:
    """Group the pieces that are `whole` (may be digits) with their own among them and `parts`.

    Each group starts with its largest piece; a piece is in one group at most."""
    order = whole[np.argsort(-pieces.stats[whole, 4], kind="stable")]
    beside: dict[int, list[tuple[int, float]]] = {}
    for main, other, gap in _near(pieces.stats, order, np.concatenate((whole, parts))):
        beside.setdefault(main, []).append((other, gap))
    taken: set[int] = set()
    groups: list[list[int]] = []
    for main in order.tolist():
        if main in taken:
            continue
        taken.add(main)
        group = [main]
        for other, gap in beside.get(main, ()):
            if other not in taken and _close(pieces, main, other, gap):
                taken.add(other)
                group.append(other)
        groups.append(group)
    return groups


def _near(
    stats: NDArray[np.int32], mains: IntArray, others: IntArray
) -> Iterator[tuple[int, int, float]]:
    """Give, by their boxes, pairs of a piece and one that may be a part of it, and how near their
    ink would have to be, pixels."""
    others = others[np.argsort(stats[others, 0], kind="stable")]
    x, _, width, height, _ = stats[mains].T
    # Of a part most lies over or under the piece, and it does not make the piece much wider.
    low = np.searchsorted(stats[others, 0], x - GROWTH * np.maximum(width, 0.6 * height))
    many = np.searchsorted(stats[others, 0], x + width) - low
    main, other = np.repeat(mains, many), others[counted(low, many)]
    x, y, width, height, area = stats[other].T.astype(np.float32)
    mx, my, mw, mh, m_area = stats[main].T.astype(np.float32)
    across = np.minimum(x + width, mx + mw) - np.maximum(x, mx)
    right, bottom = np.maximum(x + width, mx + mw), np.maximum(y + height, my + mh)
    near = (
        (other != main)
        & (area <= m_area)
        & (np.maximum(width, height) >= PART * mh)
        & (across >= OVERLAP * width)
        & (np.maximum(y, my) - np.minimum(y + height, my + mh) <= GAP * mh)
        & (bottom - np.minimum(y, my) <= GROWTH * mh)
        & (right - np.minimum(x, mx) <= GROWTH * np.maximum(mw, 0.6 * mh))
    )
    within = (x > mx) & (y > my) & (x + width < mx + mw) & (y + height < my + mh)
    gap = np.where(within | (2 * height > mh), CLOSE, GAP) * mh
    return zip(main[near].tolist(), other[near].tolist(), gap[near].tolist(), strict=True)


def _close(pieces: Components, main: int, other: int, gap: float) -> bool:
    """Whether the ink of two pieces, not just their boxes, is at most `gap` pixels apart, across
    and down."""
    reach = max(1, round(gap))
    small, large = pieces.of(other), pieces.of(main)
    # Each run of the one with all of the other that are in its row or `reach` above or below.
    low = large.row.searchsorted(small.row - reach)
    many = large.row.searchsorted(small.row + reach, "right") - low
    start, stop = small.start.repeat(many), small.stop.repeat(many)
    near = large[counted(low, many)]
    return bool(((start < near.stop + reach) & (near.start < stop + reach)).any())
