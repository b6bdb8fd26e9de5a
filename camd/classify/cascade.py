"""PURE. A cascade: a small, quick machine answers the clear cases. The full machine is asked about
the others only, and computes as few duels as possible (Viola and Jones 2001, section 4)."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from camd.classify.one_vs_one import Duels, Separate
from camd.values import Classified, FloatArray, IntArray

Machine = TypeVar("Machine")


@dataclass(frozen=True, slots=True, eq=False)
class Quick(Generic[Machine]):
    """The small machine of a cascade, and the range of its values in which a case is unclear."""

    machine: Machine
    clear: float
    """A value of at least this is a clear yes."""
    lost: float = -np.inf
    """A value of at most this is a clear no."""

    def unclear(self, values: FloatArray) -> IntArray:
        """Give the indices of those of the values (N,) that are neither a clear yes nor a clear
        no."""
        return np.flatnonzero((values > self.lost) & (values < self.clear))


def judge(
    full: Duels, features: FloatArray, winner: IntArray, own: FloatArray, clear: float
) -> Classified:
    """Judge features (N, D) with the full machine. The small machine gave the winner of each (N,)
    and the values `own` (N, n) of the winner's duels.

    The full machine computes only those duels that the winner did not win by `clear` or more.
    Where the winner loses one of them, the class to which it loses by most becomes the challenger,
    and the challenger's unclear duels are computed likewise. Where that class loses one, too, all
    duels are computed."""
    assert isinstance(full.machine, Separate)
    inputs = full.machine.inputs(full.projection.components(features))
    decided = own.copy()
    _decide(full, inputs, winner, decided, own < clear)
    better = full.won(winner, decided.min(axis=1))
    lost = np.flatnonzero(better.margins <= 0)
    if not len(lost):
        return better
    rows, first, challenger = np.arange(len(lost)), winner[lost], decided[lost].argmin(axis=1)
    # In the small machine the value of a duel is the difference of two scores. So the values of the
    # challenger's duels follow from those of the winner's.
    theirs = own[lost] - own[lost, challenger][:, None]
    theirs[rows, first] = -decided[lost, challenger]
    theirs[rows, challenger] = np.inf
    near = theirs < clear
    near[rows, first] = False
    _decide(full, inputs[lost], challenger, theirs, near)
    better = better.replaced(lost, full.won(challenger, theirs.min(axis=1)))
    lost = lost[better.margins[lost] <= 0]
    if len(lost):
        better = better.replaced(lost, full.judge(features[lost]))
    return better


def _decide(
    full: Duels,
    inputs: FloatArray,
    own: IntArray,
    values: FloatArray,
    near: NDArray[np.bool_],
) -> None:
    """Overwrite those of `values` (N, n) where `near` (N, n) is true with the values that the full
    machine gives to the duels of the classes `own` (N,)."""
    assert isinstance(full.machine, Separate)
    crops: dict[tuple[int, int], list[int]] = {}
    for crop, other in np.argwhere(near).tolist():
        crops.setdefault((int(own[crop]), other), []).append(crop)
    for (first, second), some in crops.items():
        sums = full.machine.sum(inputs[some], first, second)
        values[some, second] = sums + full.intercepts[first, second]
