"""PURE. Puts digits into rows and numbers, in reading order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from camd.config.settings import LineSettings
from camd.segment.deskew import skew
from camd.values import Box, Digit, DoubleArray, Line

CHAIN_GAP = 3.0
"""Widest gap between neighbours of one chain, in digit heights. Across a wider gap, two chains
become one row only when they are level with each other."""
UNEVEN = 2.0
"""A gap separates two numbers only when it is more than so many times the usual gap of the row."""
STAY = 1.2
"""Two digits that were separate numbers stay so until the gap is smaller than the limit by this
factor, and two digits of one number stay together until it is greater by this factor. This keeps
a reading from flickering when a gap is close to the limit."""

Parted: TypeAlias = Mapping[tuple[int | None, int | None], bool]
"""For neighbouring digits, by the numbers of their tracks: whether a gap separates them."""


def group(
    digits: Sequence[Digit], settings: LineSettings, before: Parted = MappingProxyType({})
) -> tuple[Line, ...]:
    """Group digits into rows from top to bottom, each from left to right. `before` says which
    neighbours were separate numbers in the last frame; that changes only when the gap between them
    has clearly changed (STAY).

    The slope of the rows is found from neighbouring digits (within 20 degrees of level).
    Neighbours are linked into chains, and chains that are level with each other become one row. So
    two columns share their rows where these are level, and keep rows of their own where not.
    """
    if not digits:
        return ()
    layout = _Layout.of(digits)
    rows = _join(_chains(layout), layout)
    rows.sort(key=lambda row: float(layout.y[row].mean()))
    gaps = [_gaps(row, layout) for row in rows]
    pooled = np.concatenate(gaps)
    return tuple(
        Line(
            text=_text(
                [digits[i] for i in row], own, pooled, settings.gap * layout.scale(row), before
            ),
            digits=tuple(digits[i] for i in row),
            box=_hull([digits[i].box for i in row]),
        )
        for row, own in zip(rows, gaps, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Centres, half widths and heights of the digits, pixels, after the slope of the sheet was
    taken out."""

    x: DoubleArray
    y: DoubleArray
    half_width: DoubleArray
    height: DoubleArray

    @classmethod
    def of(cls, digits: Sequence[Digit]) -> "_Layout":
        boxes = np.array([digit.box for digit in digits], dtype=np.float64).reshape(-1, 4)
        x, y = boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] / 2
        # Everything is measured in heights of digits. A level bar or a speck is not high, but must
        # not make that measure too small.
        height = np.maximum(boxes[:, 3], 0.5 * boxes[:, 2]).clip(1.0)
        angle = skew(x, y, height)
        cos, sin = np.cos(angle), np.sin(angle)
        return cls(x * cos + y * sin, y * cos - x * sin, boxes[:, 2] / 2, height)

    def scale(self, row: list[int]) -> float:
        return float(_middle(self.height[row]))


def _chains(layout: _Layout) -> list[list[int]]:
    """Link each digit with the one on its right where each is the best neighbour of the other."""
    count = len(layout.x)
    dx = layout.x[None, :] - layout.x[:, None]
    dy = np.abs(layout.y[None, :] - layout.y[:, None])
    tall = np.maximum(layout.height[:, None], layout.height[None, :])
    short = np.minimum(layout.height[:, None], layout.height[None, :])
    gap = dx - layout.half_width[:, None] - layout.half_width[None, :]
    overlap = np.minimum((tall + short) / 2 - dy, short) / short
    cost = np.maximum(gap, 0) / tall + 2.0 * dy / tall
    cost[(dx <= 0) | (overlap < 0.4) | (dy > 0.6 * tall) | (gap > CHAIN_GAP * tall)] = np.inf
    after, before = np.argmin(cost, axis=1), np.argmin(cost, axis=0)
    linked = [
        bool(np.isfinite(cost[i, after[i]])) and int(before[after[i]]) == i for i in range(count)
    ]
    starts = set(range(count)) - {int(after[i]) for i in range(count) if linked[i]}
    chains = []
    for i in sorted(starts):
        chain = [i]
        while linked[chain[-1]]:
            chain.append(int(after[chain[-1]]))
        chains.append(chain)
    return chains


def _join(chains: list[list[int]], layout: _Layout) -> list[list[int]]:
    """Join chains that do not overlap and are level where their ends face each other. The nearest
    are joined first."""
    rows = list(chains)
    while len(rows) > 1:
        cost = _facing(rows, layout)
        i, j = divmod(int(np.argmin(cost)), len(rows))
        if not np.isfinite(cost[i, j]):
            break
        rows = [row for k, row in enumerate(rows) if k not in (i, j)] + [rows[i] + rows[j]]
    return rows


def _facing(rows: list[list[int]], layout: _Layout) -> DoubleArray:
    """Return (N, N): what it costs to continue row i with row j; inf where that is not possible."""
    first, last = [row[0] for row in rows], [row[-1] for row in rows]
    scales = np.array([layout.scale(row) for row in rows])
    head = np.array([_middle(layout.y[row[:3]]) for row in rows])
    tail = np.array([_middle(layout.y[row[-3:]]) for row in rows])
    scale = np.maximum(scales[:, None], scales[None, :])
    right_edge, left_edge = (
        layout.x[last] + layout.half_width[last],
        layout.x[first] - layout.half_width[first],
    )
    gap = left_edge[None, :] - right_edge[:, None]
    off = np.abs(head[None, :] - tail[:, None])
    backward = layout.x[first][None, :] <= layout.x[last][:, None]
    unlike = scale > 2.5 * np.minimum(scales[:, None], scales[None, :])
    cost = np.asarray((np.maximum(gap, 0) + 2.0 * off) / scale, dtype=np.float64)
    cost[backward | unlike | (gap < -0.35 * scale) | (off > 0.45 * scale)] = np.inf
    np.fill_diagonal(cost, np.inf)
    return cost


def _gaps(row: list[int], layout: _Layout) -> DoubleArray:
    x, half = layout.x[row], layout.half_width[row]
    return np.asarray(np.maximum((x[1:] - half[1:]) - (x[:-1] + half[:-1]), 0.0), dtype=np.float64)


def partings(lines: Sequence[Line]) -> Parted:
    """Tell which neighbouring digits of the lines belong to separate numbers."""
    found = {}
    for line in lines:
        parts = [len(part) for part in line.text.split(" ")]
        ends = set(np.cumsum(parts).tolist())
        for i, (left, right) in enumerate(pairwise(line.digits), 1):
            found[left.track, right.track] = i in ends
    return found


def _text(
    row: list[Digit], gaps: DoubleArray, pooled: DoubleArray, wide: float, before: Parted
) -> str:
    text = str(row[0].digit)
    for i, digit in enumerate(row[1:]):
        was = before.get((row[i].track, digit.track))
        gap = gaps[i] if was is None else gaps[i] * STAY if was else gaps[i] / STAY
        if gap > wide:
            # A row of two digits has no other gap to compare with. Then the gaps of all rows say
            # what is usual.
            others = np.delete(gaps, i) if len(gaps) > 1 else pooled[pooled < wide]
            usual = float(np.sort(others)[(len(others) - 1) // 4]) if len(others) else 0.0
            text += " " if gap > UNEVEN * usual else ""
        text += str(digit.digit)
    return text


def _middle(values: DoubleArray) -> float:
    """Return the upper median. NumPy's own median takes so long on a handful of values that it
    would cost more than everything else here."""
    return float(np.sort(values)[len(values) // 2])


def _hull(boxes: list[Box]) -> Box:
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return left, top, right - left, bottom - top
