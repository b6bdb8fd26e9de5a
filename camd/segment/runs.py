"""PURE. Ink as runs along the rows of a mask. A page has far fewer runs than pixels, and what is
computed for a run holds for all of its pixels at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from camd.values import IntArray, Plane


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs of pixels, (N,) each, sorted by row and then along the row. After `turned` the columns
    of the mask take the place of its rows."""

    row: IntArray
    start: IntArray
    stop: IntArray
    """One beyond the last pixel. At least one empty pixel lies between two runs of a row."""

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, chosen: Any) -> "Runs":
        """Choose some, by anything that indexes an array."""
        return Runs(self.row[chosen], self.start[chosen], self.stop[chosen])

    @property
    def length(self) -> IntArray:
        return self.stop - self.start

    def pixels(self) -> tuple[IntArray, IntArray]:
        """Give the row and the column of each pixel."""
        length = self.length
        return np.repeat(self.row, length), counted(self.start, length)

    def at(self, wide: int) -> IntArray:
        """Give the index of each pixel in a flattened mask so many pixels wide."""
        return counted(self.row * wide + self.start, self.length)

    def moved(self, down: IntArray | int, across: IntArray | int) -> "Runs":
        """The same ink elsewhere."""
        return Runs(self.row + down, self.start + across, self.stop + across)

    def reduced(self, step: int) -> "Runs":
        """Give the runs of cells, `step` pixels wide and high, that contain any of this ink. One
        cell may occur in several runs."""
        if step == 1:
            return self
        return Runs(self.row // step, self.start // step, (self.stop - 1) // step + 1)

    def drawn(self, height: int, width: int) -> Plane:
        """Draw the ink on a mask of zeros and ones."""
        mask = np.zeros((height, width), np.uint8)
        mask.reshape(-1)[self.at(width)] = 1
        return mask

    def turned(self) -> "Runs":
        """The same ink in runs along its columns."""
        if not len(self):
            return self
        high = int(self.row[-1]) + 2  # an empty row, so that runs of two columns never touch
        length = self.length
        pixels = counted(self.start, length) * high + np.repeat(self.row, length)
        at = np.sort(pixels.astype(np.int32 if int(pixels.max()) < 1 << 31 else np.int64))
        new = np.flatnonzero(np.diff(at) != 1) + 1
        first, last = at[np.concatenate(([0], new))], at[np.concatenate((new, [len(at)])) - 1]
        column = (first // high).astype(np.intp)
        return Runs(column, first - column * high, last + 1 - column * high)

    def within(self, mask: Plane) -> "Runs":
        """Give the parts of these runs where a mask is not 0."""
        length = self.length
        first = np.cumsum(length) - length
        on = mask.reshape(-1).take(self.at(mask.shape[1])) > 0
        starts, ends = on.copy(), on.copy()
        starts[1:] &= ~on[:-1]
        ends[:-1] &= ~on[1:]
        starts[first] = on[first]  # the end of one run and the start of the next are not neighbours
        last = first + length - 1
        ends[last] = on[last]
        at = np.flatnonzero(starts)
        run = np.searchsorted(first, at, side="right") - 1
        shift = self.start[run] - first[run]
        return Runs(self.row[run], at + shift, np.flatnonzero(ends) + 1 + shift)

    def above(self) -> tuple[IntArray, IntArray]:
        """Give, for each run, the index of the first run of the row above that it touches, corners
        included, and how many it touches; these follow one another."""
        wide = _wide(self)
        first, last = self.row * wide + self.start, self.row * wide + self.stop
        low = _ranks(first - wide, last, 0)
        return low, np.maximum(_ranks(last - wide, first, 1) - low, 0)


def runs(mask: Plane) -> Runs:
    """Find the runs of what is not 0 in a mask (H, W)."""
    columns, flat = mask.shape[1], mask.reshape(-1) != 0
    turns = np.empty(flat.size + 1, bool)
    turns[0], turns[-1] = flat[0], flat[-1]
    np.not_equal(flat[1:], flat[:-1], out=turns[1:-1])
    at = np.flatnonzero(turns)
    start, stop = at[::2], at[1::2]
    row = start // columns
    many = (stop - 1) // columns - row + 1
    if many.max(initial=1) > 1:  # ink may run on over the end of a row: cut it there
        row = counted(row, many)
        start = np.maximum(start.repeat(many), row * columns)
        stop = np.minimum(stop.repeat(many), row * columns + columns)
    return Runs(row, start - row * columns, stop - row * columns)


def ascending(keys: IntArray) -> IntArray:
    """Give the order that sorts keys (0 or more); equal ones keep their order."""
    # NumPy sorts 16-bit numbers by radix, which is much faster.
    small = not len(keys) or keys.max() < 1 << 16
    return np.argsort(keys.astype(np.uint16) if small else keys, kind="stable")


def _wide(of: Runs) -> int:
    """Give a row length so large that runs of different rows never overlap when rows are joined."""
    return int(of.stop.max(initial=0)) + 2


def _ranks(keys: IntArray, others: IntArray, equal: int) -> IntArray:
    """Count, for each of the keys, the `others` that are less, or with `equal` 1 not greater. Both
    are sorted.

    A stable sort merges two sorted halves many times as fast as searchsorted looks them up."""
    both = (others, keys) if equal else (keys, others)
    order = np.argsort(np.concatenate(both), kind="stable")
    is_key = order >= len(others) if equal else order < len(keys)
    return np.flatnonzero(is_key) - np.arange(len(keys))


def counted(start: IntArray, many: IntArray) -> IntArray:
    """Count up `many` (N,) numbers from each `start` (N,): [5, 0], [2, 3] -> [5, 6, 0, 1, 2]."""
    # Array methods, not NumPy's functions: this is called so often that their overhead shows.
    ends = many.cumsum()
    found: IntArray = (start - ends + many).repeat(many)
    found += np.arange(len(found))
    return found
