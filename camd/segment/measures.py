"""PURE. What the shape of a mark says: how wide its stroke is, and the bar with its moments. All
groups of pieces of a frame are measured at once, which takes little longer than one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camd.segment.components import Components
from camd.segment.runs import Runs, counted
from camd.values import DoubleArray, IntArray


@dataclass(frozen=True, slots=True)
class Bar:
    middle: tuple[float, float]
    """x, y, pixels."""
    axis: tuple[float, float]
    """Its direction, x, y; of length 1."""
    length: float
    """Pixels."""
    width: float


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Those of so many marks (N)."""

    middle: DoubleArray
    """(N, 2)"""
    axis: DoubleArray
    """(N, 2)"""
    length: DoubleArray
    """(N,)"""
    width: DoubleArray
    """(N,)"""

    @classmethod
    def of(cls, ink: Runs, mark: IntArray, many: int) -> "Bars":
        """`mark` says of which of so `many` marks each run is."""
        length, y = ink.length.astype(np.float64), ink.row
        x = (ink.start + ink.stop - 1) / 2
        area = np.bincount(mark, length, many)
        # A run adds what its middle would, and its own spread.
        of_runs = (x, y, x * x + (length * length - 1) / 12, x * y, y * y)
        m_x, m_y, x_x, x_y, y_y = (np.bincount(mark, length * of, many) / area for of in of_runs)
        level, both, upright = x_x - m_x * m_x, x_y - m_x * m_y, y_y - m_y * m_y
        angle = 0.5 * np.arctan2(2 * both, level - upright)
        mean, apart = (level + upright) / 2, np.hypot((level - upright) / 2, both)
        return cls(
            np.stack([m_x, m_y], 1),
            np.stack([np.cos(angle), np.sin(angle)], 1),
            np.sqrt(12 * np.maximum(mean + apart, 0)),
            np.sqrt(12 * np.maximum(mean - apart, 0)),
        )

    def __getitem__(self, i: int) -> Bar:
        (x, y), (cos, sin) = self.middle[i].tolist(), self.axis[i].tolist()
        return Bar((x, y), (cos, sin), float(self.length[i]), float(self.width[i]))


def stroke_width(ink: Runs) -> float:
    """Mean stroke width of a mask, pixels."""
    area, outline = float(ink.length.sum()), float(outlines(ink).sum())
    return float(widths(np.array([area]), np.array([outline]))[0])


def widths(area: DoubleArray, outline: DoubleArray) -> DoubleArray:
    """Mean stroke widths (N,), pixels, of what has these areas and lengths of its outlines.

    A long thin shape of area A and outline P is 2A/P wide; P runs through the middle of the
    outermost pixels, which the last term repairs. A pixel alone has no outline."""
    return np.where(outline > 0, 2 * area / (outline + 4), 1.0)


def outlines(ink: Runs) -> DoubleArray:
    """Give what each run adds to the length of the outlines, those of holes too, (N,) pixels.

    OpenCV follows an outline from the middle of one pixel to that of the next: a step is a square
    of four pixels of which two or three are ink (the bit quads of Gray 1971). A run alone has a
    step above and one below each two of its pixels; two that lie on each other have none where
    they overlap, and one aslant for each end at which they differ."""
    above, many = ink.above()
    low = np.repeat(np.arange(len(many)), many)
    upper, lower = ink[counted(above, many)], ink[low]
    common = np.minimum(upper.stop, lower.stop) - np.maximum(upper.start, lower.start)
    ends = (upper.start != lower.start).astype(np.intp) + (upper.stop != lower.stop)
    steps = np.where(common > 0, 4 - 2 * common - (2 - math.sqrt(2)) * ends, 2 * math.sqrt(2))
    return np.asarray(2 * (ink.length - 1) + np.bincount(low, steps, len(ink)), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    stroke: DoubleArray
    """(N,) mean stroke width of each group, pixels."""
    bars: Bars
    """The bars with their moments."""


def marks(found: Components, groups: Sequence[list[int]]) -> Marks:
    """Measure groups (N) of components, of which no two share one."""
    many = len(groups)
    pieces = found.picked(np.array([piece for group in groups for piece in group], np.intp))
    group = np.repeat(np.arange(many), [len(group) for group in groups])
    owner = group.repeat(np.diff(pieces.first))
    area, outline = (
        np.asarray(np.bincount(owner, of, many), np.float64)
        for of in (pieces.runs.length, outlines(pieces.apart()))
    )
    return Marks(widths(area, outline), Bars.of(pieces.runs, owner, many))
