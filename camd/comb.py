"""PURE. The teeth of a comb field: short upright strokes that part the places of a number. One
alone is a 1; what tells them apart is that many stand on one rule, alike, at even distances."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FEWEST = 4
"""Teeth of a comb."""
ALIKE = 0.25
"""How far the height of a tooth may be from the usual one, as a share."""
UNEVEN = 0.12
"""How far a distance may be from a multiple of the usual one, in usual ones."""
APART = 0.8
"""Least distance of two teeth, in heights: 1s stand closer."""
NONE = np.zeros(0, np.intp)


class Line(Protocol):
    """y = at + slope * (x - middle)."""

    @property
    def at(self) -> float: ...
    @property
    def slope(self) -> float: ...
    @property
    def middle(self) -> float: ...


def teeth(stats: NDArray[np.int32], line: Line, thick: int) -> NDArray[np.intp]:
    """Give the indices of the teeth that stand on, or hang from, a level rule; `stats` are
    Components.stats of the ink but for the pixels of rules, `thick` the thickest that a rule is,
    pixels."""
    x, y, width, height, area = stats.T.astype(np.float64)
    middle = x + width / 2
    foot = line.at + line.slope * (middle - line.middle)
    reach = 1.5 * thick + 1
    stands = (np.abs(y + height - foot) <= reach) | (np.abs(y - foot) <= reach)
    slim = (area <= thick * height) & (width <= thick + 0.35 * height)
    chosen = np.flatnonzero(stands & slim & (height >= 2 * thick))
    if len(chosen) >= FEWEST:
        usual = np.median(height[chosen])
        chosen = chosen[np.abs(height[chosen] / usual - 1) <= ALIKE]
    if len(chosen) < FEWEST:
        return NONE
    places, tall = np.sort(middle[chosen]), float(np.median(height[chosen]))
    gap = _gap(np.diff(places))
    if gap < APART * tall:
        return NONE
    # What a digit or a crossing rule left of others stands in the same places.
    nearest = np.abs(middle[:, None] - places).min(axis=1)
    rest = stands & slim & (height <= (1 + ALIKE) * tall) & _multiple(nearest, gap)
    return np.flatnonzero(rest)


def _gap(distances: NDArray[np.float64]) -> float:
    """Give the distance of which all these are multiples: digits hide teeth; 0 where there is
    none."""
    for gap in (float(np.median(distances)), float(distances.min())):
        if gap > 0 and _multiple(distances, gap).all():
            return gap
    return 0.0


def _multiple(distances: NDArray[np.float64], gap: float) -> NDArray[np.bool_]:
    times = distances / gap
    even: NDArray[np.bool_] = np.abs(times - np.rint(times)) <= UNEVEN * np.maximum(times, 1)
    return even
