"""PURE. Marks cut out of their page, and what is around each.

They are laid out side by side on a strip, each with a rim, and measured all at once: that
takes little longer than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.segment.page import Page
from camd.values import Box, DoubleArray, IntArray, Plane

CLEARED = 0.35
"""How much lighter than a stroke the paper beside it is at least, in steps from the stroke to the
brightest quarter of what surrounds it."""
SURROUNDED = 0.65
"""Least share of its surroundings that is so: a stroke has paper on all sides, the edge of a sheet,
a hand or a shadow on one. Hardly a real digit has less than 0.8, hardly an edge more than 0.6."""

COARSE = 300
"""Of a mark twice as high as this, pixels, each second pixel is looked at, and so on: the outline
of a sheet took longer than all that is written on it."""
LOW = 256
"""Marks up to so high share a strip, pixels; a higher one would make it as high for all."""


_BY_ONE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One mark, and a rim around it."""

    step: int
    """Each so many'th pixel of the page is in what follows, across and down."""
    around: tuple[slice, slice]
    """Of the mark's box and its rim, as far as they lie on the page."""
    inner: tuple[slice, slice]
    """Of the box within that."""
    own: Plane
    """Its ink there, zeros and ones, as the one below."""
    edge: Plane
    """The same grown by one pixel."""


