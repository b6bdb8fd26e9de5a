"""PURE. Groups of pieces of ink that may be digits, each with what its shape says; all groups are
measured at once, as that takes little longer than one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camd.bars import Bar, bars
from camd.components import Components
from camd.strokes import outlines, width


@dataclass(frozen=True, slots=True)
class Mark:
    stroke: float
    """Mean stroke width, pixels."""
    bar: Bar
    """The bar with its moments."""


def marks(found: Components, groups: Sequence[list[int]]) -> list[Mark]:
    """Measure groups of components, of which no two share one."""
    if not groups:
        return []
    many = len(groups)
    pieces = found.picked(np.array([piece for group in groups for piece in group]))
    group = np.repeat(np.arange(many), [len(group) for group in groups])
    owner = group.repeat(np.diff(pieces.first))
    area = np.bincount(group, pieces.stats[:, 4], many).tolist()
    outline = np.bincount(owner, outlines(pieces.apart()), many).tolist()
    return [
        Mark(width(ink, length), bar)
        for ink, length, bar in zip(area, outline, bars(pieces.runs, owner, many), strict=True)
    ]
