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


def components(mask: Plane) -> Components:
    """Find the connected pieces of what is not 0, corners connect."""
    # Not for the whole page: OpenCV's statistics take five times as long as its labels.
    count, labels = cv2.connectedComponentsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    stats, centres = _measure(mask, np.asarray(labels, np.int32), count - 1)
    return Components(np.asarray(labels, np.int32), stats, centres)


def _measure(
    mask: Plane, labels: NDArray[np.int32], count: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Give Components.stats and Components.centres, from the runs of ink in each row."""
    if not count:
        return np.zeros((0, 5), np.int32), np.zeros((0, 2))
    rows, columns = mask.shape
    inked = mask != 0
    turns = np.empty((rows, columns + 1), bool)
    turns[:, 0], turns[:, -1] = inked[:, 0], inked[:, -1]
    np.not_equal(inked[:, 1:], inked[:, :-1], out=turns[:, 1:-1])
    at = np.flatnonzero(turns)
    y = at[::2] // (columns + 1)
    start, stop = at[::2] - y * (columns + 1), at[1::2] - y * (columns + 1)
    owner = labels.ravel()[at[::2] - y] - 1
    # Of numbers of 16 bits NumPy's stable sort is a radix sort.
    order = np.argsort(owner.astype(np.uint16) if count <= 2**16 else owner, kind="stable")
    length = np.bincount(owner, minlength=count)
    last = np.cumsum(length) - 1
    first = last - length + 1
    left = np.minimum.reduceat(start[order], first)
    right = np.maximum.reduceat(stop[order], first)
    top, bottom = y[order[first]], y[order[last]] + 1
    width = stop - start
    area = np.bincount(owner, width)
    across = np.bincount(owner, width * (start + stop - 1) / 2) / area
    down = np.bincount(owner, width * y) / area
    stats = np.stack([left, top, right - left, bottom - top, area], axis=1)
    return stats.astype(np.int32), np.stack([across, down], axis=1)
