"""Writers who draw their 4s and 9s oddly, to see whether camd learns from corrections: a 4 whose
top is closed and round as that of a 9, and a 9 that is open and angular as a 4. Their other
digits are plain. All are strokes of a pen; what camd's segmentation cuts out of them is given."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.config.settings import SegmentSettings
from camd.segment.segmentation import segment

Points = NDArray[np.float64]

HEIGHT = 64
"""Of a digit, pixels."""
STROKES: dict[int, tuple[tuple[tuple[float, float], ...], ...]] = {
    0: (((0.5, 0.0), (0.15, 0.25), (0.15, 0.75), (0.5, 1.0), (0.85, 0.75), (0.85, 0.25),
         (0.5, 0.0)),),
    1: (((0.52, 0.0), (0.5, 0.5), (0.48, 1.0)),),
    2: (((0.15, 0.2), (0.45, 0.0), (0.8, 0.2), (0.6, 0.55), (0.15, 0.97), (0.15, 0.97),
         (0.5, 0.95), (0.9, 0.97)),),
    3: (((0.15, 0.1), (0.55, 0.0), (0.75, 0.22), (0.4, 0.47), (0.4, 0.47), (0.8, 0.7),
         (0.5, 1.0), (0.12, 0.88)),),
    5: (((0.8, 0.0), (0.25, 0.02), (0.25, 0.02), (0.2, 0.42), (0.2, 0.42), (0.6, 0.4),
         (0.82, 0.7), (0.5, 1.0), (0.12, 0.9)),),
    6: (((0.7, 0.02), (0.3, 0.3), (0.15, 0.75), (0.5, 1.0), (0.8, 0.75), (0.5, 0.52),
         (0.2, 0.72)),),
    7: (((0.12, 0.03), (0.85, 0.03), (0.85, 0.03), (0.55, 0.5), (0.4, 1.0)),),
    8: (((0.75, 0.15), (0.45, 0.0), (0.2, 0.2), (0.5, 0.47), (0.82, 0.75), (0.5, 1.0),
         (0.18, 0.76), (0.5, 0.47), (0.78, 0.25), (0.75, 0.15)),),
}  # fmt: skip
"""Of the plain digits: a curve goes through the points, and has a corner where one comes twice; x
and y are shares of the box of the digit."""


@dataclass(frozen=True, slots=True)
class Writer:
    """How somebody writes; all but `slant` and `pen` are shares of the digit's box."""

    slant: float
    """How far the top leans to the right."""
    pen: float
    """Width of the strokes, as a share of the height."""
    bar: float
    """How far the bar of a 4 goes on, to the right of its stem."""
    belly: float
    """Height of the lowest point of a 4's bowl."""
    round: float
    """How round that bowl is, 0..1."""
    gap: float
    """How far a 9 stays open at its top."""
    corner: float
    """Height of the corner of a 9."""
    hook: float
    """How far the foot of a 9 turns to the left."""

    @classmethod
    def of(cls, seed: int) -> "Writer":
        """Draw a writer by chance."""
        low_high = ((-0.02, 0.2), (0.07, 0.13), (0.08, 0.22), (0.55, 0.68), (0.4, 1.0),
                    (0.12, 0.34), (0.42, 0.55), (0.08, 0.25))  # fmt: skip
        rng = np.random.default_rng([seed, 4, 9])
        return cls(*(float(rng.uniform(*pair)) for pair in low_high))

    def crops(self, digits: NDArray[np.int64], seed: int) -> NDArray[np.uint8]:
        """Write each of `digits` (N,), and give what is cut out of the paper, (N, 28, 28)."""
        rng = np.random.default_rng([seed, 28])
        return np.stack([self._crop(int(digit), rng) for digit in digits])

    def _crop(self, digit: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        for _ in range(20):
            glyphs = segment(self.write(digit, rng), SegmentSettings()).glyphs
            if len(glyphs) == 1:
                return glyphs[0].crop
        raise AssertionError(f"no {digit} of this writer is one piece")

    def write(self, digit: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Give a picture (H, W, 3) uint8 of one digit, dark on light paper."""
        strokes = self._strokes(digit, rng)
        size = 2 * HEIGHT
        wide = rng.uniform(0.5, 0.62)
        ink = np.zeros((size, size), np.uint8)
        for stroke in strokes:
            line = curve(stroke + rng.normal(0, 0.018, stroke.shape))
            x = (line[:, 0] - 0.5) * wide + self.slant * (0.5 - line[:, 1])
            at = np.stack([x, line[:, 1] - 0.5], 1) * HEIGHT + size / 2
            points = (at * 16).round().astype(np.int32).reshape(-1, 1, 2)
            thick = max(2, round(self.pen * HEIGHT * rng.uniform(0.9, 1.1)))
            cv2.polylines(ink, [points], False, 255, thick, cv2.LINE_AA, shift=4)
        soft = cv2.GaussianBlur(ink, (0, 0), 1.0).astype(np.float32) / 255
        paper = 215 + rng.normal(0, 3, (size, size)) - 160 * soft
        grey = np.clip(paper, 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)

    def _strokes(self, digit: int, rng: np.random.Generator) -> list[Points]:
        if digit == 4:
            low = self.belly + rng.normal(0, 0.02)
            shoulder = 0.4 - 0.12 * self.round, 0.2 - 0.08 * self.round
            return [
                np.array([(0.66, 0.02), shoulder, (0.14, low - 0.1), (0.24, low),
                          (0.7, low - 0.02), (0.72 + self.bar, low - 0.03)]),
                np.array([(0.66, 0.02), (0.68, 0.5), (0.66, 1.0)]),
            ]  # fmt: skip
        if digit == 9:
            deep = self.corner + rng.normal(0, 0.02)
            return [
                np.array([(0.68 - self.gap, 0.03), (0.3, 0.08), (0.15, deep - 0.15), (0.3, deep),
                          (0.55, deep - 0.02), (0.74, deep - 0.16)]),
                np.array([(0.74, 0.05), (0.74, 0.5), (0.7, 0.9), (0.7 - self.hook, 1.0)]),
            ]  # fmt: skip
        return [np.array(stroke) for stroke in STROKES[digit]]


def curve(knots: Points) -> Points:
    """Give the points of a curve through `knots` (K, 2): centripetal splines of Catmull and Rom
    between the corners."""
    parts, begin = [], 0
    for end in range(1, len(knots) + 1):
        corner = end < len(knots) and np.abs(knots[end] - knots[end - 1]).max() < 0.12
        if end == len(knots) or (corner and _twice(knots, end)):
            parts.append(_smooth(knots[begin:end]))
            begin = end
    return np.concatenate(parts)


def _twice(knots: Points, place: int) -> bool:
    return bool(np.abs(knots[place] - knots[place - 1]).max() < 0.1)


def _smooth(knots: Points) -> Points:
    if len(knots) < 3:
        return knots
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0, 1, 12)[:, None]
    found = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        found.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                   + (3 * b - a - 3 * c + d) * t**3)
        )  # fmt: skip
    return np.concatenate(found)
