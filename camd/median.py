"""PURE. The median of a handful of values: NumPy's own takes ten times as long for so few."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def median(values: ArrayLike) -> NDArray[np.float64]:
    """Give the median along the first axis, (...,) of (N, ...); N is at least 1."""
    ordered = np.sort(np.asarray(values, np.float64), axis=0)
    return np.asarray((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)
