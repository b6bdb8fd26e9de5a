"""PURE. What a region in the making is drawn from, and where on the picture in the window."""

from collections.abc import Sequence
from dataclasses import dataclass

from camd.display import paint
from camd.geometry import Point
from camd.place_settings import MaskSettings, RegionSettings
from camd.region_editor.sketch import Sketch
from camd.values import Box, Image, Result

GROUND: paint.Colour = (38, 33, 30)
REACH = 12.0
"""A point is taken hold of from so far away, pixels of a board of unit 1."""
LARGEST = 4.0
"""Scale of a frame smaller than its place."""
_PANEL, _HIGH = 300, 560
"""Of a board of unit 1, pixels."""


@dataclass(frozen=True, slots=True)
class Board:
    """Where things are on the picture in the window, pixels."""

    size: tuple[int, int]
    picture: Box
    """Of the frame."""
    unit: float
    """1 where the type has its usual size."""

    @classmethod
    def of(cls, frame: tuple[int, int], room: tuple[int, int]) -> "Board":
        """Lay out a frame of that size (width, height) and the panel beside it in `room`."""
        unit = max(1.0, min(room[0] / 1280, room[1] / 720))
        panel, high = round(_PANEL * unit), round(_HIGH * unit)
        scale = min(LARGEST, max(panel, room[0] - panel) / frame[0], max(high, room[1]) / frame[1])
        width, height = (max(1, round(side * scale)) for side in frame)
        total = max(height, high)
        return cls((width + panel, total), (0, (total - height) // 2, width, height), unit)

    def share(self, x: float, y: float) -> Point:
        """Return which point of the frame is at (x, y), shares of the board."""
        left, top, width, height = self.picture
        return (x * self.size[0] - left) / width, (y * self.size[1] - top) / height

    def pixel(self, point: Point) -> Point:
        left, top, width, height = self.picture
        return left + point[0] * width, top + point[1] * height

    @property
    def reach(self) -> Point:
        """REACH, in shares of the frame."""
        return REACH * self.unit / self.picture[2], REACH * self.unit / self.picture[3]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    image: Image
    """The frame, (H, W, 3) uint8 BGR."""
    name: str
    sketch: Sketch
    others: Sequence[RegionSettings | MaskSettings] = ()
    """Regions and masks that are there already."""
    pointer: Point | None = None
    """Share of the frame where the mouse is; None: outside."""
    preview: Image | None = None
    """What is cut out of the frame for the region."""
    read: Result | None = None
    """What the region alone gives."""
