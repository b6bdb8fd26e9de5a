"""PURE. Pieces of a rule that is too faint to be seen whole: each looks like a 1.

A 1 ends on bare paper; beyond the ends of such a piece the rule goes on, in ink that is fainter
than the threshold, or was taken out where the rule was found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.bars import Bar
from camd.median import median
from camd.segment.binarize import Plane

Floats = NDArray[np.float32]

SLIM = 0.25
"""Greatest width of such a piece, in its lengths."""
BEYOND = 0.8
"""How far its line is followed beyond each end, in its lengths."""
ALIKE = 0.35
"""Least contrast there, in its own: another rule, or a smudge, is fainter."""
GOES_ON = 0.6
"""Least share of that way, beyond the one end or the other, on which the line is seen. Of 638
rendered 1s two have more, of 242 pieces of rules 176."""
SWAY = 0.03
"""How far the line may leave the axis of the piece, a pixel of way."""
STEPS = 24
"""Places looked at beyond each end, and along the piece."""
_INSIDE, _BEYOND = np.linspace(-0.4, 0.4, STEPS), np.linspace(0, BEYOND, STEPS)


def is_dash(ink: Plane, bar: Bar, stroke: float) -> bool:
    """Tell whether a piece is part of a line that is longer than itself.

    `ink` is the page's, 0 where the paper is bare; `bar` has the moments of the piece, in pixels of
    the page; `stroke` is its width, pixels."""
    length = bar.length
    if bar.width > SLIM * length:
        return False
    beyond = length / 2 + 1.5 + _BEYOND * length  # the end itself is soft
    along = np.concatenate([_INSIDE * length, -beyond, beyond])
    contrast = _contrast(ink, bar, along, stroke)
    own_contrast = float(median(contrast[:STEPS]))
    seen = contrast[STEPS:].reshape(2, STEPS) > ALIKE * own_contrast
    return bool(own_contrast > 0 and seen.mean(axis=1).max() >= GOES_ON)


def _contrast(ink: Plane, bar: Bar, along: NDArray[np.float64], stroke: float) -> Floats:
    """How much darker than what is beside it a line is, at places (N,) pixels `along` it."""
    sway = SWAY * np.abs(along)
    side, near = 1.2 * stroke + 2 + sway, 0.7 + sway
    across = np.stack([-side, -near, 0 * along, near, side])
    (x, y), (cos, sin) = bar.middle, bar.axis
    levels = cv2.remap(
        ink,
        (x + along * cos - across * sin).astype(np.float32),
        (y + along * sin + across * cos).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    contrast: Floats = levels[1:4].max(axis=0) - (levels[0] + levels[4]) / 2
    return contrast
