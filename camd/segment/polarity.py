"""PURE. Plates: patches of the colour of the ink that are written on in the colour of the paper, as
a white sheet is on a dark table where the ink of the frame was taken to be the light one."""

from dataclasses import dataclass

import cv2
import numpy as np

from camd.segment.components import Components
from camd.values import Box, Plane

LEAST = 4.0
"""Least side of a plate, in least heights of a digit."""
SQUAREST = 0.85
"""Least share of the tightest turned rectangle that its outline encloses."""
SOLID = 0.5
"""Least share of what it encloses that has its colour."""
WRITTEN = 0.01
"""And least share that has not: else nothing is written there."""
MOST = 4
"""Plates looked at a frame, the largest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    box: Box
    grey: Plane
    """(h, w) of the box, its own colour where the frame shows what lies around it."""


def plates(grey: Plane, pieces: Components, least: float) -> list[Plate]:
    """Find the plates among the pieces of ink of a frame, (H, W) uint8; `least` is the least height
    of a digit, pixels."""
    width, height, area = pieces.stats[:, 2:5].T
    side = LEAST * least
    large = np.flatnonzero(
        (np.minimum(width, height) >= side) & (area >= 0.5 * SOLID * width * height)
    )
    order = large[np.argsort(-area[large], kind="stable")][:MOST]
    found = (_plate(grey, pieces, int(i), side) for i in order)
    return [plate for plate in found if plate is not None]


def _plate(grey: Plane, pieces: Components, index: int, side: float) -> Plate | None:
    x, y, width, height = box = pieces.bounds(index)
    own = pieces.mask([index], box)
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(outlines, key=cv2.contourArea)
    enclosed = cv2.contourArea(outline)
    _, sides, _ = cv2.minAreaRect(outline)
    if min(sides) < side or enclosed < SQUAREST * sides[0] * sides[1]:
        return None
    share = cv2.countNonZero(own) / enclosed
    if not SOLID <= share <= 1 - WRITTEN:
        return None
    within = np.zeros((height, width), np.uint8)
    cv2.drawContours(within, [outline], -1, 1, cv2.FILLED)
    # Its edge is as soft as the strokes are.
    inner = cv2.erode(within, np.ones((5, 5), np.uint8), borderValue=0)
    patch = grey[y : y + height, x : x + width]
    colour = np.uint8(np.median(patch[own > 0]))
    return Plate(box, np.where(inner > 0, patch, colour))
