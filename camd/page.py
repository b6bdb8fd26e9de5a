"""PURE. A frame as it is searched for digits: its light evened out, its rules taken out."""

from dataclasses import dataclass

from camd.components import Components
from camd.light import Plane
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

    def source(self, box: Box) -> Box:
        """Give a box in pixels of the source."""
        if self.scale == 1:
            return box
        x, y, width, height = (round(side / self.scale) for side in box)
        return x, y, max(1, width), max(1, height)
