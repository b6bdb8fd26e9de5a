"""PURE. What is read of a frame: the whole of it, or the surroundings of one region, straightened
where its corners say how; and where what was found there lies in the frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from camd.config.settings import MaskSettings, RegionSettings
from camd.geometry import Corners, Point, contains
from camd.values import Box, DoubleArray, Image

MARGIN = 0.25
"""Of the shorter side, left around a region: a digit whose centre is inside may reach over its
edge, and the shade of the paper is told from what is around the ink."""
LEAST_SIDE = 640
"""Least long side of what is cut out of a frame that is larger, pixels: segmentation doubles
smaller pictures, which costs more than the surroundings do."""
MOST_ENLARGED = 4.0
"""Times that something straightened may be enlarged to that."""
PART = 0.1
"""Share of a mark across that is enough of it in the region, for a number to be cut off there."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One way to look at frames of one size."""

    window: Box
    """What is cut out of the frame, pixels."""
    flat: DoubleArray | None = None
    """(3, 3) the homography from the frame to the straightened picture; None: it is only cut."""
    size: tuple[int, int] = (0, 0)
    """Width and height of the straightened picture."""
    scale: float = 1.0
    """Pixels of the picture to one of the frame, about."""
    outline: Corners = ()
    """Of the region, pixels of the frame; empty: everything belongs to it."""
    masks: Sequence[Corners] = field(default=())
    """Pixels of the frame."""

    @classmethod
    def of(
        cls, region: RegionSettings | None, masks: Sequence[MaskSettings], size: tuple[int, int]
    ) -> "View":
        """Look at `region` of frames of `size` (width, height); None: at all of them."""
        hidden = tuple(pixels(mask.polygon, size) for mask in masks)
        if region is None:
            return cls((0, 0, *size), masks=hidden)
        if region.corners:
            return _straightened(pixels(region.corners, size), hidden)
        outline = pixels(region.polygon or (), size)
        return cls(_around(outline, size), outline=outline, masks=hidden)

    def moved(self, matrix: DoubleArray) -> "View":
        """Look at the same things where they are now: `matrix` (2, 3) leads there from pixels of
        the frame as it was. What is cut out looks as before."""
        x, y, *size = self.window
        flat = np.array([(1, 0, -x), (0, 1, -y), (0, 0, 1)]) if self.flat is None else self.flat
        back = np.linalg.inv(np.vstack([matrix, (0, 0, 1)]))

        def there(points: Corners) -> Corners:
            moved = np.array(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
            return tuple((x, y) for x, y in moved.tolist())

        return replace(
            self,
            flat=flat @ back,
            size=(size[0], size[1]) if self.flat is None else self.size,
            outline=there(self.outline),
            masks=tuple(there(mask) for mask in self.masks),
        )

    def cut(self, image: Image) -> Image:
        """Return what is read of `image`, BGR or grey uint8."""
        if self.flat is not None:
            # Beyond the frame the paper goes on: black would be ink.
            flat = cv2.warpPerspective(
                image, self.flat, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            return np.asarray(flat, np.uint8)
        x, y, width, height = self.window
        return image if (height, width) == image.shape[:2] else image[y : y + height, x : x + width]

    def in_frame(self, box: Box) -> Box:
        """Return the box, in pixels of the frame, around a box of the picture."""
        x, y, width, height = box
        if self.flat is None:
            return x + self.window[0], y + self.window[1], width, height
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        points = self._back(corners)
        left, top = np.floor(points.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(points.max(axis=0)).astype(int).tolist()
        return left, top, right - left, bottom - top

    @property
    def inside(self) -> Box:
        """The box around the region, pixels of the picture."""
        if self.flat is None:
            points = np.array(self.outline, np.float64) - self.window[:2]
        else:
            given = np.array([self.outline], np.float64)
            points = cv2.perspectiveTransform(given, self.flat)[0]
        left, top = np.floor(points.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(points.max(axis=0)).astype(int).tolist()
        return left, top, right - left, bottom - top

    def has(self, box: Box) -> bool:
        """Tell whether the centre of a box of the picture lies in the region."""
        return not self.outline or contains(self.outline, *self._source(_middle(box)))

    def has_part(self, box: Box) -> bool:
        """Tell whether some of a box of the picture, across its middle, lies in the region."""
        x, y, width, height = box
        points = [(x + share * width, y + height / 2) for share in (PART, 1 - PART)]
        return any(contains(self.outline, *self._source(point)) for point in points)

    def masks_out(self, box: Box) -> bool:
        """Tell whether the centre of a box of the picture lies in a mask."""
        return any(contains(mask, *self._source(_middle(box))) for mask in self.masks)

    def _source(self, point: Point) -> Point:
        """Return the point of the frame that is at `point` of the picture."""
        x, y = point
        if self.flat is None:
            return x + self.window[0], y + self.window[1]
        ((x, y),) = self._back([(x, y)]).tolist()
        return x, y

    def _back(self, points: Sequence[Point]) -> DoubleArray:
        assert self.flat is not None
        given = np.array([points], np.float64)
        return np.asarray(cv2.perspectiveTransform(given, np.linalg.inv(self.flat))[0])


def _middle(box: Box) -> Point:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def pixels(shares: Sequence[Point], size: tuple[int, int]) -> Corners:
    """Return points given as shares of a frame of `size` (width, height) in its pixels."""
    return tuple((x * size[0], y * size[1]) for x, y in shares)


def _around(outline: Corners, size: tuple[int, int]) -> Box:
    """Return the part of the frame that holds `outline` and some of what is around it."""
    low, high = np.min(outline, axis=0), np.max(outline, axis=0)
    most = np.array(size, np.float64)
    margin = MARGIN * float((high - low).min())
    low, high = np.maximum(low - margin, 0), np.minimum(high + margin, most)
    axis = int(np.argmax(high - low))
    length = max(high[axis] - low[axis], min(LEAST_SIDE, most[axis]))
    # Slid back into the frame where it would reach over the edge.
    low[axis] = np.clip((low[axis] + high[axis] - length) / 2, 0, most[axis] - length)
    high[axis] = low[axis] + length
    left, top = np.floor(low).astype(int).tolist()
    right, bottom = np.ceil(high).astype(int).tolist()
    return left, top, right - left, bottom - top


def _straightened(outline: Corners, masks: Sequence[Corners]) -> View:
    """Look straight at a flat thing, given by its corners clockwise from its top left one."""
    corners = np.array(outline, np.float64)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    # The longer of two opposite sides: the far one has lost what is not there to be read.
    seen = np.array([max(sides[0], sides[2]), max(sides[1], sides[3])])
    margin = MARGIN * float(seen.min())
    scale = min(MOST_ENLARGED, max(1.0, LEAST_SIDE / float((seen + 2 * margin).max())))
    width, height = (seen * scale).tolist()
    edge = margin * scale
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)]) + edge
    flat = cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32))
    return View(
        (0, 0, 0, 0),
        np.asarray(flat, np.float64),
        (round(width + 2 * edge), round(height + 2 * edge)),
        scale,
        outline,
        masks,
    )
