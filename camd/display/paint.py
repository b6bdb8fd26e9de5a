"""The tools that the overlay is drawn with: smooth rounded shapes, dark glass and text.

PURE. Coordinates and sizes of text are pixels, colours are BGR. Shapes may be partly or wholly
outside the picture.

The font is Rubik, which is built into OpenCV 5. Its digits are all equally wide, so the text beside
a number stays in place when the number changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import Box, FloatArray, Image

Colour: TypeAlias = tuple[int, int, int]

Bounds: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height in pixels, which need not be whole numbers."""

WHITE: Colour = (255, 255, 255)
SILVER: Colour = (206, 200, 196)
PEWTER: Colour = (178, 171, 166)
GREY: Colour = (150, 143, 138)
INK: Colour = (30, 25, 22)

_CAPITAL = 0.75
"""Height of a capital letter or a digit, as a share of the size of its font."""

_SHIFT = 4
"""cv2 takes coordinates as integers whose last so many bits are fractions of a pixel."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text."""

    text: str
    size: float
    colour: Colour
    weight: int = 400
    """How bold it is: 100 (thin) to 900 (black)."""

    @property
    def width(self) -> int:
        # For an empty text cv2 does not return a width.
        if not self.text:
            return 0
        bounds = cv2.getTextSize((0, 0), self.text, (0, 0), _font(), self._size, self.weight)
        return int(bounds[2])

    def write(self, image: Image, x: float, middle: float) -> None:
        """Write the text from `x` to the right; the middle of its capitals is at the height
        `middle`."""
        baseline = round(middle + self.size * _CAPITAL / 2)
        at = (round(x), baseline)
        cv2.putText(image, self.text, at, self.colour, _font(), self._size, self.weight)

    def shortened(self, limit: float) -> "Text":
        """Cut off the end until the text is at most `limit` pixels wide. It is empty where nothing
        fits."""
        if self.width <= limit:
            return self
        for end in range(len(self.text) - 1, 0, -1):
            cut = replace(self, text=self.text[:end].rstrip() + "…")
            if cut.width <= limit:
                return cut
        return replace(self, text="")

    @property
    def _size(self) -> int:
        return max(1, round(self.size))


def outline(image: Image, box: Bounds, radius: float, colour: Colour, thickness: int) -> None:
    points = _rounded(box, radius)
    cv2.polylines(image, [points], True, colour, thickness, cv2.LINE_AA, _SHIFT)


def corners(image: Image, box: Bounds, radius: float, colour: Colour, thickness: int) -> None:
    """Draw the four corners of `outline` without the sides between them, as in a viewfinder."""
    x, y, w, h = box
    # Each corner is a quarter of the points of the outline. The lines that lead away from it are a
    # share of the side long, so that small boxes have gaps, too.
    arm_x, arm_y = max(2.0, 0.26 * w), max(2.0, 0.26 * h)
    points = _rounded(box, radius)
    quarter = len(points) // 4
    ends = (
        ((x, y + arm_y), (x + arm_x, y)),
        ((x + w - arm_x, y), (x + w, y + arm_y)),
        ((x + w, y + h - arm_y), (x + w - arm_x, y + h)),
        ((x + arm_x, y + h), (x, y + h - arm_y)),
    )
    paths = []
    for index, pair in enumerate(ends):
        first, last = (_fixed(np.array([[end]], np.float32)) for end in pair)
        arc = points[index * quarter : (index + 1) * quarter]
        paths.append(np.concatenate([first, arc, last]))
    cv2.polylines(image, paths, False, colour, thickness, cv2.LINE_AA, _SHIFT)


def rule(
    image: Image, start: tuple[float, float], end: tuple[float, float], colour: Colour, t: int
) -> None:
    points = _fixed(np.array([[start], [end]], np.float32))
    cv2.polylines(image, [points], False, colour, t, cv2.LINE_AA, _SHIFT)


def polygon(
    image: Image, points: Sequence[tuple[float, float]], colour: Colour, thickness: int
) -> None:
    ring = _fixed(np.array(points, np.float32).reshape(-1, 1, 2))
    cv2.polylines(image, [ring], True, colour, thickness, cv2.LINE_AA, _SHIFT)


def ring(image: Image, x: float, y: float, radius: float, colour: Colour, thickness: int) -> None:
    outline(image, (x - radius, y - radius, 2 * radius, 2 * radius), radius, colour, thickness)


def dot(image: Image, x: float, y: float, radius: float, colour: Colour) -> None:
    # Each pixel is coloured as far as the disc covers it. cv2's own discs of so small a radius are
    # not round.
    left, top = max(0, int(x - radius) - 1), max(0, int(y - radius) - 1)
    under = image[top : int(y + radius) + 2, left : int(x + radius) + 2]
    rows, columns = np.ogrid[: under.shape[0], : under.shape[1]]
    distance = np.hypot(columns + left - x, rows + top - y)
    cover = np.clip(radius + 0.5 - distance, 0, 1)[..., None]
    under[...] = np.rint(under * (1 - cover) + np.array(colour) * cover)


def glass(
    image: Image, box: Box, radius: float, colour: Colour = INK, opacity: float = 0.78
) -> None:
    """Fill a rounded rectangle; the picture can still be seen through it."""
    x, y, w, h = box
    left, top = max(0, x), max(0, y)
    under = image[top : max(top, y + h), left : max(left, x + w)]
    if not under.size:
        return
    layer = under.copy()
    # cv2 fills the far edge, too, so the shape is one pixel smaller.
    points = _rounded((x - left, y - top, w - 1, h - 1), radius)
    cv2.fillPoly(layer, [points], colour, cv2.LINE_AA, _SHIFT)
    cv2.addWeighted(layer, opacity, under, 1 - opacity, 0, dst=under)


def _font() -> cv2.FontFace:
    # Each call makes a new font. A font that two threads share (that of the window and that of the
    # snapshot) draws wrong letters, and making one takes only microseconds.
    return cv2.FontFace("sans")


@lru_cache(maxsize=64)
def _arc(radius: float) -> FloatArray:
    """Return (4, n, 2), the points of four rounded corners, relative to the centres of their arcs;
    clockwise from the top left."""
    steps = max(2, min(16, round(radius) + 2))
    turn = np.linspace(0, np.pi / 2, steps)
    quarters = [turn + np.pi * start for start in (1.0, 1.5, 0.0, 0.5)]
    angles = np.stack(quarters)
    return np.stack([np.cos(angles), np.sin(angles)], axis=2).astype(np.float32) * radius


def _rounded(box: Bounds, radius: float) -> NDArray[np.int32]:
    """Return the points (4 n, 1, 2) of a rounded rectangle as cv2's fixed-point integers."""
    x, y, w, h = box
    radius = round(max(0.0, min(radius, w / 2, h / 2)), 1)
    near = np.array([x + radius, y + radius], np.float32)
    far = np.array([x + w - radius, y + h - radius], np.float32)
    centres = np.array([near, (far[0], near[1]), far, (near[0], far[1])], np.float32)
    return _fixed((_arc(radius) + centres[:, None]).reshape(-1, 1, 2))


def _fixed(points: FloatArray) -> NDArray[np.int32]:
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)
