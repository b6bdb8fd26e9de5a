"""PURE. The bar that has the moments of a mark: where it lies, how long and how wide it is."""

from dataclasses import dataclass

import numpy as np

from camd.runs import Ints, Runs


@dataclass(frozen=True, slots=True)
class Bar:
    middle: tuple[float, float]
    """x, y, pixels."""
    axis: tuple[float, float]
    """Its direction, x, y; of length 1."""
    length: float
    """Pixels."""
    width: float


def bars(ink: Runs, mark: Ints, many: int) -> list[Bar]:
    """Give the bar of each of so `many` marks; `mark` says of which one each run is."""
    length, y = ink.length.astype(np.float64), ink.row
    x = (ink.start + ink.stop - 1) / 2
    area = np.bincount(mark, length, many)
    # A run adds what its middle would, and its own spread.
    of_runs = (x, y, x * x + (length * length - 1) / 12, x * y, y * y)
    m_x, m_y, x_x, x_y, y_y = (np.bincount(mark, length * of, many) / area for of in of_runs)
    level, both, upright = x_x - m_x * m_x, x_y - m_x * m_y, y_y - m_y * m_y
    angle = 0.5 * np.arctan2(2 * both, level - upright)
    mean, apart = (level + upright) / 2, np.hypot((level - upright) / 2, both)
    long, wide = (np.sqrt(12 * np.maximum(spread, 0)) for spread in (mean + apart, mean - apart))
    rows = (m_x, m_y, np.cos(angle), np.sin(angle), long, wide)
    return [
        Bar((at_x, at_y), (cos, sin), along, across)
        for at_x, at_y, cos, sin, along, across in zip(*map(np.ndarray.tolist, rows), strict=True)
    ]
