"""What the overlay is drawn with: anti-aliased rounded shapes, dark glass and type.

PURE. Coordinates are pixels, sizes of type are pixels too, colours are BGR. Shapes may lie
partly or wholly outside of the picture.

The type is Rubik, the variable font inside OpenCV 5: its figures are all equally wide, so a
number that changes does not make its neighbours jump.
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
"""x, y, width, height; fractions of pixels count."""

WHITE: Colour = (255, 255, 255)
SILVER: Colour = (206, 200, 196)
PEWTER: Colour = (178, 171, 166)
GREY: Colour = (150, 143, 138)
INK: Colour = (30, 25, 22)

_CAPITAL = 0.75
"""Height of a capital or a figure, of the size of its type."""

_SHIFT = 4  # cv2 takes fractions of a pixel as integers with this many binary places


@dataclass(frozen=True, slots=True)
class Text:
    """One line of type."""

    text: str
    size: float
    colour: Colour
    weight: int = 400
    """100 (thin) to 900 (black)."""

    @property
    def width(self) -> int:
        # The empty text has no bounds: cv2 then gives the position it was asked for.
        if not self.text:
            return 0
        bounds = cv2.getTextSize((0, 0), self.text, (0, 0), _font(), self._size, self.weight)
        return int(bounds[2])

    def write(self, image: Image, x: float, middle: float) -> None:
        """Write from `x` on, with the capitals centred on the height `middle`."""
        baseline = round(middle + self.size * _CAPITAL / 2)
        at = (round(x), baseline)
        cv2.putText(image, self.text, at, self.colour, _font(), self._size, self.weight)

    def shortened(self, limit: float) -> "Text":
        """Cut the end until the text is at most `limit` wide; empty where nothing fits."""
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
    """The four corners of `outline` without the sides between them, as a viewfinder has."""
    x, y, w, h = box
    # Each corner of the outline is a quarter of its points; its arms are cut to a share of
    # the side, so that small boxes still show gaps.
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
    # By coverage: cv2's own discs of so small a radius have points.
    left, top = max(0, int(x - radius) - 1), max(0, int(y - radius) - 1)
    under = image[top : int(y + radius) + 2, left : int(x + radius) + 2]
    rows, columns = np.ogrid[: under.shape[0], : under.shape[1]]
    distance = np.hypot(columns + left - x, rows + top - y)
    cover = np.clip(radius + 0.5 - distance, 0, 1)[..., None]
    under[...] = np.rint(under * (1 - cover) + np.array(colour) * cover)


def glass(
    image: Image, box: Box, radius: float, colour: Colour = INK, opacity: float = 0.78
) -> None:
    """Fill a rounded rectangle through which the picture still shows."""
    x, y, w, h = box
    left, top = max(0, x), max(0, y)
    under = image[top : max(top, y + h), left : max(left, x + w)]
    if not under.size:
        return
    layer = under.copy()
    # cv2 includes the far edge, hence one less.
    points = _rounded((x - left, y - top, w - 1, h - 1), radius)
    cv2.fillPoly(layer, [points], colour, cv2.LINE_AA, _SHIFT)
    cv2.addWeighted(layer, opacity, under, 1 - opacity, 0, dst=under)


def _font() -> cv2.FontFace:
    # One each call: a font shared between threads (the window's and the snapshot's) draws
    # wrong letters, and making one is a matter of microseconds.
    return cv2.FontFace("sans")


@lru_cache(maxsize=64)
def _arc(radius: float) -> FloatArray:
    """Return (4, n, 2) offsets of the corners from their centres, clockwise from top left."""
    steps = max(2, min(16, round(radius) + 2))
    turn = np.linspace(0, np.pi / 2, steps)
    quarters = [turn + np.pi * start for start in (1.0, 1.5, 0.0, 0.5)]
    angles = np.stack(quarters)
    return np.stack([np.cos(angles), np.sin(angles)], axis=2).astype(np.float32) * radius


def _rounded(box: Bounds, radius: float) -> NDArray[np.int32]:
    """Return (4 n, 1, 2) points in cv2's fixed-point form."""
    x, y, w, h = box
    radius = round(max(0.0, min(radius, w / 2, h / 2)), 1)
    near = np.array([x + radius, y + radius], np.float32)
    far = np.array([x + w - radius, y + h - radius], np.float32)
    centres = np.array([near, (far[0], near[1]), far, (near[0], far[1])], np.float32)
    return _fixed((_arc(radius) + centres[:, None]).reshape(-1, 1, 2))


def _fixed(points: FloatArray) -> NDArray[np.int32]:
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)
