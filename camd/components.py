"""PURE. Connected pieces of a mask."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.light import Plane
from camd.values import Box


@dataclass(frozen=True, slots=True)
class Components:
    """The connected components of a mask, the background left out of all but `labels`."""

    labels: NDArray[np.int32]
    """(H, W), 0 on the background, index + 1 on a component."""
    stats: NDArray[np.int32]
    """(N, 5): x, y, width, height, area, pixels."""
    centres: NDArray[np.float64]
    """(N, 2): x, y, pixels."""

    def bounds(self, members: list[int]) -> Box:
        """The box around some of them, pixels."""
        if len(members) == 1:  # the usual case, and the others take ten times as long
            x, y, width, height = self.stats[members[0], :4].tolist()
            return x, y, width, height
        stats = self.stats[members]
        x, y = int(stats[:, 0].min()), int(stats[:, 1].min())
        right = int((stats[:, 0] + stats[:, 2]).max())
        bottom = int((stats[:, 1] + stats[:, 3]).max())
        return x, y, right - x, bottom - y

    def mask(self, members: list[int], box: Box) -> Plane:
        """Draw some of them, and nothing else, in a box of the page: (h, w) of 0 and 1."""
        x, y, width, height = box
        part = self.labels[y : y + height, x : x + width]
        own: NDArray[np.bool_] = part == members[0] + 1
        for member in members[1:]:
            own |= part == member + 1
        return own.astype(np.uint8)

    def draw(self, members: NDArray[np.intp], pixels: Plane) -> None:
        """Set the pixels of some of them to 1 in a mask of the page."""
        for index in members.tolist():
            x, y, width, height = self.stats[index, :4].tolist()
            part = (slice(y, y + height), slice(x, x + width))
            pixels[part][self.labels[part] == index + 1] = 1


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The runs of ink in the rows of a mask, from top to bottom and from left to right."""

    y: NDArray[np.intp]
    start: NDArray[np.intp]
    stop: NDArray[np.intp]
    """One beyond the last pixel."""
    owner: NDArray[np.intp]
    """Index of its component."""


def components(mask: Plane) -> Components:
    """Find the connected pieces of what is not 0; corners connect."""
    return with_runs(mask)[0]


def with_runs(mask: Plane) -> tuple[Components, Runs]:
    # OpenCV would give the statistics, too, but takes them from each pixel of the background.
    count, found = cv2.connectedComponentsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    labels = np.asarray(found, np.int32)
    runs = _runs(mask, labels)
    return Components(labels, *_measure(runs, count - 1)), runs


def _runs(mask: Plane, labels: NDArray[np.int32]) -> Runs:
    rows, columns = mask.shape
    inked = mask != 0
    turns = np.empty((rows, columns + 1), bool)
    turns[:, 0], turns[:, -1] = inked[:, 0], inked[:, -1]
    np.not_equal(inked[:, 1:], inked[:, :-1], out=turns[:, 1:-1])
    at = np.flatnonzero(turns)
    starts, stops = at[::2], at[1::2]
    y = starts // (columns + 1)
    left = y * (columns + 1)
    owner = labels.ravel()[starts - y].astype(np.intp) - 1
    return Runs(y, starts - left, stops - left, owner)


def _measure(runs: Runs, count: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Give Components.stats and Components.centres."""
    if not count:
        return np.zeros((0, 5), np.int32), np.zeros((0, 2))
    # Of numbers of 16 bits NumPy's stable sort is a radix sort.
    keys = runs.owner.astype(np.uint16) if count <= 2**16 else runs.owner
    order = np.argsort(keys, kind="stable")
    many = np.bincount(runs.owner, minlength=count)
    last = np.cumsum(many) - 1
    first = last - many + 1
    left = np.minimum.reduceat(runs.start[order], first)
    right = np.maximum.reduceat(runs.stop[order], first)
    top, bottom = runs.y[order[first]], runs.y[order[last]] + 1
    length = runs.stop - runs.start
    area = np.bincount(runs.owner, length)
    across = np.bincount(runs.owner, length * (runs.start + runs.stop - 1) / 2) / area
    down = np.bincount(runs.owner, length * runs.y) / area
    stats = np.stack([left, top, right - left, bottom - top, area], axis=1)
    return stats.astype(np.int32), np.stack([across, down], axis=1)