class Cuts:
    """Groups of pieces (N), of which no two share one."""

    area: IntArray
    """(N,) pixels of ink."""
    strength: DoubleArray
    """(N,) mean ink, levels of 255."""
    halo: DoubleArray
    """(N,) mean ink of what is bare at the distance of the rim; 0 where nothing is."""
    one_sided: NDArray[np.bool_]
    """(N,) whether it is an edge, which has something lighter on one side; a stroke has on all."""

    def __init__(self, page: Page, groups: Sequence[list[int]]) -> None:
        self.boxes = page.pieces.boxes(groups)
        many = len(groups)
        self.area, self.one_sided = np.zeros(many, np.intp), np.zeros(many, bool)
        self.strength, self.halo = np.zeros(many), np.zeros(many)
        alike: dict[tuple[int, int], list[int]] = {}
        for i in sorted(range(many), key=lambda i: self.boxes[i][3]):
            height = self.boxes[i][3]
            alike.setdefault((coarseness(height), height // LOW), []).append(i)
        self._places: dict[int, tuple[_Strip, int]] = {}
        for (step, _), some in alike.items():
            strip = _Strip(page, [groups[i] for i in some], [self.boxes[i] for i in some], step)
            self.area[some], self.strength[some] = strip.area, strip.strength
            self.halo[some], self.one_sided[some] = strip.sides(page)
            self._places.update((i, (strip, at)) for at, i in enumerate(some))

    def cut(self, i: int) -> Cut:
        strip, at = self._places[i]
        return strip.cut(at)


def coarseness(height: int) -> int:
    """Tell how many pixels of a mark so high, across and down, are looked at as one."""
    return max(1, height // COARSE)


class _Strip:
    """Marks (N) side by side, the lowest first; in pixels of the strip, which are `step` of the
    page wide and high."""

    def __init__(
        self, page: Page, groups: Sequence[list[int]], boxes: Sequence[Box], step: int
    ) -> None:
        x, y, width, height = np.array(boxes, np.intp).T
        self._step, self._size = step, tuple(side // step for side in page.ink.shape)
        # Higher marks have wider rims.
        self._rim = rim = (3 + height // 50) // step
        # (N,) where each begins with its rim, the page reduced to such pixels, and its size.
        self._left, self._top = x // step - rim, y // step - rim
        self._wide = (x + width - 1) // step + 1 + rim - self._left
        self._tall = (y + height - 1) // step + 1 + rim - self._top
        self._first = self._wide.cumsum() - self._wide  # column of the strip
        sides = (self._left, self._top, self._wide, self._tall, self._first, rim)
        self._sides = np.stack(sides, axis=1).tolist()
        pieces = page.pieces.picked(np.array([piece for group in groups for piece in group]))
        mark = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        of_run = mark.repeat(np.diff(pieces.first))
        across = (self._first - self._left)[of_run]
        laid = pieces.runs.reduced(step).moved(-self._top[of_run], across)
        self._own = laid.drawn(int(self._tall.max()), int(self._wide.sum()))
        self._edge = np.asarray(cv2.dilate(self._own, _BY_ONE), np.uint8)
        self.area = np.bincount(mark, pieces.stats[:, 4]).astype(np.intp)
        inside, before = pieces.runs.at(page.ink.shape[1]), self.area.cumsum() - self.area
        self.strength, self._stroke = (
            np.add.reduceat(plane.reshape(-1).take(inside), before, dtype=np.intp) / self.area
            for plane in (page.ink, page.grey)
        )

    def cut(self, i: int) -> Cut:
        left, top, wide, tall, first, rim = self._sides[i]
        x, y = max(0, left), max(0, top)
        past_x, past_y = min(self._size[1], left + wide), min(self._size[0], top + tall)
        here = slice(y - top, past_y - top), slice(first + x - left, first + past_x - left)
        return Cut(
            self._step,
            (self._each(y, past_y), self._each(x, past_x)),
            (
                slice(top + rim - y, top + tall - rim - y),
                slice(left + rim - x, left + wide - rim - x),
            ),
            self._own[here],
            self._edge[here],
        )

    def _each(self, start: int, stop: int) -> slice:
        """Give pixels of the page in the middle of those of the strip."""
        return slice(start * self._step + self._step // 2, stop * self._step, self._step)

    def sides(self, page: Page) -> tuple[DoubleArray, NDArray[np.bool_]]:
        """Give Cuts.halo and Cuts.one_sided of these marks."""
        places, mark = self._beside(page)
        ink, grey = (plane.reshape(-1).take(places) for plane in (page.ink, page.grey))
        many, stroke = len(self.area), self._stroke
        levels = np.bincount(256 * mark + grey, minlength=256 * many).reshape(many, 256)
        below = levels.cumsum(axis=1)  # pixels up to each level
        count = below[:, -1]
        bright = (below <= 3 * count[:, None] // 4).sum(axis=1)
        clear = (stroke + CLEARED * (bright - stroke)).astype(np.intp)
        lighter = count - below[np.arange(many), clear]
        halo = np.bincount(mark, ink, many) / np.maximum(count, 1)
        return halo, lighter < SURROUNDED * count

    def _beside(self, page: Page) -> tuple[IntArray, IntArray]:
        """Give the bare pixels at the distance of the rims, as indices in a flattened plane of the
        page, and of which mark each is."""
        step, columns, (past_y, past_x) = self._step, page.bare.shape[1], self._size
        ring = np.empty_like(self._edge)
        for rim in sorted(set(self._rim.tolist())):
            some = np.flatnonzero(self._rim == rim)
            here = slice(self._first[some[0]], self._first[some[-1]] + self._wide[some[-1]])
            within = cv2.dilate(self._edge[:, here], np.ones((2 * rim - 3, 2 * rim - 3), np.uint8))
            ring[:, here] = cv2.subtract(cv2.dilate(within, _BY_ONE), within)
        at = np.flatnonzero(ring.view(np.bool_))
        row = at // ring.shape[1]
        column = at - row * ring.shape[1]
        mark = np.arange(len(self._wide)).repeat(self._wide)[column]
        x, y = column + (self._left - self._first)[mark], row + self._top[mark]
        on = (x >= 0) & (x < past_x) & (y >= 0) & (y < past_y)
        places = y * (step * columns) + x * step + step // 2 * (columns + 1)
        places, mark = places[on], mark[on]
        bare = page.bare.reshape(-1).take(places) > 0
        return places[bare], mark[bare]
