"""The ink of a row of digits before a camera takes it."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from camd.values import Plane

EM = 64
"""Size of the fonts, pixels, in which rows are drawn."""

Grey: TypeAlias = NDArray[np.float32]
Shape: TypeAlias = tuple[Plane, tuple[int, int, int, int], float]
"""The ink (h, w) uint8 of a character, the box around it where a line begins at (0, 0), and how far
the line then goes on, pixels."""


def lay(ink: Grey, shape: Plane, left: int, top: int, strength: float) -> None:
    """Add the ink of a character to `ink` (H, W), 0..1, as far as it is inside."""
    first, last = max(top, 0), min(top + shape.shape[0], ink.shape[0])
    wide = min(shape.shape[1], ink.shape[1] - left)
    if last > first and wide > 0:
        under = ink[first:last, left : left + wide]
        np.maximum(under, shape[first - top : last - top, :wide] * (strength / 255), out=under)
