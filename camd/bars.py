"""PURE. The bar that has the moments of a mark: where it lies, how long and how wide it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.segment.runs import Ints, Runs

Floats = NDArray[np.float64]


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

    middle: Floats
    """(N, 2)"""
    axis: Floats
    """(N, 2)"""
    length: Floats
    """(N,)"""
    width: Floats
    """(N,)"""

    @classmethod
    def of(cls, ink: Runs, mark: Ints, many: int) -> "Bars":
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
