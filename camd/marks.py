"""PURE. Groups of pieces of ink that may be digits, each with what its pixels say; all groups are
measured at once, as that takes little longer than one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camd.components import Components
from camd.light import Plane
from camd.strokes import outlines, width


@dataclass(frozen=True, slots=True)
class Mark:
    pieces: list[int]
    """Indices of its components."""
    area: int
    """Pixels of ink."""
    stroke: float
    """Mean stroke width, pixels."""
    strength: float
    """Mean ink, levels of 255."""


def marks(found: Components, ink: Plane, groups: Sequence[list[int]]) -> list[Mark]:
    """Measure groups of components, which no two share, on the ink (H, W) of their page."""
    which = np.zeros(len(found), bool)
    group = np.zeros(len(found), np.intp)
    for number, pieces in enumerate(groups):
        which[pieces], group[pieces] = True, number
    if not groups:
        return []
    some, owner = found.chosen(which), group[which]
    before = np.cumsum(some.stats[:, 4]) - some.stats[:, 4]
    levels = np.add.reduceat(
        ink.reshape(-1).take(some.runs.at(ink.shape[1])), before, dtype=np.int64
    )
    outline = np.add.reduceat(outlines(some.apart()), some.first[:-1])
    of_groups = [np.bincount(owner, of) for of in (some.stats[:, 4], outline, levels)]
    return [
        Mark(pieces, int(area), width(area, length), total / area)
        for pieces, area, length, total in zip(
            groups, *(of.tolist() for of in of_groups), strict=True
        )
    ]
