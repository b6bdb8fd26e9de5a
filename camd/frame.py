"""PURE. A box of a form whose digit touches it: what is written in it, without the box."""

import cv2
import numpy as np

from camd.light import Plane

SEEN = 0.6
"""Least share of what lies as deep within the outline that is ink where the line of the box is:
a digit covers less of the inside."""
THICKEST = 0.12
"""Thickest line of a box, in its lesser sides; what is thicker is a filled one."""
LEAST = 0.3
"""Least height of what is written, in heights of the box."""
SCRAP = 0.1
"""A piece within the box with less than this share of the ink there is no part of the digit."""


def inside(own: Plane) -> Plane | None:
    """Give the ink (h, w) inside a box, zeros and ones as the mask `own` of both; None where
    there is none that may be a digit. The one outline of `own` is that of the box."""
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = np.zeros((own.shape[0] + 2, own.shape[1] + 2), np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED, offset=(1, 1))
    depth = cv2.distanceTransform(filled, cv2.DIST_C, 3)[1:-1, 1:-1].astype(np.intp)
    deepest = int(depth.max())
    area = np.maximum(np.bincount(depth.ravel(), minlength=deepest + 1), 1)
    seen = np.bincount(depth.ravel(), own.ravel(), minlength=deepest + 1) / area
    bare = np.flatnonzero(seen[1:] < SEEN)
    if not len(bare) or bare[0] > 2 * THICKEST * deepest:
        return None
    # One more, which is grey: the line of the box is as soft as a stroke.
    ink = np.where(depth > bare[0] + 1, own, np.uint8(0))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    area = stats[1:, cv2.CC_STAT_AREA]
    kept = area >= SCRAP * area.sum()
    if not kept.any():
        return None
    top = stats[1:][kept, cv2.CC_STAT_TOP]
    bottom = top + stats[1:][kept, cv2.CC_STAT_HEIGHT]
    if bottom.max() - top.min() < LEAST * own.shape[0]:
        return None
    return np.asarray(np.concatenate(([False], kept))[labels], np.uint8)
