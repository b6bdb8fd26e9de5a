"""PURE. What training can give, and so what the numbers of a model file can be: a checksum says
that a file is as it was written, and not that a machine was written."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_FEATURES = 10_000
"""Of a crop. The shipped model has some hundred; each costs memory for every crop of a frame."""
LARGEST: Mapping[str, float] = {
    "offset": 1e3, "vectors": 1e3, "coefs": 1e4, "intercepts": 1e2, "calibration": 1e2,
    "quick_vectors": 1e3, "quick_weights": 1e3, "quick_intercepts": 1e2, "quick_calibration": 1e2,
    "gate_offset": 1e3, "gate_vectors": 1e3, "gate_coefs": 1e4, "gate_intercept": 1e2,
    "gate_calibration": 1e2,
    "gate_quick_vectors": 1e3, "gate_quick_coefs": 1e3, "gate_quick_intercept": 1e2,
    "gate_quick_calibration": 1e2,
    "coarse_templates": 1e3, "coarse_offsets": 1e2, "coarse_offset": 1e3, "coarse_vectors": 1e3,
    "coarse_weights": 1e3, "coarse_intercepts": 1e2,
    "test_margins": 1e3, "test_values": 1e3,
}  # fmt: skip
"""Greatest size of any number in an array. What was trained stays below a tenth of each."""
LARGEST_THRESHOLD = 1e2
"""Of a margin from which a small machine is believed."""
LARGEST_TOLERANCE = 0.02
"""Of the values of the self-test. The order of summing on another processor makes a thousandth."""
WIDTHS = 0.02, 50.0
"""Of a kernel: gamma times the sum of the variances of its vectors. 1 and 2 are usual; with less a
machine is next to linear, with more it knows its vectors and nothing between them."""
BALANCE = 1e-3
"""Of a duel's coefficients those for one class and those for the other are equal in sum (the dual
problem's constraint), but for rounding: a share of all."""
SAMPLE = 8
"""One vector of so many is enough for the variances."""
COLUMNS = 0.99, 1e5
"""Lengths of a projection's columns: principal components have 1, and more where they are
stretched (Recipe.flatten)."""


def problem(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> str | None:
    """Say what does not go together as training leaves it, if anything, in arrays of the right
    types, shapes and sizes."""
    for name in (
        "quick_clear",
        "gate_quick_digit",
        "gate_quick_other",
        "coarse_first",
        "coarse_second",
    ):
        if meta.get(name, 0) > LARGEST_THRESHOLD:
            return f"{name} is above {LARGEST_THRESHOLD:g}"
    if meta.get("test_tolerance", 0) > LARGEST_TOLERANCE:
        return f"test_tolerance is above {LARGEST_TOLERANCE:g}"
    for prefix in ("", "quick_", "gate_", "gate_quick_", "coarse_"):
        if f"{prefix}vectors" in arrays and not _fits(
            meta[f"{prefix}gamma"], arrays[f"{prefix}vectors"]
        ):
            return f"{prefix}gamma does not fit its vectors"
    for name in ("projection", "gate_projection", "coarse_projection"):
        if name in arrays and not _are_components(arrays[name]):
            return f"the columns of {name} are no principal components"
    if not _balanced(arrays["coefs"], arrays["counts"]):
        return "coefs are not balanced between the classes of each duel"
    gate = arrays.get("gate_coefs")
    if gate is not None and abs(gate.sum(dtype=np.float64)) > BALANCE * np.abs(gate).sum():
        return "gate_coefs are not balanced between digits and others"
    return None


def size_problem(name: str, numbers: NDArray[Any]) -> str | None:
    """Say whether an array of that name holds anything but numbers of its size."""
    largest = _size(numbers)
    if not np.isfinite(largest):
        return f"{name} holds values that are not finite"
    most = LARGEST.get(name, np.inf)
    return f"{name} holds numbers above {most:g}" if largest > most else None


def _size(numbers: NDArray[Any]) -> float:
    """Return the greatest size of a number in there; not finite where one is not."""
    if not numbers.size:
        return 0.0
    single = numbers.astype(np.float32, copy=False)  # NumPy takes ten times as long with halves
    return float(max(single.max(), -single.min()))


def _fits(gamma: float, vectors: NDArray[Any]) -> bool:
    some = vectors[::SAMPLE].astype(np.float32)
    if len(some) < 2:  # nothing to compare
        return True
    least, most = WIDTHS
    return least <= gamma * float(some.var(axis=0).sum()) <= most


def _are_components(matrix: NDArray[Any]) -> bool:
    lengths = np.linalg.norm(matrix, axis=0)
    least, most = COLUMNS
    return bool((lengths > least).all() and (lengths < most).all())


def _balanced(coefs: NDArray[Any], counts: NDArray[Any]) -> bool:
    """Compare, for each duel, the two classes' coefficients. (n - 1, S), as in SVC.dual_coef_."""
    starts = np.cumsum(counts)[:-1]
    blocks = np.split(coefs.astype(np.float64), starts, axis=1)
    own = [block.sum(axis=1) for block in blocks]
    size = [np.abs(block).sum(axis=1) for block in blocks]
    return all(
        abs(own[i][j - 1] + own[j][i]) <= BALANCE * (size[i][j - 1] + size[j][i])
        for i, j in combinations(range(len(own)), 2)
    )
