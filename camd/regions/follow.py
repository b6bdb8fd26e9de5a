"""PURE. Keeps regions on what they were drawn around when the camera is nudged.

What is around the regions is remembered as ORB features (Rublee et al., "ORB: an efficient
alternative to SIFT or SURF", ICCV 2011). Those of a later frame are matched with them, and RANSAC
(Fischler and Bolles, 1981) finds the shift, turn and scale that most pairs agree on. Digits change
while their meter stays where it is, so nothing inside a region is remembered.

A look costs some 20 ms, so it is taken once a second at most while the scene looks as before. A
small copy of each frame tells at once when it does not; from then on nothing is read until looks
agree again on where the regions are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.config.settings import MaskSettings, RegionSettings
from camd.segment import binarize
from camd.values import DoubleArray, FloatArray, Image, Moved

SIDE = 640
"""Pixels of the longer side of what features are found in. Larger frames are reduced to it."""
FEATURES = 500
"""Most features of one look."""
AROUND, CONTRAST = 0.1, 48.0
"""What a frame shows is divided by what it shows around, so far: share of the longer side. The mean
contrast there becomes so many grey levels. Of 49 rendered nudges, most of them with another light,
all are found so, to half a pixel; without it one in 25 is not."""
SOFT = 1.0
"""Pixels of SIDE by which the noise of a sensor is smoothed away."""
FAINT = 10.0
"""Grey levels: less contrast than that is noise, or what compression makes of it, which stands
still as real things do. So there are no features on a bare wall with noise of 4 grey levels."""
FAST = 12
"""Contrast of a corner, of these grey levels."""
FAR = 64
"""Bits of 256 by which two descriptors of the same thing differ at most."""
APART = 3.0
"""Pixels of SIDE by which a pair of features may miss the place that the others agree on."""
LEAST = 16
"""So many pairs must agree. Of two textures that have nothing to do with each other, 8 did at
most in 1,722 pairs rendered by training/render/textures.py."""
ENOUGH = 48
"""So many features must be around a region to follow it."""
SPREAD = 0.04
"""And they must lie so far apart: mean distance from their middle, share of the longer side. A turn
and a scale that a small spot says are wrong at a distance."""
STILL = 0.002
"""Two looks agree when no corner of a region is farther apart than this share of the longer side:
a look of the same scene misses by a fifth of it."""
TURN, SCALE = 20.0, 1.4
"""More than so many degrees, and so many times larger or smaller, is no nudge."""
LEFT = 0.01
"""A region that reaches farther out of the frame than this share of its side cannot be read."""
CHECK_S, SOON_S = 1.0, 0.25
"""Least time between two looks: while the scene looks as before, and while it does not."""
PATIENCE_S, MISSES = 1.5, 3
"""Regions are lost when looks have not agreed for so long, and so many of them."""
THUMB = 96
"""Pixels of the longer side of the small copy of each frame."""
ALIKE = 0.8
"""Least correlation of two small copies of a scene that stands still: a shift by a hundredth of the
frame leaves less. Where a hand passes, or the light changes, a look too many is the price."""
SAME = 0.995
"""With this correlation there is nothing to look for."""

State: TypeAlias = Literal["known", "unclear", "lost"]


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What is remembered of a frame, around its regions."""

    points: FloatArray
    """(N, 2) shares of the longer side of the frame."""
    marks: NDArray[np.uint8]
    """(N, 32) ORB's descriptors of what is there."""
    shape: float
    """Width of the frame, divided by its height."""


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """Where a region is now."""

    state: State = "known"
    """"unclear": nothing may be read before another look; "lost": nobody can tell."""
    matrix: DoubleArray | None = None
    """(2, 3) from pixels of the frame as it was drawn in to those of this one; None: the same."""
    moved: Moved | None = None
    """The same, for people."""


