"""PURE. Where touching digits may be cut: seams from top to bottom through the least ink.

They are found by dynamic programming, as seam carving does (Avidan and Shamir 2007).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.tuned import TUNED
from camd.values import FloatArray, IntArray, Plane

HEIGHT = 24
"""Rows in which cuts are looked for, a digit's height."""


def seams(ink: Plane, unit: float, many: int, least: float) -> list[IntArray]:
    """Find where ink (h, w) uint8 may be cut from top to bottom, left to right: the `many` cuts a
    `unit` of width, pixels, the height of a digit, that go through the least of it. On either side
    of a cut there is ink from top to bottom of at least so many units.

    Each cut (h,) gives, a row, the first column to its right."""
    rows, columns = ink.shape
    # The paths start in the middle, and are as long up as down.
    height, width = 2 * round(rows * HEIGHT / unit / 2), round(columns * HEIGHT / unit)
    if width < 2 * TUNED.cuts_apart or height < 2:
        return []
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    small /= max(1.0, float(np.percentile(small[small > 0], 75))) if small.any() else 1.0
    np.minimum(small, 1, out=small)
    paths, depth = _paths(small)
    inked = small > 0.4
    along = inked[np.arange(height), paths]
    entered = along[:, 0] + np.count_nonzero(along[:, 1:] > along[:, :-1], axis=1)
    depth = depth + TUNED.twice * np.maximum(entered - 1, 0)
    alone = _extent(inked, paths) >= least * HEIGHT
    near = np.zeros(width, bool)
    found: list[IntArray] = []
    for i in np.argsort(depth, kind="stable").tolist():
        if len(found) == round(many * columns / unit):
            break
        if alone[i] and not near[i]:
            found.append(paths[i])
            near |= np.abs(paths - paths[i]).sum(axis=1) < TUNED.cuts_apart * height
    found.sort(key=lambda path: float(path.mean()))
    # Cuts that cross would leave a piece with two sides swapped.
    ordered = [np.maximum.reduce(found[: n + 1]) for n in range(len(found))]
    at = np.linspace(0, height - 1, rows)
    return [
        np.asarray(np.round(np.interp(at, np.arange(height), path) * columns / width), np.intp)
        for path in ordered
    ]


def _extent(inked: NDArray[np.bool_], paths: IntArray) -> IntArray:
    """Give how far from top to bottom the ink (H, W) on that side of each path (N, H) reaches where
    it reaches less, pixels."""
    height = len(inked)
    rows = np.arange(height)
    before = np.zeros((height, inked.shape[1] + 1), np.intp)
    np.cumsum(inked, axis=1, out=before[:, 1:])
    left = before[rows, paths]
    right = before[:, -1] - left
    first, second = (
        np.where(side > 0, rows, -1).max(axis=1) - np.where(side > 0, rows, height).min(axis=1)
        for side in (left, right)
    )
    return np.asarray(np.minimum(first, second), np.intp)


def _paths(ink: FloatArray) -> tuple[IntArray, FloatArray]:
    """Find the path from top to bottom through each column of the middle row that goes through the
    least of ink (H, W), 0..1; H is even.

    Gives the columns of each (W, H), and how much ink it goes through (W,)."""
    half = len(ink) // 2
    # Both ways out from the middle at once: to the top, and, upside down, to the bottom.
    cost = np.stack([ink[:half], ink[: half - 1 : -1]], axis=1)
    rows, _, width = cost.shape
    total = np.full((rows, 2, width + 2), np.inf, np.float32)
    total[0, :, 1:-1] = cost[0]
    for row in range(1, rows):
        before = total[row - 1]
        least = np.minimum(before[:, :-2], before[:, 2:])
        np.minimum(least, before[:, 1:-1], out=least)
        np.add(least, cost[row], out=total[row, :, 1:-1])
    side = np.arange(2)[:, None]
    at = np.tile(np.arange(1, width + 1), (2, 1))
    paths = np.empty((rows, 2, width), np.intp)
    paths[-1] = at
    for row in range(rows - 2, -1, -1):
        left, right = total[row, side, at - 1], total[row, side, at + 1]
        aside = np.where(left < right, at - 1, at + 1)
        at = np.where(np.minimum(left, right) < total[row, side, at], aside, at)
        paths[row] = at
    whole = np.concatenate([paths[:, 0], paths[::-1, 1]]) - 1
    return whole.T, total[-1, :, 1:-1].sum(axis=0)
