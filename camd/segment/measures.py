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
    """The bars of several marks (N)."""

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
        """Measure `many` marks; `mark` (R,) says to which one each run of `ink` belongs."""
        length, y = ink.length.astype(np.float64), ink.row
        x = (ink.start + ink.stop - 1) / 2
        area = np.bincount(mark, length, many)
        # A run counts as all its pixels in its middle, plus the spread along itself.
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
    """Give mean stroke widths (N,), pixels, from areas and lengths of outlines.

    A long thin shape of area A and outline P is 2A/P wide. P is measured through the middle of the
    outermost pixels, so it is 4 too short. A single pixel has no outline."""
    return np.where(outline > 0, 2 * area / (outline + 4), 1.0)


def outlines(ink: Runs) -> DoubleArray:
    """Give what each run adds to the length of the outlines, holes included, (N,) pixels.

    The outline goes from the middle of one border pixel to the middle of the next, as OpenCV's
    does. Each such step belongs to a square of four pixels, two or three of which are ink (the bit
    quads of Gray 1971). A run alone has one step above and one below each pair of its pixels. Where
    it overlaps a run of the row above these steps vanish, and each end at which the two differ
    adds one diagonal step."""
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
