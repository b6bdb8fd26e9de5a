"""PURE. Cuts marks out of their page and measures what is around each one.

The marks are laid side by side on a strip, each with a rim around it, and all are measured at once:
that takes little longer than measuring a single one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.segment.page import Page
from camd.tuned import TUNED
from camd.values import Box, DoubleArray, IntArray, Plane

COARSE = 300
"""Pixels. Of a mark twice as high only every second pixel is looked at, three times as high every
third: measuring the outline of a sheet took longer than measuring all the writing on it."""
LOW = 256
"""Pixels. Marks lower than this share a strip, those lower than twice this another, and so on: a
strip is as high as its highest mark."""


_BY_ONE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One mark, and a rim around it."""

    step: int
    """One pixel of what follows stands for so many pixels of the page, across and down."""
    around: tuple[slice, slice]
    """Where the mark's box with its rim is on the page, as far as it is on it."""
    inner: tuple[slice, slice]
    """Where the box is within that."""
    own: Plane
    """The mark's own ink there: 1, and 0 elsewhere."""
    edge: Plane
    """The same, grown by one pixel on each side."""


class Cuts:
    """Measures groups of pieces (N); no piece is in two groups."""

    area: IntArray
    """(N,) pixels of ink."""
    strength: DoubleArray
    """(N,) mean ink, 0 to 255."""
    halo: DoubleArray
    """(N,) mean ink of the pixels around it that belong to no mark; 0 where there are none."""
    one_sided: NDArray[np.bool_]
    """(N,) whether it is the edge of something: it has paper on one side only, not on all."""

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
    """Return how many pixels across and down are looked at as one, in a mark of this height."""
    return max(1, height // COARSE)


class _Strip:
    """Marks (N) side by side, the lowest first. All sizes are in pixels of the strip, each of which
    stands for `step` x `step` pixels of the page."""

    def __init__(
        self, page: Page, groups: Sequence[list[int]], boxes: Sequence[Box], step: int
    ) -> None:
        x, y, width, height = np.array(boxes, np.intp).T
        self._step, self._size = step, tuple(side // step for side in page.ink.shape)
        # Higher marks have wider rims.
        self._rim = rim = (3 + height // 50) // step
        # (N,) where each mark with its rim begins on the page, and how large it is.
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
        """Return the pixels of the page that lie in the middle of the strip's."""
        return slice(start * self._step + self._step // 2, stop * self._step, self._step)

    def sides(self, page: Page) -> tuple[DoubleArray, NDArray[np.bool_]]:
        """Return Cuts.halo and Cuts.one_sided of these marks."""
        places, mark = self._beside(page)
        ink, grey = (plane.reshape(-1).take(places) for plane in (page.ink, page.grey))
        many, stroke = len(self.area), self._stroke
        levels = np.bincount(256 * mark + grey, minlength=256 * many).reshape(many, 256)
        below = levels.cumsum(axis=1)  # pixels up to each level
        count = below[:, -1]
        bright = (below <= 3 * count[:, None] // 4).sum(axis=1)
        clear = (stroke + TUNED.cleared * (bright - stroke)).astype(np.intp)
        lighter = count - below[np.arange(many), clear]
        halo = np.bincount(mark, ink, many) / np.maximum(count, 1)
        return halo, lighter < TUNED.surrounded * count

    def _beside(self, page: Page) -> tuple[IntArray, IntArray]:
        """Return the pixels at the rims that belong to no mark, as indices into a flattened plane
        of the page; and for each of them, to which mark's rim it belongs."""
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
