"""PURE. Marks cut out of their page, and what is around each.

They are laid out below one another on a strip, each with a rim, and measured all at once: that
takes little longer than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.light import Plane
from camd.page import Page
from camd.runs import Ints, Runs
from camd.values import Box

CLEARED = 0.35
"""How much lighter than a stroke the paper beside it is at least, in steps from the stroke to the
brightest quarter of what surrounds it."""
SURROUNDED = 0.65
"""Least share of its surroundings that is so: a stroke has paper on all sides, the edge of a sheet,
a hand or a shadow on one. Hardly a real digit has less than 0.8, hardly an edge more than 0.6."""

_BY_ONE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A group of pieces, and a rim around it."""

    pieces: list[int]
    """Indices of its components."""
    box: Box
    around: tuple[slice, slice]
    """Of the box and its rim, as far as they lie on the page."""
    own: Plane
    """Its ink there, zeros and ones, as the one below."""
    edge: Plane
    """The same grown by one pixel."""
    area: int
    """Pixels of ink."""
    strength: float
    """Mean ink, levels of 255."""
    halo: float
    """Mean ink of what is bare at the distance of its rim, levels of 255; 0 where nothing is."""
    one_sided: bool
    """Whether it is an edge, which has something lighter on one side; a stroke has on all."""


def cuts(page: Page, groups: Sequence[list[int]]) -> list[Cut]:
    """Cut out groups of pieces, of which no two share one."""
    boxes = [page.pieces.bounds(group) for group in groups]
    alike: dict[int, list[int]] = {}
    for i, (_, _, _, height) in enumerate(boxes):
        alike.setdefault(3 + height // 50, []).append(i)
    found: dict[int, Cut] = {}
    for rim, some in alike.items():
        strip = _Strip.of([boxes[i] for i in some], rim)
        found.update(zip(some, strip.cuts(page, [groups[i] for i in some]), strict=True))
    return [found[i] for i in range(len(groups))]


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """Where marks (N) lie that are about as high, and so have rims of the same width."""

    boxes: list[Box]
    """Of the marks on the page, without their rims."""
    rim: int
    across: Ints
    """(N,) how many columns each is moved from the page to the strip."""
    down: Ints
    """(N,) how many rows."""
    wide: Ints
    """(N,) width of each with its rim."""
    tall: int
    """Height of the strip, pixels."""

    @classmethod
    def of(cls, boxes: list[Box], rim: int) -> "_Strip":
        x, y, width, height = np.array(boxes, np.intp).T
        wide = width + 2 * rim
        across = wide.cumsum() - wide + rim - x
        return cls(boxes, rim, across, rim - y, wide, int(height.max()) + 2 * rim)

    def cuts(self, page: Page, groups: Sequence[list[int]]) -> list[Cut]:
        many = len(groups)
        pieces = page.pieces.picked(np.array([piece for group in groups for piece in group]))
        mark = np.repeat(np.arange(many), [len(group) for group in groups])
        own = self._drawn(pieces.runs, mark.repeat(np.diff(pieces.first)))
        edge = np.asarray(cv2.dilate(own, _BY_ONE), np.uint8)
        places = [self._place(i, page.ink.shape) for i in range(many)]
        ink, grey = (
            [cv2.norm(plane[there], cv2.NORM_L1, own[here]) for there, here in places]
            for plane in (page.ink, page.grey)
        )
        area = np.bincount(mark, pieces.stats[:, 4]).astype(np.intp)
        halo, one_sided = self._sides(page, edge, np.array(grey) / area)
        return [
            Cut(*one)
            for one in zip(
                groups,
                self.boxes,
                [there for there, _ in places],
                [own[here] for _, here in places],
                [edge[here] for _, here in places],
                area.tolist(),
                (np.array(ink) / area).tolist(),
                halo.tolist(),
                one_sided.tolist(),
                strict=True,
            )
        ]

    def _drawn(self, ink: Runs, mark: Ints) -> Plane:
        """Draw ink of the page, zeros and ones; `mark` says of which one each run is."""
        wide, across = int(self.wide.sum()), self.across[mark]
        laid = Runs(ink.row + self.down[mark], ink.start + across, ink.stop + across)
        drawn = np.zeros((self.tall, wide), np.uint8)
        drawn.reshape(-1)[laid.at(wide)] = 1
        return drawn

    def _place(self, i: int, size: tuple[int, int]) -> tuple[tuple[slice, slice], ...]:
        """Give where a mark lies with its rim, as far as that is on the page, of this `size` (rows,
        columns): there, and on the strip."""
        x, y, width, height = self.boxes[i]
        left, right = max(0, x - self.rim), min(size[1], x + width + self.rim)
        top, bottom = max(0, y - self.rim), min(size[0], y + height + self.rim)
        across, down = int(self.across[i]), int(self.down[i])
        return (
            (slice(top, bottom), slice(left, right)),
            (slice(top + down, bottom + down), slice(left + across, right + across)),
        )

    def _sides(
        self, page: Page, edge: Plane, stroke: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Give Cut.halo and Cut.one_sided of all marks, (N,) each; `edge` is their ink grown by one
        pixel, `stroke` (N,) the mean grey level of each one's."""
        places, mark = self._beside(page, edge)
        ink, grey = (plane.reshape(-1).take(places) for plane in (page.ink, page.grey))
        levels = np.bincount(256 * mark + grey, minlength=256 * len(stroke)).reshape(-1, 256)
        below = levels.cumsum(axis=1)  # pixels up to each level
        count = below[:, -1]
        bright = (below <= 3 * count[:, None] // 4).sum(axis=1)
        clear = (stroke + CLEARED * (bright - stroke)).astype(np.intp)
        lighter = count - below[np.arange(len(stroke)), clear]
        halo = np.bincount(mark, ink, len(stroke)) / np.maximum(count, 1)
        return halo, lighter < SURROUNDED * count

    def _beside(self, page: Page, edge: Plane) -> tuple[Ints, Ints]:
        """Give the bare pixels at the distance of the rim, as indices in a flattened plane of the
        page, and of which mark each is."""
        (rows, columns), wide = page.bare.shape, edge.shape[1]
        size = 2 * self.rim - 3
        within = cv2.dilate(edge, np.ones((size, size), np.uint8))
        ring = np.asarray(cv2.subtract(cv2.dilate(within, _BY_ONE), within), np.uint8)
        at = np.flatnonzero(ring.view(np.bool_))
        row = at // wide
        column = at - row * wide
        mark = np.arange(len(self.wide)).repeat(self.wide)[column]
        x, y = column - self.across[mark], row - self.down[mark]
        on = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        places, mark = (y * columns + x)[on], mark[on]
        bare = page.bare.reshape(-1).take(places) > 0
        return places[bare], mark[bare]
