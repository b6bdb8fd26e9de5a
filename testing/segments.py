"""Draws rows of digits of seven segments, as an LCD or an LED shows them."""

import cv2
import numpy as np
from numpy.typing import NDArray

LIT = {
    "0": "abcdef", "1": "bc", "2": "abdeg", "3": "abcdg", "4": "bcfg", "5": "acdfg",
    "6": "acdefg", "7": "abc", "8": "abcdefg", "9": "abcdfg", "-": "g", " ": "",
}  # fmt: skip
"""The segments that are on for each character, by their usual letters."""
ENDS = {
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
"""From where to where each goes, in widths of a digit to the right and down."""

DOTS = {".": (0.96,), ":": (0.3, 0.7)}
"""How far down the middles of their dots are, in heights of a digit."""


def display(
    text: str,
    height: int = 60,
    *,
    ink: int = 40,
    ground: int = 170,
    margin: float = 0.4,
    lean: float = 0.08,
) -> NDArray[np.uint8]:
    """Return a grey picture of `text` (digits, "-", and blanks for cells that are off, with points
    and colons behind them) of digits `height` pixels high, with `margin` heights around."""
    cells = [sign for sign in text if sign in LIT]
    wide, thick = 0.5 * height, max(2, round(0.13 * height))
    step, edge = round(0.85 * height), round(margin * height)
    picture = np.full((height + 2 * edge, step * len(cells) + 2 * edge), ground, np.uint8)
    place = 0
    for sign in text:
        place += sign in LIT
        for down in DOTS.get(sign, ()):
            right = edge + place * step - 0.03 * height + lean * height * (1 - down)
            at = round(right), round(edge + down * height)
            cv2.circle(picture, at, max(1, round(0.06 * height)), ink, -1)
    for place, digit in enumerate(cells):
        for name in LIT[digit]:
            ends = np.array(ENDS[name], np.float64) * (wide, height / 2)
            ends += (edge + place * step + 0.15 * height, edge)
            ends[:, 0] += lean * (edge + height - ends[:, 1])
            # A gap between the segments, as their glass has.
            first, last = ends + 0.12 * (ends[::-1] - ends)
            cv2.line(picture, first.astype(int).tolist(), last.astype(int).tolist(), ink, thick)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), height / 50), np.uint8)
