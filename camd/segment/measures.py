"""PURE. Groups of pieces of ink that may be digits, each with what its shape says; all groups are
measured at once, as that takes little longer than one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.bars import Bars
from camd.segment.components import Components
from camd.strokes import outlines, widths


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    stroke: NDArray[np.float64]
    """(N,) mean stroke width of each group, pixels."""
    bars: Bars
    """The bars with their moments."""


def marks(found: Components, groups: Sequence[list[int]]) -> Marks:
    """Measure groups (N) of components, of which no two share one."""
    many = len(groups)
    pieces = found.picked(np.array([piece for group in groups for piece in group], np.intp))
    group = np.repeat(np.arange(many), [len(group) for group in groups])
    owner = group.repeat(np.diff(pieces.first))
    area, outline = (
        np.asarray(np.bincount(owner, of, many), np.float64)
        for of in (pieces.runs.length, outlines(pieces.apart()))
    )
    return Marks(widths(area, outline), Bars.of(pieces.runs, owner, many))
