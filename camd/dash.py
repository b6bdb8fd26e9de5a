"""PURE. Pieces of a rule that is too faint to be seen whole: each looks like a 1.

A 1 ends on bare paper; beyond the ends of such a piece the rule goes on, in ink that is fainter
than the threshold, or was taken out where the rule was found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.light import Plane

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


def is_dash(ink: Plane, own: Plane, corner: tuple[int, int], stroke: float) -> bool:
    """Tell whether a piece is part of a line that is longer than itself.

    `ink` is the page's, 0 where the paper is bare; `own` (h, w) the piece's mask of zeros and ones,
    its upper left pixel at `corner` (x, y) of the page; `stroke` its width, pixels."""
    middle, axis, length, width = _axis(own)
    if width > SLIM * length:
        return False
    inside = np.linspace(-0.4, 0.4, STEPS) * length
    # The end itself is soft.
    beyond = length / 2 + 1.5 + np.linspace(0, BEYOND, STEPS) * length
    along = np.concatenate([inside, -beyond, beyond])
    contrast = _contrast(ink, middle + corner, axis, along, stroke)
    own_contrast = float(np.median(contrast[:STEPS]))
    seen = contrast[STEPS:].reshape(2, STEPS) > ALIKE * own_contrast
    return bool(own_contrast > 0 and seen.mean(axis=1).max() >= GOES_ON)


def _axis(own: Plane) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Give the middle (2,) x, y and direction (2,) of the bar with the moments of a mask, and its
    length and width, pixels."""
    moments = cv2.moments(own, True)
    area = moments["m00"]
    level, both, upright = (moments[name] / area for name in ("mu20", "mu11", "mu02"))
    angle = 0.5 * np.arctan2(2 * both, level - upright)
    mean, apart = (level + upright) / 2, np.hypot((level - upright) / 2, both)
    length, width = np.sqrt(12 * np.maximum(mean + np.array((apart, -apart)), 0))
    middle = np.array((moments["m10"], moments["m01"])) / area
    return middle, np.array((np.cos(angle), np.sin(angle))), float(length), float(width)


def _contrast(
    ink: Plane,
    middle: NDArray[np.float64],
    axis: NDArray[np.float64],
    along: NDArray[np.float64],
    stroke: float,
) -> Floats:
    """How much darker than what is beside it a line is, at places (N,) pixels `along` it."""
    sway = SWAY * np.abs(along)
    side, near = 1.2 * stroke + 2 + sway, 0.7 + sway
    across = np.stack([-side, -near, 0 * along, near, side])
    x = middle[0] + along * axis[0] - across * axis[1]
    y = middle[1] + along * axis[1] + across * axis[0]
    levels = cv2.remap(
        ink,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    contrast: Floats = levels[1:4].max(axis=0) - (levels[0] + levels[4]) / 2
    return contrast
