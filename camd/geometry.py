"""PURE. Polygons, as corners in order, how far apart boxes are, and the median of points.

x goes to the right, y down, in any unit.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Point: TypeAlias = tuple[float, float]

Corners: TypeAlias = tuple[Point, ...]


def area(points: Sequence[Point]) -> float:
    """Return the signed area: positive where the corners go clockwise as seen on a screen."""
    return sum(_cross(one, other) for one, other in _sides(points)) / 2


def crosses_itself(points: Sequence[Point]) -> bool:
    """Tell whether two sides touch anywhere but at a corner that they share."""
    sides = _sides(points)
    for (i, (a, b)), (j, (c, d)) in combinations(enumerate(sides), 2):
        if j == i + 1 or (i == 0 and j == len(sides) - 1):
            shared, before, after = (b, a, d) if j == i + 1 else (a, b, c)
            if _turn(before, shared, after) == 0 and _dot(before, shared, after) > 0:
                return True  # the side goes back along the one before
        elif _meet(a, b, c, d):
            return True
    return False


def is_convex(points: Sequence[Point]) -> bool:
    """Tell whether each corner turns clockwise, as seen on a screen. A straight corner does not."""
    ring = [*points, *points[:2]]
    return all(_turn(*ring[i : i + 3]) > 0 for i in range(len(points)))


def contains(points: Sequence[Point], x: float, y: float) -> bool:
    """Tell whether (x, y) lies inside, by the even-odd rule."""
    inside = False
    for (ax, ay), (bx, by) in _sides(points):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside


def _sides(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(points, [*points[1:], *points[:1]], strict=True))


def _cross(a: Point, b: Point) -> float:
    return a[0] * b[1] - a[1] * b[0]


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _dot(a: Point, shared: Point, c: Point) -> float:
    return (a[0] - shared[0]) * (c[0] - shared[0]) + (a[1] - shared[1]) * (c[1] - shared[1])


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(
        turn == 0 and _dot(one, point, other) <= 0
        for turn, (one, other, point) in zip(turns, ends, strict=True)
    )


def median(values: ArrayLike) -> NDArray[np.float64]:
    """Return the median along the first axis, (...,) of (N, ...); N is at least 1."""
    ordered = np.sort(np.asarray(values, np.float64), axis=0)
    return np.asarray((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


def apart(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far apart boxes (N, 4) and (M, 4) are, (N, M), across or down, whichever is more;
    less than 0 where they overlap. A box is left, top, width and height."""
    one, other = first[:, None], second
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., :2] + one[..., 2:], other[..., :2] + other[..., 2:])
    return np.asarray((low - high).max(axis=2), np.float32)
