"""PURE. One ruled line: the straight line that it follows, and what of the ink there is its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.components import Components
from camd.runs import Runs
from camd.values import Box

Floats = NDArray[np.float64]

DRIFT = 0.02
"""How far a rule may bend away from its straight line, in distances from its end."""


@dataclass(frozen=True, slots=True)
class Line:
    """y = at + slope * (x - middle) from `start` to `end`, or with x and y changed over."""

    at: float
    slope: float
    middle: float
    start: int
    end: int

    def off(self, centres: Floats) -> Floats:
        """How far centres (N, 2) lie from the line, less what it may bend; infinite far off."""
        length = self.end - self.start
        along = centres[:, 0] - self.middle
        beyond = np.maximum(0, np.abs(along) - length / 2)
        off: Floats = np.abs(centres[:, 1] - self.at - self.slope * along) - DRIFT * beyond
        off[beyond > length] = np.inf
        return off


def lengthwise(ink: Components) -> NDArray[np.int32]:
    """Give Components.stats of components in runs across the rules that are looked for: x is along
    the rules."""
    return ink.stats[:, [1, 0, 3, 2, 4]]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of ink (N), ready to have lines laid through any of them."""

    centres: Floats
    """(N, 2): along rules and across them, pixels."""
    ends: Floats
    """(2, N): where each begins and where it ends, along rules; the ends are negative."""
    sums: Floats
    """(5, N): over the pixels of each, x, y, x * x and x * y, and how many they are."""

    @classmethod
    def of(cls, ink: Components) -> "Pieces":
        """`ink` is in runs across rules."""
        area, along = ink.runs.length, ink.runs.row
        across = area * (ink.runs.start + ink.runs.stop - 1) / 2
        of_runs = np.array([area * along, across, area * along * along, across * along, area])
        sums = np.add.reduceat(of_runs, ink.first[:-1], axis=1)
        ends = np.array([ink.stats[:, 1], -ink.stats[:, 1] - ink.stats[:, 3]], np.float64)
        return cls((sums[:2] / sums[4]).T, ends, sums)

    def chosen(self, which: NDArray[np.bool_]) -> "Pieces":
        """Choose some of them, (N,)."""
        return Pieces(self.centres[which], self.ends[:, which], self.sums[:, which])

    def line(self, on: NDArray[np.bool_]) -> Line:
        """Lay a straight line through the pixels of the pieces that are `on`."""
        *sums, area = (self.sums @ on).tolist()
        middle, at, x_x, x_y = (total / area for total in sums)
        slope = (x_y - middle * at) / max(x_x - middle * middle, 1e-6)
        start, end = self.ends[:, on].min(axis=1).tolist()
        return Line(at, slope, middle, int(start), -int(end))


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    line: Line
    thick: int
    """Thickest that it may be, pixels."""
    runs: Runs
    """Its ink, in runs across it."""
    bend: tuple[float, float, float]
    """y = a + b * u + c * u * u, where u is 0 in the middle of the line and grows by 1 over its
    length."""

    @property
    def length(self) -> int:
        return self.line.end - self.line.start

    @property
    def box(self) -> Box:
        """Where x is along the rule."""
        top = int(self.runs.start.min())
        return self.line.start, top, self.length, int(self.runs.stop.max()) - top

    @classmethod
    def along(cls, line: Line, runs: Runs, thick: int) -> "Rule":
        """Take ink for a rule, of which `line` is the straight line."""
        return cls(line, thick, runs, _parabola(line, runs))

    def joins(self, others: Sequence["Rule"]) -> bool:
        """Whether both ends of this one lie on rules that run across it."""
        lines = [other.line for other in others]
        crossed = [line.at + line.slope * (self.line.at - line.middle) for line in lines]
        return all(
            any(abs(end - across) <= 1.5 * self.thick for across in crossed)
            for end in (self.line.start, self.line.end)
        )

    def straight(self) -> bool:
        """Whether it is no arc: its bow is less than paper bends."""
        bow = abs(self.bend[2]) / 4
        return bow <= DRIFT * self.length + self.thick / 2

    def own(self) -> Runs:
        """Its runs without what belongs to a stroke that runs into it at a slant."""
        runs, u = self.runs, _shares(self.line, self.runs)
        middle = self.bend[0] + u * (self.bend[1] + u * self.bend[2])
        band = 0.5 * runs.length.sum() / np.count_nonzero(np.bincount(runs.row)) + 1.5
        start = np.maximum(runs.start, np.ceil(middle - band).astype(np.intp))
        stop = np.minimum(runs.stop, np.floor(middle + band).astype(np.intp) + 1)
        own = Runs(runs.row, start, stop)
        return own[start < stop]


def _shares(line: Line, runs: Runs) -> Floats:
    shares: Floats = (runs.row - line.middle) / max(1, line.end - line.start)
    return shares


def _parabola(line: Line, runs: Runs) -> tuple[float, float, float]:
    """Lay a parabola through all pixels, of which `line.middle` is the mean; see Rule.bend."""
    u = _shares(line, runs)
    u_u = u * u
    mass = runs.length.astype(np.float64)
    y = mass * (runs.start + runs.stop - 1) / 2
    whole, second = float(mass.sum()), max(float(mass @ u_u), 1e-9)
    third, fourth = float(mass @ (u_u * u)), float(mass @ (u_u * u_u))
    y_1, y_u, y_u_u = float(y.sum()), float(y @ u), float(y @ u_u)
    # What u * u has of 1 and of u is taken out of it: then each of the three is found on its own.
    flat, lean = second / whole, third / second
    bow = (y_u_u - lean * y_u - flat * y_1) / max(fourth - lean * third - flat * second, 1e-9)
    return y_1 / whole - bow * flat, y_u / second - bow * lean, bow
