"""Draws marks without a meaning: strokes, crossings, frames and blots."""

from math import comb

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.hand import Mask, scribble


def doodle(rng: np.random.Generator, height: int, pen: float) -> Mask | None:
    """Draw a mark about `height` pixels high; `pen` is the width of its strokes as a share of that.
    None when it looks like a digit."""
    kinds = (_loops, _stroke, _stroke, _plus, _plus, _frame, _frame, _blot)
    return kinds[rng.integers(len(kinds))](rng, height, pen)


def _loops(rng: np.random.Generator, height: int, pen: float) -> Mask:
    wide = max(8, round(height * rng.uniform(0.6, 2.2)))
    return scribble(rng, max(8, height), wide, max(1.0, pen * height))


def _stroke(rng: np.random.Generator, height: int, pen: float) -> Mask:
    """Draw one or two random lines: hooks, arcs, ticks or waves."""
    size = max(12, round(1.3 * height))
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.choice([1, 1, 2])):
        knots = rng.uniform(0.1, 0.9, (int(rng.integers(3, 6)), 2)) * size
        t = np.linspace(0, len(knots) - 1, 60)
        if rng.random() < 0.5:  # a smooth line; the other half have corners
            weights = np.array([_bernstein(len(knots) - 1, k, t) for k in range(len(knots))])
            line = weights.T @ knots
        else:
            steps = np.arange(len(knots))
            line = np.stack([np.interp(t, steps, knots[:, axis]) for axis in (0, 1)], 1)
        _line(mask, line, pen * height)
    return cropped(mask / np.float32(255))


def _plus(rng: np.random.Generator, height: int, pen: float) -> Mask:
    """Draw two lines as a hand does, which cross near their middles; one is nearly level."""
    size = max(12, round(1.4 * height))
    mask = np.zeros((size, size), np.uint8)
    turn = rng.normal(0, 0.12)
    for angle in (turn, turn + np.pi / 2 + rng.normal(0, 0.18)):
        reach = 0.5 * height * rng.uniform(0.75, 1.25)
        middle = size / 2 + rng.normal(0, 0.07 * height, 2)
        along = np.array([np.cos(angle), np.sin(angle)])
        t = np.linspace(-1, 1, 20)[:, None]
        bow = rng.normal(0, 0.05) * reach * (1 - t**2) * np.array([-along[1], along[0]])
        _line(mask, middle + reach * t * along + bow, pen * height)
    return cropped(mask / np.float32(255))


def _line(mask: NDArray[np.uint8], line: NDArray[np.float64], thick: float) -> None:
    points = (line * 16).round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(mask, [points], False, 255, max(1, round(thick)), cv2.LINE_AA, shift=4)


def _frame(rng: np.random.Generator, height: int, _pen: float) -> Mask | None:
    """Draw a box, or a corner of a box or table."""
    size = max(12, height)
    wide = max(10, round(size * rng.uniform(0.6, 1.8)))
    mask = np.zeros((size + 8, wide + 8), np.uint8)
    thick = max(1, round(size * rng.uniform(0.03, 0.2)))
    corners = np.array([(4, 4), (wide + 3, 4), (wide + 3, size + 3), (4, size + 3)])
    corners = corners + rng.normal(0, 0.03 * size, corners.shape)
    sides = int(rng.choice([2, 3, 4, 4]))
    first = int(rng.integers(4))
    turned = np.roll(corners, -first, axis=0).round().astype(np.int32)
    cv2.polylines(mask, [turned[: sides + 1]], sides == 4, 255, thick, cv2.LINE_AA)
    if rng.random() < 0.25:
        cv2.line(mask, turned[0].tolist(), turned[2].tolist(), 255, thick, cv2.LINE_AA)
    if sides == 2 and first == 0:  # The upper and the right side alone look like a 7.
        return None
    return cropped(mask / np.float32(255))


def _blot(rng: np.random.Generator, height: int, _pen: float) -> Mask:
    size = max(12, height)
    mask = np.zeros((2 * size, 2 * size), np.float32)
    count = int(rng.integers(3, 12))
    turns = np.sort(rng.uniform(0, 2 * np.pi, count))
    reach = size * rng.uniform(0.2, 0.6, count)
    stretch = np.array([rng.uniform(0.3, 1), 1])
    points = size + stretch * reach[:, None] * np.stack([np.cos(turns), np.sin(turns)], 1)
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 0.1 * size))
    sharp = np.clip((soft - 0.5) * rng.uniform(1, 6) + 0.5, 0, 1)
    return cropped(np.asarray(sharp, np.float32))


def _bernstein(n: int, k: int, t: NDArray[np.float64]) -> NDArray[np.float64]:
    u = t / n
    return np.asarray(comb(n, k) * u**k * (1 - u) ** (n - k))


def cropped(mask: NDArray[np.floating]) -> Mask:
    ys, xs = np.nonzero(mask > 0.3)
    if not len(ys):
        return np.ones((2, 2), np.float32)
    return np.asarray(mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1], np.float32)