class Follower:
    """Asks no clock: each update brings its time, seconds."""

    def __init__(
        self,
        regions: Sequence[RegionSettings],
        masks: Sequence[MaskSettings],
        kept: Mapping[str, Surroundings],
    ) -> None:
        """`kept`: by the names of regions, what an earlier run remembered around them, while they
        were where they are now. Others are taken to be right as they are in the first frames."""
        self._limits = {region.name: region.max_shift for region in regions if region.max_shift}
        self._corners = {region.name: _corners(region) for region in regions}
        self._hidden = [*self._corners.values(), *(np.array(mask.polygon) for mask in masks)]
        anchors: dict[int, _Anchor] = {}
        fresh = _Anchor(None)
        self._anchors: dict[str, _Anchor] = {}
        for name in self._limits:
            known = kept.get(name)
            anchor = anchors.setdefault(id(known), _Anchor(known)) if known else fresh
            self._anchors[name] = anchor
        self._checked = -math.inf
        self._scene: NDArray[np.float32] | None = None
        """The small copy of the frame that was looked at last."""
        self._size = (0, 0)

    @property
    def surroundings(self) -> Mapping[str, Surroundings]:
        """What is remembered around each region, those left out that have nothing around them."""
        return {name: anchor.known for name, anchor in self._anchors.items() if anchor.known}

    def update(self, image: Image, clock: float) -> None:
        """Look at a frame, BGR or grey uint8, taken at `clock` seconds, where a look is due."""
        if not self._anchors:
            return
        self._size = image.shape[1], image.shape[0]
        anchors = set(self._anchors.values())
        scene = self._small(image)
        alike = -1.0 if self._scene is None else _correlation(self._scene, scene)
        if alike < ALIKE:
            for anchor in anchors:
                anchor.doubt(clock)
        unclear = any(anchor.known and anchor.state != "known" for anchor in anchors)
        passed = clock - self._checked
        if 0 <= passed < (SOON_S if unclear else CHECK_S):
            return
        if alike >= SAME and not unclear and all(anchor.known for anchor in anchors):
            return
        self._checked = clock
        seen = self._look(image)
        for anchor in anchors:
            if anchor.known:
                anchor.find(seen, self._within(anchor), clock)
            else:
                anchor.learn(seen and self._around(seen), self._within(anchor))
        self._scene = scene

    def where(self, region: str) -> Where:
        """Say where a region is in the frame of the last update."""
        anchor = self._anchors.get(region)
        if anchor is None or anchor.known is None:
            return Where()
        if anchor.matrix is None:
            return Where(anchor.state)
        longer = max(self._size)
        matrix = anchor.matrix.copy()
        matrix[:, 2] *= longer
        corners = self._corners[region] * self._size
        now = _moved(corners, matrix)
        shift = now.mean(axis=0) - corners.mean(axis=0)
        turn = math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
        scale = math.hypot(matrix[0, 0], matrix[1, 0])
        moved = Moved(float(shift[0]), float(shift[1]), turn, scale)
        state = anchor.state
        side = np.ptp(now, axis=0).max()
        outside = max(float((-now).max()), float((now - self._size).max()))
        if np.abs(shift / self._size).max() > self._limits[region] or outside > LEFT * side:
            state = "lost"
        return Where(state, matrix, moved)

    def _within(self, anchor: "_Anchor") -> DoubleArray:
        """Return the corners of all regions of an anchor (K, 2), shares of the longer side."""
        mine = [self._corners[name] for name, other in self._anchors.items() if other is anchor]
        return np.concatenate(mine) * self._size / max(self._size)

    def _small(self, image: Image) -> NDArray[np.float32]:
        """Return what differs from its neighbourhood in a small copy of a frame: light does not."""
        longer = max(self._size)
        wide, high = (max(8, round(THUMB * side / longer)) for side in self._size)
        small = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
        grey = binarize.to_grey(np.asarray(small, np.uint8)).astype(np.float32)
        # Where a frame is twice as bright, its contrasts are, too.
        relative = np.log(grey + 4)
        detail = relative - cv2.GaussianBlur(relative, (0, 0), 3)
        detail[self._mask(wide, high) == 0] = 0
        return np.asarray(detail, np.float32)

    def _look(self, image: Image) -> Surroundings | None:
        """Return the features of a frame; None where there are too few."""
        width, height = self._size
        scale = min(1.0, SIDE / max(self._size))
        small = binarize.to_grey(image)
        if scale < 1:
            size = round(width * scale), round(height * scale)
            small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
        reach = 2 * round(AROUND * max(small.shape) / 2) + 1
        grey = np.asarray(cv2.GaussianBlur(small.astype(np.float32), (0, 0), SOFT), np.float32)
        grey -= cv2.blur(grey, (reach, reach))
        grey *= CONTRAST / (cv2.blur(np.abs(grey), (reach, reach)) + FAINT)
        even = np.clip(grey + 128, 0, 255).astype(np.uint8)
        orb = cv2.ORB.create(nfeatures=FEATURES, fastThreshold=FAST, edgeThreshold=16)
        found, marks = orb.detectAndCompute(even, None)
        if marks is None or len(found) < LEAST:
            return None
        points = np.array([one.pt for one in found], np.float32) / max(small.shape)
        return Surroundings(points, np.asarray(marks, np.uint8), width / height)

    def _around(self, seen: Surroundings) -> Surroundings | None:
        """Leave out what lies in regions and masks; None where too little is left."""
        mask = self._mask(*(round(side * SIDE / max(self._size)) for side in self._size))
        across, down = np.minimum(
            (seen.points * SIDE).astype(int).T, np.array(mask.shape)[::-1, None] - 1
        )
        free = mask[down, across] > 0
        if np.count_nonzero(free) < ENOUGH:
            return None
        return replace(seen, points=seen.points[free], marks=seen.marks[free])

    def _mask(self, wide: int, high: int) -> NDArray[np.uint8]:
        mask = np.full((high, wide), 255, np.uint8)
        for polygon in self._hidden:
            corners = np.rint(polygon * (wide, high)).astype(np.int32)
            cv2.fillPoly(mask, [corners], (0,))
            # A feature at the edge sees what is behind it, too.
            cv2.polylines(mask, [corners], isClosed=True, color=(0,), thickness=1 + wide // 40)
        return mask


class _Anchor:
    """What was remembered at one time, and where it is now."""

    def __init__(self, known: Surroundings | None) -> None:
        self.known = known
        self.matrix: DoubleArray | None = None
        """(2, 3) shares of the longer side; None: nothing has moved."""
        self.state: State = "known" if known is None else "unclear"
        self._learnt: Surroundings | None = None
        """What may be remembered if the next look finds it where it is."""
        self._next: DoubleArray | None = None
        """Where the last look found it, if that was elsewhere: another one has to agree."""
        self._misses = 0
        self._since = math.inf
        """Since when looks do not agree."""

    def learn(self, seen: Surroundings | None, corners: DoubleArray) -> None:
        """Remember what two looks in a row have seen at the same place."""
        found = match(self._learnt, seen) if self._learnt and seen else None
        if found is not None and _same(found, _NOTHING, corners):
            self.known = self._learnt
        self._learnt = seen

    def doubt(self, clock: float) -> None:
        """Take it that something has moved, until a look says what."""
        if self.known and self.state == "known":
            self.state = "unclear"
            self._since, self._misses, self._next = clock, 0, None

    def find(self, seen: Surroundings | None, corners: DoubleArray, clock: float) -> None:
        """Look for it, around `corners` (K, 2) of regions, shares of the longer side."""
        assert self.known
        found = match(self.known, seen) if seen else None
        here = _NOTHING if self.matrix is None else self.matrix
        if found is not None and _same(found, here, corners):
            self.state = "known"
        elif found is not None and self._next is not None and _same(found, self._next, corners):
            self.state = "known"
            self.matrix = None if _same(found, _NOTHING, corners) else found
        else:
            self.doubt(clock)
            # A clock may begin anew; and before the first look nothing was doubted.
            self._since = min(self._since, clock)
            self._misses += 1
            if self._misses >= MISSES and clock - self._since >= PATIENCE_S:
                self.state = "lost"
        self._next = found


_NOTHING: DoubleArray = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def match(known: Surroundings, seen: Surroundings) -> DoubleArray | None:
    """Return the similarity (2, 3), in shares of the longer side, from where things were known to
    where they are seen; None where it cannot be told."""
    if abs(seen.shape / known.shape - 1) > 0.02:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(known.marks, seen.marks)
    pairs = [pair for pair in pairs if pair.distance <= FAR]
    if len(pairs) < LEAST:
        return None
    before = known.points[[pair.queryIdx for pair in pairs]]
    after = seen.points[[pair.trainIdx for pair in pairs]]
    matrix, agree = cv2.estimateAffinePartial2D(
        before, after, method=cv2.RANSAC, ransacReprojThreshold=APART / SIDE, confidence=0.999
    )
    if matrix is None:
        return None
    good = before[agree.ravel() > 0]
    turn, scale = math.atan2(matrix[1, 0], matrix[0, 0]), math.hypot(matrix[0, 0], matrix[1, 0])
    if (
        len(good) < LEAST
        or float(np.linalg.norm(good - good.mean(axis=0), axis=1).mean()) < SPREAD
        or abs(turn) > math.radians(TURN)
        or not 1 / SCALE <= scale <= SCALE
    ):
        return None
    return np.asarray(matrix, np.float64)


def _same(one: DoubleArray, other: DoubleArray, corners: DoubleArray) -> bool:
    apart = np.linalg.norm(_moved(corners, one) - _moved(corners, other), axis=1)
    return float(apart.max()) <= STILL


def _moved(points: DoubleArray, matrix: DoubleArray) -> DoubleArray:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float64)


def _corners(region: RegionSettings) -> DoubleArray:
    return np.array(region.corners or region.polygon, np.float64)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return how alike two small copies are, -1 to 1; of nothing at all 1."""
    if one.shape != other.shape:
        return -1.0
    power = float((one**2).sum() * (other**2).sum())
    return float((one * other).sum()) / math.sqrt(power) if power > 0 else 1.0
