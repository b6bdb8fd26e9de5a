"""PURE. A cascade: a small machine answers the clear cases, the full one is asked about the rest,
in as few duels as may be (Viola and Jones 2001, section 4)."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from camd.classify.one_vs_one import Duels, Separate
from camd.values import Classified, FloatArray, IntArray

Machine = TypeVar("Machine")


@dataclass(frozen=True, slots=True, eq=False)
class Quick(Generic[Machine]):
    """The small machine of a cascade, and between which of its values a case is unclear."""

    machine: Machine
    clear: float
    """Least value of what is clearly won."""
    lost: float = -np.inf
    """Greatest value of what is clearly lost."""

    def unclear(self, values: FloatArray) -> IntArray:
        """Give which of the values (N,) say nothing sure."""
        return np.flatnonzero((values > self.lost) & (values < self.clear))


def judge(
    full: Duels, features: FloatArray, winner: IntArray, own: FloatArray, clear: float
) -> Classified:
    """Judge features (N, D) of which a small machine knows the winners (N,) and the values (N, n)
    of their duels. The full one decides those duels that the winner does not win by `clear`; where
    it loses one, the same of the class that it loses to by most; where that one loses too, all."""
    assert isinstance(full.machine, Separate)
    inputs = full.machine.inputs(full.projection.components(features))
    decided = own.copy()
    _decide(full, inputs, winner, decided, own < clear)
    better = full.won(winner, decided.min(axis=1))
    lost = np.flatnonzero(better.margins <= 0)
    if not len(lost):
        return better
    rows, first, challenger = np.arange(len(lost)), winner[lost], decided[lost].argmin(axis=1)
    # A small machine's values are differences of two scores.
    theirs = own[lost] - own[lost, challenger][:, None]
    theirs[rows, first] = -decided[lost, challenger]
    theirs[rows, challenger] = np.inf
    near = theirs < clear
    near[rows, first] = False
    _decide(full, inputs[lost], challenger, theirs, near)
    better.put(lost, full.won(challenger, theirs.min(axis=1)))
    lost = lost[better.margins[lost] <= 0]
    if len(lost):
        better.put(lost, full.judge(features[lost]))
    return better


def _decide(
    full: Duels,
    inputs: FloatArray,
    own: IntArray,
    values: FloatArray,
    near: NDArray[np.bool_],
) -> None:
    """Put the full machine's values into `values` (N, n), of the duels of the classes `own` (N,),
    where `near` (N, n)."""
    assert isinstance(full.machine, Separate)
    crops: dict[tuple[int, int], list[int]] = {}
    for crop, other in np.argwhere(near).tolist():
        crops.setdefault((int(own[crop]), other), []).append(crop)
    for (first, second), some in crops.items():
        sums = full.machine.sum(inputs[some], first, second)
        values[some, second] = sums + full.intercepts[first, second]
