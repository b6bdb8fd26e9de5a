"""PURE. The boxes of a form: what is one, broken though it may be, and what is written in one that
its digit touches."""

from collections.abc import Sequence

import cv2
import numpy as np
from cv2.typing import MatLike

from camd.tuned import TUNED
from camd.values import IntArray, Plane


def square(own: Plane) -> bool:
    """Tell whether a mask (h, w) of zeros and ones is one whole box, empty or filled."""
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) != 1:
        return False
    hull = cv2.convexHull(outlines[0])
    enclosed = cv2.contourArea(outlines[0])
    if enclosed <= TUNED.box_square * cv2.contourArea(hull):  # no rectangle is tighter
        return False
    _, sides, _ = cv2.minAreaRect(hull)
    return bool(
        enclosed > TUNED.box_square * sides[0] * sides[1]
        and min(sides) > TUNED.box_slim * max(sides)
    )


def is_box(own: Plane) -> bool:
    """Tell whether a mask (h, w) of zeros and ones is the line of a box, all of it or most."""
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(outlines))
    _, sides, _ = cv2.minAreaRect(hull)
    if (
        min(sides) < TUNED.box_slim * max(sides)
        or cv2.contourArea(hull) < TUNED.box_square * sides[0] * sides[1]
    ):
        return False
    depth = _depth(own.shape, [hull])
    rim = (depth > 0) & (depth <= max(2, TUNED.box_rim * int(depth.max())))
    return bool(np.count_nonzero(own[rim]) >= TUNED.box_on_rim * np.count_nonzero(own))


def inside(own: Plane) -> Plane | None:
    """Give the ink (h, w) inside a box, zeros and ones as the mask `own` of both; None where
    there is none that may be a digit. The one outline of `own` is that of the box."""
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    depth = _depth(own.shape, outlines)
    deepest = int(depth.max())
    area = np.maximum(np.bincount(depth.ravel(), minlength=deepest + 1), 1)
    seen = np.bincount(depth.ravel(), own.ravel(), minlength=deepest + 1) / area
    bare = np.flatnonzero(seen[1:] < TUNED.box_on_rim)
    if not len(bare) or bare[0] > TUNED.box_rim * deepest:
        return None
    # One more, which is grey: the line of the box is as soft as a stroke.
    ink = np.where(depth > bare[0] + 1, own, np.uint8(0))
    return np.asarray(ink) if ink.any() else None


def _depth(shape: tuple[int, ...], outlines: Sequence[MatLike]) -> IntArray:
    """Give how deep within outlines each pixel lies, 1 on them and 0 outside, (h, w)."""
    filled = np.zeros((shape[0] + 2, shape[1] + 2), np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED, offset=(1, 1))
    return cv2.distanceTransform(filled, cv2.DIST_C, 3)[1:-1, 1:-1].astype(np.intp)
