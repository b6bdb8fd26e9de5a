"""PURE. A frame as it is searched for digits: its light evened out, its rules taken out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from camd.segment.binarize import Plane
from camd.segment.components import Components
from camd.values import Box


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    grey: Plane
    """(H, W), inverted where the ink is light."""
    ink: Plane
    """(H, W), 0 where the paper is bare."""
    bare: Plane
    """(H, W), 255 where there is no ink, not even dust, and 0 elsewhere."""
    pieces: Components
    """Those of the ink, without dust."""
    scale: float
    """Pixels of `ink` a pixel of the source."""
    least: float
    """Least height of a digit, pixels of `ink`."""
    ruled: tuple[Box, ...]
    """The boxes of the rules taken out, pixels of `ink`."""

    def source(self, boxes: ArrayLike) -> list[Box]:
        """Give boxes (N, 4) in pixels of the source."""
        sides = np.asarray(boxes, np.intp).reshape(-1, 4)
        if self.scale != 1:
            sides = np.rint(sides / self.scale).astype(np.intp)
            sides[:, 2:] = np.maximum(sides[:, 2:], 1)
        return [(x, y, width, height) for x, y, width, height in sides.tolist()]
