"""PURE. The windows in which a digit of a row may stand, at one height of a digit, and what a
machine says of them; camd/hypotheses/cells.py makes rows of it.

Where a quick look over the whole strip (camd/classify/coarse.py) sees no chance of a digit, the
machine is not asked: of some thousand windows a hundred are left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.classify.coarse import CELL, Coarse
from camd.classify.svm import Ask
from camd.values import SIDE, Box, Classified, DoubleArray, FloatArray, IntArray, Plane

TALL = 1.25
"""Side of a window in heights of a digit. What is above and below a digit tells a whole one from
one that is half rolled in."""
SHARE = 21
"""Columns of the window that count; those beside them show the neighbours, and fade out."""
FADE = 3.0
"""Over so many columns."""
STEP = 3
"""Pixels of the window between two places: a seventh of a digit's height. The machine has learnt
from windows shifted by half of that."""
FAINTEST = 8.0
"""Grey levels between ink and ground; less is noise."""
STRONGEST = 4.0
"""Most that one digit adds to a row, in logits: many digits, each likely, are more than one."""
LEAST = -0.4
"""Least of a window that may be in a row, in logits. Below 0: of what is left out nobody hears."""
NONE = 0.4
"""Margin from which on the small machine is believed that there is no digit. Of 1,640 windows
between this and its usual threshold the full machine takes 19 for digits, 5 of them surely."""
SAME = 0.25
"""Windows that are closer than this, in heights of a digit, show the same one."""
OVERLAP = 0.35
"""Of the smaller of two boxes; with more in both directions they show the same ink."""
LIKELY = 0.0
"""Least at first sight of what may be a digit beside a row, in logits."""
APART = 0.6
"""Least distance of two digits at first sight, in heights of a digit."""

CROP = SIDE / TALL
"""Height of a digit in a window, pixels."""
_FADING: FloatArray = np.clip(
    (SHARE / 2 + 1 - np.abs(np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2)) / FADE, 0, 1
)

_NEIGHBOURS = np.ones((3, 3), np.uint8)


class Machine(Protocol):
    """What reads windows."""

    @property
    def coarse(self) -> Coarse | None: ...

    def classify_where(self, crops: NDArray[np.uint8], ask: Ask) -> Classified: ...


def worth(confidence: float) -> float:
    """Return how much a digit of that confidence speaks for a reading, in logits."""
    p = min(max(confidence, 1e-6), 1 - 1e-6)
    return min(float(np.log(p / (1 - p))), STRONGEST)


@dataclass(frozen=True, slots=True)
class Cell:
    """A digit, or what may be one, at one place."""

    label: int
    confidence: float
    margin: float
    x: float
    y: float
    """Its middle, pixels."""
    height: float
    dark: bool
    """Whether its ink is darker than its ground."""

    @property
    def worth(self) -> float:
        return worth(self.confidence)

    @property
    def box(self) -> Box:
        width = 0.6 * self.height
        return (
            round(self.x - width / 2),
            round(self.y - self.height / 2),
            max(1, round(width)),
            max(1, round(self.height)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A picture, scaled for digits of one height, and where in it they are looked for."""

    tall: float
    scale: float
    """Pixels of the windows to one of the picture."""
    padded: Plane
    """The scaled picture, with half a window around it."""
    rows: IntArray
    columns: IntArray
    """Where the middles of the windows may be, pixels of the scaled picture, ascending."""

    @classmethod
    def of(cls, picture: Plane, tall: float, xs: DoubleArray, ys: DoubleArray) -> "Strip":
        """Look in a picture, grey uint8, for digits of `tall` pixels with their middles at any of
        `xs` and any of `ys`, ascending, pixels of the windows."""
        scaled, scale = _scaled(picture, tall)
        half = SIDE // 2
        padded = cv2.copyMakeBorder(scaled, half, half, half, half, cv2.BORDER_REPLICATE)
        rows, columns = (
            np.unique(np.clip(np.round(at), 0, side - SIDE).astype(int))
            for at, side in zip((ys, xs), padded.shape, strict=True)
        )
        return cls(tall, scale, np.asarray(padded, np.uint8), rows, columns)

    @property
    def windows(self) -> NDArray[np.uint8]:
        """(H, W, 28, 28), by the pixel at which their middle is."""
        return np.lib.stride_tricks.sliding_window_view(self.padded, (SIDE, SIDE))

    @property
    def part(self) -> Plane:
        """What is seen in its windows, and a little more to the right and below."""
        (top, bottom), (left, right) = self.rows[[0, -1]], self.columns[[0, -1]]
        return self.padded[top : bottom + SIDE + CELL, left : right + SIDE + CELL]


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Where on a strip a digit may stand: N places."""

    strip: Strip
    dark: NDArray[np.bool_]
    """(N,) whether the ink is darker than its ground."""
    y: IntArray
    x: IntArray
    """(N,) the middle, pixels of the scaled picture."""
    likely: FloatArray
    """(N,) how likely there is one at first sight, in logits."""
    everywhere: FloatArray
    """(2, rows, columns) the same of all windows of the strip, -inf where there is none."""

    @property
    def promise(self) -> float:
        """How much a row here is worth at first sight, in logits."""
        left = np.minimum(self.likely, STRONGEST)
        total = 0.0
        while len(left) and left[best := int(left.argmax())] > 0:
            total += float(left[best])
            left[np.abs(self.x - self.x[best]) < APART * CROP] = -np.inf
        return total

    def around(self) -> "Spots":
        """Give the places next to likely ones that are none of these."""
        near = np.stack([cv2.dilate(own, _NEIGHBOURS) for own in self.everywhere])
        return _spots(self.strip, np.where(self.everywhere == -np.inf, near, -np.inf), LIKELY)

    def beside(self, boxes: Sequence[Box]) -> "Spots":
        """Give the places that are likely, and at which a digit would show other ink than lies in
        `boxes`, pixels of the picture."""
        kept = self.likely > LIKELY
        scale, tall = self.strip.scale, self.strip.tall
        for left, top, width, height in boxes:
            ours = ((self.x / scale, 0.6 * tall), (self.y / scale, tall))
            shared = [
                np.minimum(at + own / 2, start + side) - np.maximum(at - own / 2, start)
                >= OVERLAP * min(own, side)
                for (at, own), start, side in zip(ours, (left, top), (width, height), strict=True)
            ]
            kept &= ~(shared[0] & shared[1])
        return replace(
            self, dark=self.dark[kept], y=self.y[kept], x=self.x[kept], likely=self.likely[kept]
        )


def spots(strips: Sequence[Strip], coarse: Coarse | None) -> list[Spots]:
    """Give the places where a digit may stand; without `coarse`, all that may be looked at."""
    if coarse is None:
        shapes = [(2, len(strip.rows), len(strip.columns)) for strip in strips]
        return [
            _spots(strip, np.zeros(shape, np.float32))
            for strip, shape in zip(strips, shapes, strict=True)
        ]
    seen = coarse.likely([strip.part for strip in strips])
    return [_spots(strip, _nearest(strip, own)) for strip, own in zip(strips, seen, strict=True)]


def _nearest(strip: Strip, seen: FloatArray) -> FloatArray:
    """Give the windows of a strip (2, rows, columns) what was `seen` nearest to them."""
    if not seen.size:
        return np.full((2, len(strip.rows), len(strip.columns)), -np.inf, np.float32)
    rows, columns = (
        np.minimum((at - at[0] + CELL // 2) // CELL, most - 1)
        for at, most in zip((strip.rows, strip.columns), seen.shape[1:], strict=True)
    )
    return seen[:, rows[:, None], columns]


def _spots(strip: Strip, likely: FloatArray, least: float = -np.inf) -> Spots:
    dark, y, x = np.nonzero(likely > least)
    return Spots(strip, dark > 0, strip.rows[y], strip.columns[x], likely[dark, y, x], likely)


def judged(places: Sequence[Spots], machine: Machine) -> list[list[Cell]]:
    """Ask the machine about all places at once, and give what may be digits, strip by strip."""
    crops: list[NDArray[np.uint8]] = []
    strips: list[IntArray] = []
    spots: list[IntArray] = []
    for number, own in enumerate(places):
        windows = own.strip.windows
        for dark in (False, True):
            some = np.flatnonzero(own.dark == dark)
            views, contrast = contrasted(windows[own.y[some], own.x[some]], dark=dark)
            seen = np.flatnonzero(contrast >= FAINTEST)
            crops.append(views[seen])
            spots.append(some[seen])
            strips.append(np.full(len(seen), number))
    found: list[list[Cell]] = [[] for _ in places]
    if not sum(map(len, spots)):
        return found
    of, at = np.concatenate(strips), np.concatenate(spots)
    ends = np.cumsum([0, *(len(own.x) for own in places)])[of] + at
    x, y = (np.concatenate([getattr(own, name) for own in places])[ends] for name in ("x", "y"))

    def ask(said: Classified, unclear: IntArray) -> IntArray:
        """Leave out what is no digit, and what shows a digit that is clear beside it."""
        clear = said.labels >= 0
        clear[unclear] = False
        sure = np.flatnonzero(clear)
        some = unclear[(said.labels[unclear] >= 0) | (said.margins[unclear] < NONE)]
        near = np.abs(x[some, None] - x[sure]) < SAME * CROP
        near &= np.abs(y[some, None] - y[sure]) < SAME * CROP
        near &= of[some, None] == of[sure]
        return np.asarray(some[~near.any(axis=1)])

    said = machine.classify_where(np.concatenate(crops), ask)
    for n in np.flatnonzero(said.labels >= 0).tolist():
        own = places[of[n]]
        cell = Cell(
            int(said.labels[n]),
            float(said.confidence[n]),
            float(said.margins[n]),
            float(x[n] / own.strip.scale),
            float(y[n] / own.strip.scale),
            own.strip.tall,
            bool(own.dark[at[n]]),
        )
        if cell.worth > LEAST:
            found[of[n]].append(cell)
    return found


def spread(values: Plane, share: float) -> FloatArray:
    """Return how far apart the values (H, W) of each column are, grey levels, but for that share
    of the least and of the greatest."""
    last = len(values) - 1
    low = round(share * last)
    order = np.partition(values, (low, last - low), axis=0)
    return np.asarray(order[last - low].astype(np.float32) - order[low])


def contrast(patch: Plane) -> float:
    """Return how far apart ink and ground are in a patch, grey levels."""
    return float(spread(patch.reshape(-1, 1), 0.08)[0]) if patch.size else 0.0


def crop_at(picture: Plane, x: float, y: float, height: float, *, dark: bool) -> Plane | None:
    """Return the (28, 28) window around a digit of `height` pixels, whose middle is at (x, y), of a
    picture, grey uint8; `dark`: its ink is darker than its ground. None where all is one grey.

    Training cuts out its digits with it."""
    scaled, scale = _scaled(picture, height)
    move = np.array([[1, 0, SIDE / 2 - x * scale], [0, 1, SIDE / 2 - y * scale]], np.float64)
    view = cv2.warpAffine(
        scaled, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    crops, contrast = contrasted(np.asarray(view, np.uint8)[None], dark=dark)
    return np.asarray(crops[0], np.uint8) if contrast[0] >= FAINTEST else None


def _scaled(picture: Plane, height: float) -> tuple[Plane, float]:
    """Scale a picture so that a digit of `height` pixels is as high as it is in a window."""
    scale = CROP / height
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8), scale


def contrasted(views: NDArray[np.uint8], *, dark: bool) -> tuple[NDArray[np.uint8], FloatArray]:
    """Stretch the contrast of each of the windows (N, 28, 28) from its ground to its ink; return
    them, and how far apart the two are in grey levels, (N,)."""
    middle = views[:, 3:-3:2, 5:-5:2]
    middle = middle.reshape(len(views), middle.shape[1] * middle.shape[2])
    count = middle.shape[1]
    low, high = round(0.08 * count), round(0.94 * count)
    order = np.partition(middle, (count - 1 - high, low, high, count - 1 - low), axis=1)
    if dark:
        ground, ink = order[:, count - 1 - low], order[:, count - 1 - high]
    else:
        ground, ink = order[:, low], order[:, high]
    contrast = np.abs(ink.astype(np.float32) - ground)
    scale = np.float32(-255 if dark else 255) / np.maximum(contrast, 1)
    values = np.subtract(views, ground[:, None, None], dtype=np.float32)
    values *= scale[:, None, None]
    np.clip(values, 0, 255, out=values)
    values *= _FADING
    return values.astype(np.uint8), contrast
