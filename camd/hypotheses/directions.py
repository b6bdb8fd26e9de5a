"""PURE. Which way up writing stands: its glyphs, turned, are shown to the classifier, which knows
digits that stand upright.

The right way up digits have a mean confidence of 0.95 and more; any other way 0.7 to 0.88, or they
are taken for no digits at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from camd.geometry import median
from camd.segment import deskew
from camd.segment.crop import AMPLE, normalise
from camd.tuned import TUNED
from camd.values import Classified, DoubleArray, FloatArray, Glyph, Plane

STEP = 30
"""Degrees between two directions that are tried. Digits turned by half of that are still read."""
FEWEST = 2
"""A single glyph does not tell which way up it stands: a 6 may be a 9."""
WAYS = 2
"""The whole picture is read in at most so many directions."""
ROUND = 5
"""Degrees to which a direction is given."""
LINED = 480
"""The picture is made smaller to look for long lines: its longer side to this, pixels."""


def ways(glyphs: Sequence[Glyph], classify: Callable[[Sequence[Glyph]], Classified]) -> list[int]:
    """Give the likeliest directions by which a picture with these glyphs would have to be turned,
    degrees clockwise, 1 to 359, the likeliest first; none where there are too few to tell, or none
    is likelier than the present one."""
    if len(glyphs) < FEWEST:
        return []
    chosen = _chosen(glyphs)
    angles = range(0, 360, STEP)
    tried = classify([_shown(glyph, angle) for angle in angles for glyph in chosen])
    worth = worth_of(tried.sure.reshape(len(angles), -1))
    before, after = np.roll(worth, 1), np.roll(worth, -1)
    peaks = (worth > before) & (worth >= after) & (worth > worth[0])
    found = np.flatnonzero(peaks)
    found = found[np.argsort(-worth[found], kind="stable")][:WAYS]
    likely = [_level(_between(i, before[i], worth[i], after[i]), chosen) for i in found.tolist()]
    return [way for way in likely if way]


def _between(i: int, before: float, worth: float, after: float) -> float:
    """Give the direction of a peak, the `i`th, by what it and those beside it are worth, degrees
    clockwise."""
    least = min(before, after)
    off = (after - before) / max(1e-6, worth + before + after - 3 * least)
    return float(STEP * (i + off))


def _level(angle: float, glyphs: Sequence[Glyph]) -> int:
    """Give the direction near `angle` in which the rows of the glyphs are level. A hand's slant
    misleads the classifier by 15 degrees and more; rows have none."""
    rows = len(glyphs) >= TUNED.few
    if rows:
        x, y, size = _middles(glyphs)
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        angle -= float(np.degrees(deskew.skew(x * cos - y * sin, x * sin + y * cos, size)))
    quarter = 90 * round(angle / 90)
    # Slanted writing looks turned, and where rows slope so little they are read.
    if abs(angle - quarter) <= (TUNED.least_slope if rows else deskew.MAX_SKEW):
        return quarter % 360
    return int(ROUND * round(angle / ROUND)) % 360


def _middles(glyphs: Sequence[Glyph]) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Give the middles x, y and the sizes of glyphs, pixels."""
    x, y, width, height = np.array([glyph.box for glyph in glyphs], np.float64).T
    return x + width / 2, y + height / 2, np.maximum(width, height)


def along(way: int, lean: int) -> int:
    """Give the direction nearest to `way` in which lines that `lean` are level or upright."""
    return (lean + 90 * round((way - lean) / 90)) % 360


def lean(grey: Plane) -> int:
    """Give the direction, degrees clockwise, -44 to 45, by which a picture would have to be turned
    for its long straight lines, rules and the edges of sheets, to be level or upright; 0 where they
    are already, or there are none. Rules are told from strokes only there."""
    factor = -(-max(grey.shape) // LINED)
    small = cv2.resize(grey, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    least = TUNED.line * max(small.shape)
    found = cv2.HoughLinesP(
        cv2.Canny(small, 40, 120), 1, np.pi / 180, 50, minLineLength=least, maxLineGap=4
    )
    if found is None:
        return 0
    across, down = (found.reshape(-1, 4)[:, 2:] - found.reshape(-1, 4)[:, :2]).T.astype(np.float64)
    length, angle = np.hypot(across, down), np.degrees(np.arctan2(down, across)) % 90
    apart = np.abs((angle[:, None] - angle + 45) % 90 - 45)
    main = float(angle[np.argmax((apart <= ROUND) @ length)])
    back = -main if main < 45 else 90 - main
    return int(ROUND * round(back / ROUND))


def worth_of(sure: FloatArray) -> DoubleArray:
    """Give what readings (..., N) are worth, whose digits are so `sure` each, 0..1, and 0 what is
    none. A digit of which nobody is sure is worth nothing: any scribble is one, some way up."""
    return np.asarray(np.clip(2.5 * sure - 1.5, 0, None).sum(axis=-1), np.float64)


def _chosen(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Choose the glyphs that are as large as most."""
    size = np.array([max(glyph.box[2:]) for glyph in glyphs], np.float64)
    unlike = np.abs(np.log(size / median(size)))
    kept = [i for i in np.argsort(unlike, kind="stable").tolist() if glyphs[i].ink.size]
    return [glyphs[i] for i in kept[: deskew.MOST]]


def _shown(glyph: Glyph, angle: int) -> Glyph:
    ink, stroke = glyph.ink, glyph.stroke * glyph.ink.shape[0] / glyph.box[3]
    factor = max(ink.shape) / AMPLE
    if factor > 1:
        size = max(1, round(ink.shape[1] / factor)), max(1, round(ink.shape[0] / factor))
        ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)
        stroke /= factor
    upright = _turned(ink, angle)
    return replace(glyph, crop=normalise(upright, stroke))


def _turned(ink: Plane, angle: int) -> Plane:
    """Turn ink clockwise."""
    quarters, rest = divmod(angle, 90)
    ink = np.ascontiguousarray(np.rot90(ink, -quarters))
    return deskew.turned(ink, -rest) if rest else ink
