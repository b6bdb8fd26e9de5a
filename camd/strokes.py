"""PURE. The width of strokes, out of runs of ink."""

import math

import numpy as np
from numpy.typing import NDArray

from camd.segment.runs import Runs, counted

Floats = NDArray[np.float64]


def stroke_width(ink: Runs) -> float:
    """Mean stroke width of a mask, pixels."""
    area, outline = float(ink.length.sum()), float(outlines(ink).sum())
    return float(widths(np.array([area]), np.array([outline]))[0])


def widths(area: Floats, outline: Floats) -> Floats:
    """Mean stroke widths (N,), pixels, of what has these areas and lengths of its outlines.

    A long thin shape of area A and outline P is 2A/P wide; P runs through the middle of the
    outermost pixels, which the last term repairs. A pixel alone has no outline."""
    return np.where(outline > 0, 2 * area / (outline + 4), 1.0)


def outlines(ink: Runs) -> Floats:
    """Give what each run adds to the length of the outlines, those of holes too, (N,) pixels.

    OpenCV follows an outline from the middle of one pixel to that of the next: a step is a square
    of four pixels of which two or three are ink (the bit quads of Gray 1971). A run alone has a
    step above and one below each two of its pixels; two that lie on each other have none where
    they overlap, and one aslant for each end at which they differ."""
    above, many = ink.above()
    low = np.repeat(np.arange(len(many)), many)
    upper, lower = ink[counted(above, many)], ink[low]
    common = np.minimum(upper.stop, lower.stop) - np.maximum(upper.start, lower.start)
    ends = (upper.start != lower.start).astype(np.intp) + (upper.stop != lower.stop)
    steps = np.where(common > 0, 4 - 2 * common - (2 - math.sqrt(2)) * ends, 2 * math.sqrt(2))
    return np.asarray(2 * (ink.length - 1) + np.bincount(low, steps, len(ink)), np.float64)
