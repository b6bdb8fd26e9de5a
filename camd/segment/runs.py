"""PURE. Ink as runs along the rows of a mask: on a page they are few beside its pixels, and what is
found out of a run holds for all of its pixels at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from camd.values import IntArray, Plane


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs of pixels, (N,) each. Those of a mask go row by row, and along a row; in those of a
    mask that is `turned` the columns are its rows."""

    row: IntArray
    start: IntArray
    stop: IntArray
    """One beyond the last pixel. No other run of the row starts there."""

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, chosen: Any) -> "Runs":
        """Choose some with whatever chooses from an array."""
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
        """Runs of the pixels, `step` times as wide and high, that hold any of this ink; the same
        ones again and again."""
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
        high = int(self.row[-1]) + 2  # with a row that parts the columns
        length = self.length
        pixels = counted(self.start, length) * high + np.repeat(self.row, length)
        at = np.sort(pixels.astype(np.int32 if int(pixels.max()) < 1 << 31 else np.int64))
        new = np.flatnonzero(np.diff(at) != 1) + 1
        first, last = at[np.concatenate(([0], new))], at[np.concatenate((new, [len(at)])) - 1]
        column = (first // high).astype(np.intp)
        return Runs(column, first - column * high, last + 1 - column * high)

    def within(self, mask: Plane) -> "Runs":
        """What of these is not 0 in a mask."""
        length = self.length
        first = np.cumsum(length) - length
        on = mask.reshape(-1).take(self.at(mask.shape[1])) > 0
        starts, ends = on.copy(), on.copy()
        starts[1:] &= ~on[:-1]
        ends[:-1] &= ~on[1:]
        starts[first] = on[first]  # runs that follow one another do not touch
        last = first + length - 1
        ends[last] = on[last]
        at = np.flatnonzero(starts)
        run = np.searchsorted(first, at, side="right") - 1
        shift = self.start[run] - first[run]
        return Runs(self.row[run], at + shift, np.flatnonzero(ends) + 1 + shift)

    def above(self) -> tuple[IntArray, IntArray]:
        """Give, for each run, the first run of the row above that it touches, be it by a corner,
        and how many it touches; the others follow the first."""
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
    if many.max(initial=1) > 1:  # ink that goes on in the next row is another run there
        row = counted(row, many)
        start = np.maximum(start.repeat(many), row * columns)
        stop = np.minimum(stop.repeat(many), row * columns + columns)
    return Runs(row, start - row * columns, stop - row * columns)


def ascending(keys: IntArray) -> IntArray:
    """Give the order of keys from 0 on, that of equal ones kept."""
    # Of numbers of 16 bits NumPy's stable sort is a radix sort.
    small = not len(keys) or keys.max() < 1 << 16
    return np.argsort(keys.astype(np.uint16) if small else keys, kind="stable")


def _wide(of: Runs) -> int:
    """A distance of rows at which runs of different ones do not touch."""
    return int(of.stop.max(initial=0)) + 2


def _ranks(keys: IntArray, others: IntArray, equal: int) -> IntArray:
    """Count what of `others` is less than each of the keys, or with `equal` 1 not greater. Both
    ascend."""
    # The stable sort merges two sorted halves many times as fast as a search finds its places.
    both = (others, keys) if equal else (keys, others)
    order = np.argsort(np.concatenate(both), kind="stable")
    is_key = order >= len(others) if equal else order < len(keys)
    return np.flatnonzero(is_key) - np.arange(len(keys))


def counted(start: IntArray, many: IntArray) -> IntArray:
    """Count `many` (N,) from `start` (N,) on: [5, 0], [2, 3] -> [5, 6, 0, 1, 2]."""
    # Methods of arrays and not functions: this is called so often that their detour counts.
    ends = many.cumsum()
    found: IntArray = (start - ends + many).repeat(many)
    found += np.arange(len(found))
    return found
