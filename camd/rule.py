"""PURE. One ruled line: the straight line that it follows, and what of the ink there is its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from camd.segment.components import Components
from camd.segment.runs import Runs
from camd.values import Box

Floats = NDArray[np.float64]

Bend: TypeAlias = tuple[float, float, float]

DRIFT = 0.02
"""How far a rule may bend away from its straight line, in distances from its end."""
ASTRAY = 0.05
"""Greatest share of the runs of a rule that lie farther off its middle than its ink reaches."""
TRIES = 4
"""Times that its bend is found anew where more do."""


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
    bend: Bend
    """y = a + b * u + c * u * u, where u is 0 in the middle of the line and grows by 1 over its
    length."""
    own: Runs
    """Its runs without what belongs to a stroke that runs into it at a slant."""

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
        shares: Floats = (runs.row - line.middle) / max(1, line.end - line.start)
        band = _band(runs)
        bend = _bend(runs, shares, band)
        return cls(line, thick, runs, bend, _own(runs, _middle(bend, shares), band))

    def joins(self, others: Sequence["Rule"]) -> bool:
        """Whether both ends of this one lie on rules that run across it."""
        lines = [other.line for other in others]
        crossed = [line.at + line.slope * (self.line.at - line.middle) for line in lines]
        return all(
            any(abs(end - across) <= 1.5 * self.thick for across in crossed)
            for end in (self.line.start, self.line.end)
        )

    def straight(self) -> bool:
        """Whether it is no arc: its bow is less than paper bends; and no row of pieces that run
        another way, as across the squares of a sheet from corner to corner."""
        bow = abs(self.bend[2]) / 4
        along = 2 * int(self.own.length.sum()) >= int(self.runs.length.sum())
        return along and bow <= DRIFT * self.length + self.thick / 2


def _own(runs: Runs, middle: Floats, band: float) -> Runs:
    start = np.maximum(runs.start, np.ceil(middle - band).astype(np.intp))
    stop = np.minimum(runs.stop, np.floor(middle + band).astype(np.intp) + 1)
    own = Runs(runs.row, start, stop)
    return own[start < stop]


def _band(runs: Runs) -> float:
    """How far the ink of a rule reaches from its middle, pixels."""
    return float(0.5 * runs.length.sum() / np.count_nonzero(np.bincount(runs.row)) + 1.5)


def _middle(bend: Bend, u: Floats) -> Floats:
    middle: Floats = bend[0] + u * (bend[1] + u * bend[2])
    return middle


def _bend(runs: Runs, u: Floats, band: float) -> Bend:
    """Lay a parabola along a rule, past the pieces of strokes that lie along it as well: where
    much is off it, again, with the less weight the farther it is off (Cauchy's)."""
    mass, y = runs.length.astype(np.float64), (runs.start + runs.stop - 1) / 2
    bend = _parabola(u, y, mass)
    for _ in range(TRIES):
        off = (y - _middle(bend, u)) / band
        if np.count_nonzero(np.abs(off) > 1) <= ASTRAY * len(off):
            break
        bend = _parabola(u, y, mass / (1 + off * off))
    return bend


def _parabola(u: Floats, y: Floats, mass: Floats) -> Bend:
    """Lay a parabola through points (N,) of some mass; see Rule.bend."""
    whole = float(mass.sum())
    middle = float(mass @ u) / whole
    v = u - middle
    v_v = v * v
    y = mass * y
    second = max(float(mass @ v_v), 1e-9)
    third, fourth = float(mass @ (v_v * v)), float(mass @ (v_v * v_v))
    y_1, y_v, y_v_v = float(y.sum()), float(y @ v), float(y @ v_v)
    # What v * v has of 1 and of v is taken out of it: then each of the three is found on its own.
    flat, lean = second / whole, third / second
    bow = (y_v_v - lean * y_v - flat * y_1) / max(fourth - lean * third - flat * second, 1e-9)
    at, slope = y_1 / whole - bow * flat, y_v / second - bow * lean
    return at - slope * middle + bow * middle * middle, slope - 2 * bow * middle, bow
