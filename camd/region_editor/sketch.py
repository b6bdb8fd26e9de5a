"""PURE. A region while a person draws it: `Sketch` holds its points, which are set, moved and
undone; `Board` says where things are in the window; `draw` paints the picture, and beside it the
panel that says what to do next and what is read.

Points and distances are shares of the frame's width and height, 0 to 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import cv2
import numpy as np

from camd.config.settings import MaskSettings, RegionSettings
from camd.display import paint
from camd.display.labels import ACCENT, AMBER
from camd.display.paint import Text
from camd.display.regions import why
from camd.geometry import Corners, Point, area, crosses_itself, is_convex
from camd.values import Box, DoubleArray, Image, RegionReading, Result

Kind: TypeAlias = Literal["corners", "polygon", "mask"]

MOST = {"corners": 4, "polygon": 100, "mask": 100}
LEAST = {"corners": 4, "polygon": 3, "mask": 3}
"""How many points there can be, as in config/settings.py."""
_CORNERS = ("top left", "top right", "bottom right", "bottom left")
PLACES = 4
"""Decimals kept of a share: a ten-thousandth of the frame, well under a pixel of most cameras."""


@dataclass(frozen=True, slots=True)
class Sketch:
    kind: Kind
    points: Corners = ()
    held: int | None = None
    """Which point the mouse holds, if any."""
    past: tuple[Corners, ...] = ()
    """The points as they were before each step, the latest last: for undo."""

    @property
    def outline(self) -> Corners:
        """The points in the order that config.toml needs.

        Corners go clockwise, in whatever order they were clicked. The one clicked first comes
        first: it is the top left of the writing."""
        if self.kind != "corners" or len(self.points) < 3:
            return self.points
        x, y = (sum(values) / len(self.points) for values in zip(*self.points, strict=True))
        ring = sorted(self.points, key=lambda point: math.atan2(point[1] - y, point[0] - x))
        first = ring.index(self.points[0])
        return (*ring[first:], *ring[:first])

    @property
    def lacking(self) -> int:
        """How many more points are needed at least."""
        return max(0, LEAST[self.kind] - len(self.points))

    @property
    def problem(self) -> str:
        """What is wrong with the points; empty where nothing is, or some are still lacking."""
        if self.lacking:
            return ""
        if self.kind == "corners" and not is_convex(self.outline):
            return "these are not the corners of something flat"
        if crosses_itself(self.outline):
            return "the sides cross or touch one another"
        return "" if area(self.outline) else "it has no area"

    @property
    def done(self) -> bool:
        return not self.lacking and not self.problem

    @property
    def asks(self) -> str:
        """What to do next, in words; empty where nothing is lacking or wrong."""
        if self.kind == "corners" and self.lacking:
            return f"click the {_CORNERS[len(self.points)]} corner"
        if self.lacking:
            return f"click around it: {self.lacking} more at least"
        return self.problem

    def near(self, at: Point, reach: Point) -> int | None:
        """Return which point is nearest to `at`; None where all are further away than `reach`."""
        distances = [_apart(point, at, reach) for point in self.points]
        nearest = min(range(len(distances)), key=distances.__getitem__, default=None)
        return nearest if nearest is not None and distances[nearest] <= 1 else None

    def press(self, at: Point, reach: Point) -> "Sketch":
        """Grab the point near `at`. Where there is none, set a new one: within the side that runs
        there, or after the last point."""
        held = self.near(at, reach)
        if held is not None:
            return replace(self, held=held, past=(*self.past, self.points))
        if len(self.points) == MOST[self.kind]:
            return self
        place = self._side(at, reach)
        points = (*self.points[:place], inside(at), *self.points[place:])
        return replace(self, points=points, held=place, past=(*self.past, self.points))

    def drag(self, at: Point) -> "Sketch":
        """Move the point that the mouse holds."""
        if self.held is None:
            return self
        points = (*self.points[: self.held], inside(at), *self.points[self.held + 1 :])
        return replace(self, points=points)

    def release(self) -> "Sketch":
        moved = self.held is None or self.points != self.past[-1]
        return replace(self, held=None, past=self.past if moved else self.past[:-1])

    def undo(self) -> "Sketch":
        """Undo the last step. Where there is none, remove the last of the points it began with."""
        if self.past:
            return replace(self, points=self.past[-1], held=None, past=self.past[:-1])
        return replace(self, points=self.points[:-1], held=None)

    def turn(self) -> "Sketch":
        """Make the next corner the top left one: for writing that lies on its side."""
        if self.kind != "corners" or self.lacking:
            return self
        points = (*self.outline[1:], self.outline[0])
        return replace(self, points=points, held=None, past=(*self.past, self.points))

    def _side(self, at: Point, reach: Point) -> int:
        """Return the place of a new point among the points."""
        count = len(self.points)
        if self.kind == "corners" or count < 3:
            return count
        sides = [
            _from_side(at, self.points[i], self.points[(i + 1) % count], reach)
            for i in range(count)
        ]
        nearest = sides.index(min(sides))
        return nearest + 1 if sides[nearest] <= 1 else count


def _apart(one: Point, other: Point, unit: Point) -> float:
    return math.hypot((one[0] - other[0]) / unit[0], (one[1] - other[1]) / unit[1])


def _from_side(at: Point, start: Point, end: Point, unit: Point) -> float:
    """Return the distance from `at` to the side between two points; 1 is one `unit` (x, y)."""
    dx, dy = (end[0] - start[0]) / unit[0], (end[1] - start[1]) / unit[1]
    x, y = (at[0] - start[0]) / unit[0], (at[1] - start[1]) / unit[1]
    length = dx * dx + dy * dy
    along = min(1.0, max(0.0, (x * dx + y * dy) / length)) if length else 0.0
    return math.hypot(x - along * dx, y - along * dy)


def inside(at: Point) -> Point:
    """Return the nearest point of the frame, rounded to what is kept of it."""
    x, y = (round(min(1.0, max(0.0, value)), PLACES) for value in at)
    return x, y


GROUND: paint.Colour = (38, 33, 30)
REACH = 12.0
"""Pixels, on a board of unit 1, from which the mouse grabs a point."""
LARGEST = 4.0
"""A small frame is enlarged so many times at most."""
_PANEL, _HIGH = 300, 560
"""Pixels, on a board of unit 1: the width of the panel, and the least height of the window."""


@dataclass(frozen=True, slots=True)
class Board:
    """Where things are on the picture in the window, pixels."""

    size: tuple[int, int]
    picture: Box
    """Where the frame is shown."""
    unit: float
    """How much larger than usual text and lines are: 1 in a window of 1280x720 or less."""

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
        """REACH in shares of the frame's width and height."""
        return REACH * self.unit / self.picture[2], REACH * self.unit / self.picture[3]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    image: Image
    """The frame, (H, W, 3) uint8 BGR."""
    name: str
    sketch: Sketch
    others: Sequence[RegionSettings | MaskSettings] = ()
    """Regions and masks that the configuration has already."""
    pointer: Point | None = None
    """Where the mouse is, as shares of the frame; None: outside of it."""
    preview: Image | None = None
    """What is cut out of the frame for the region."""
    read: Result | None = None
    """What the region alone gives."""
    place: str = ""
    """Which frame of a file it is; empty where there is only one."""


LOUPE = 4.0
"""How many times larger than on the board the pointer's surroundings are shown."""

_PREVIEW = 150
_KEYS = {
    "click": "set a point",
    "drag": "move a point",
    "Backspace": "undo",
    "R": "turn by one corner",
    "Right": "next frame",
    "Page Down": "a second on",
    "Home": "first frame",
    "Enter": "save",
    "Esc": "cancel",
}
_STEPS = ("Right", "Page Down", "Home")


def _panel(board: Board, canvas: Image, scene: Scene) -> None:
    """Draw the panel on the right of `canvas`, (H, W, 3) of the board's size."""
    unit, sketch = board.unit, scene.sketch
    left = board.picture[0] + board.picture[2] + 20 * unit
    wide = board.size[0] - left - 20 * unit
    kind = "mask" if sketch.kind == "mask" else "region"
    if scene.place:
        kind += f"  ·  {scene.place}"
    Text(kind, 12 * unit, paint.GREY).shortened(wide).write(canvas, left, 26 * unit)
    title = Text(scene.name, 24 * unit, paint.WHITE, 600).shortened(wide)
    title.write(canvas, left, 50 * unit)
    text, colour = _next(sketch)
    Text(text, 14 * unit, colour, 500).shortened(wide).write(canvas, left, 88 * unit)

    place = (round(left), round(112 * unit), round(wide), round(_PREVIEW * unit))
    small = scene.preview if sketch.done else _loupe(board, scene, place)
    _preview(canvas, place, small, unit)
    if small is not scene.preview:
        _cross(canvas, place, unit)
    y: float = place[1] + place[3]
    if scene.read is not None and scene.read.regions:
        _said(canvas, scene.read.regions[0], left, y, wide, unit)
    elif sketch.kind == "mask" and sketch.done:
        Text("nothing is read here", 14 * unit, paint.SILVER).write(canvas, left, y + 24 * unit)

    hidden = {*(() if sketch.kind == "corners" else ("R",)), *(() if scene.place else _STEPS)}
    keys = {key: what for key, what in _KEYS.items() if key not in hidden}
    # As many rows as there are with a film leave room for what is read.
    step = (28 if len(keys) < 7 else 23) * unit
    y = board.size[1] - step * len(keys)
    for key, what in keys.items():
        ready = key != "Enter" or sketch.done
        cap = Text(key, 11.5 * unit, paint.WHITE if ready else paint.GREY, 500)
        box = (left, y - 10 * unit, cap.width + 14 * unit, 20 * unit)
        paint.outline(canvas, box, 5 * unit, paint.GREY, max(1, round(unit)))
        cap.write(canvas, left + 7 * unit, y)
        words = Text(what, 12 * unit, paint.SILVER if ready else paint.GREY)
        words.shortened(wide - 92 * unit).write(canvas, left + 92 * unit, y)
        y += step


def _next(sketch: Sketch) -> tuple[str, paint.Colour]:
    if sketch.asks:
        return sketch.asks, AMBER
    return "right? Enter saves it", ACCENT


def _loupe(board: Board, scene: Scene, place: Box) -> Image | None:
    """Return the surroundings of the pointer, enlarged, for exact clicks."""
    if scene.pointer is None:
        return None
    height, width = scene.image.shape[:2]
    zoom = LOUPE * board.picture[2] / width
    x, y = scene.pointer[0] * width, scene.pointer[1] * height
    turn: DoubleArray = np.array(
        [[zoom, 0, place[2] / 2 - zoom * x], [0, zoom, place[3] / 2 - zoom * y]], np.float64
    )
    near = cv2.warpAffine(scene.image, turn, (place[2], place[3]), borderValue=GROUND)
    return np.asarray(near, np.uint8)


def _preview(canvas: Image, place: Box, picture: Image | None, unit: float) -> None:
    x, y, wide, high = place
    paint.glass(canvas, place, 6 * unit, opacity=1.0)
    if picture is not None and picture.size:
        scale = min(wide / picture.shape[1], high / picture.shape[0])
        w, h = (max(1, round(side * scale)) for side in picture.shape[1::-1])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        left, top = x + (wide - w) // 2, y + (high - h) // 2
        small = cv2.resize(picture, (w, h), interpolation=how)
        canvas[top : top + h, left : left + w] = small
    paint.outline(canvas, place, 6 * unit, paint.GREY, max(1, round(unit)))


def _cross(canvas: Image, place: Box, unit: float) -> None:
    x, y = place[0] + place[2] / 2, place[1] + place[3] / 2
    for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        start = (x + 4 * unit * dx, y + 4 * unit * dy)
        end = (x + 14 * unit * dx, y + 14 * unit * dy)
        paint.rule(canvas, start, end, AMBER, max(1, round(unit)))


def _said(
    canvas: Image, said: RegionReading, left: float, y: float, wide: float, unit: float
) -> None:
    """Write what the region would publish, or why it would publish nothing."""
    good = said.value is not None
    shown = f"{said.value}" if good else said.text or "-"
    big = Text(shown, 30 * unit, ACCENT if good else AMBER, 600)
    big.shortened(wide).write(canvas, left, y + 34 * unit)
    sure = "" if said.confidence is None else f"{min(99, int(100 * said.confidence))} % sure"
    reason = sure if good else why(said.status)
    Text(reason, 12 * unit, paint.SILVER).shortened(wide).write(canvas, left, y + 62 * unit)


def draw(board: Board, scene: Scene) -> Image:
    """Return the picture for the window, (H, W, 3) of the board's size."""
    width, height = board.size
    canvas = np.full((height, width, 3), GROUND, np.uint8)
    x, y, w, h = board.picture
    view = canvas[y : y + h, x : x + w]
    how = cv2.INTER_AREA if w < scene.image.shape[1] else cv2.INTER_LINEAR
    view[...] = cv2.resize(scene.image, (w, h), interpolation=how)
    _shade(board, canvas, scene.sketch)
    for other in scene.others:
        _other(board, canvas, other)
    _digits(board, canvas, scene)
    _outline(board, canvas, scene)
    canvas[:, x + w :] = GROUND  # remove what was drawn beyond the picture's edge
    _panel(board, canvas, scene)
    return canvas


def _shade(board: Board, canvas: Image, sketch: Sketch) -> None:
    """Darken what will not be read."""
    if not sketch.done:
        return
    x, y, w, h = board.picture
    view = canvas[y : y + h, x : x + w]
    inside = np.zeros((h, w), np.uint8)
    points = np.array([(px - x, py - y) for px, py in map(board.pixel, sketch.outline)])
    cv2.fillPoly(inside, [np.rint(points).astype(np.int32)], 255)
    dark = inside > 0 if sketch.kind == "mask" else inside == 0
    view[dark] = (view[dark] * (0.35 if sketch.kind == "mask" else 0.6)).astype(np.uint8)


def _other(board: Board, canvas: Image, other: RegionSettings | MaskSettings) -> None:
    masked = isinstance(other, MaskSettings)
    points = (None if isinstance(other, MaskSettings) else other.corners) or other.polygon or ()
    pixels = [board.pixel(point) for point in points]
    colour = paint.GREY if masked else paint.WHITE
    paint.polygon(canvas, pixels, colour, max(1, round(board.unit)))
    text = Text(f"{other.name} (mask)" if masked else other.name, 12 * board.unit, paint.SILVER)
    left, top = min(p[0] for p in pixels), min(p[1] for p in pixels)
    _tag(canvas, text, left, max(board.picture[1], top - 1.8 * text.size))


def _digits(board: Board, canvas: Image, scene: Scene) -> None:
    if scene.read is None:
        return
    scale = board.picture[2] / scene.image.shape[1]
    for digit in scene.read.digits:
        x, y, w, h = (scale * side for side in digit.box)
        box = (board.picture[0] + x, board.picture[1] + y, w, h)
        paint.corners(canvas, box, 3 * board.unit, ACCENT, max(1, round(1.3 * board.unit)))


def _outline(board: Board, canvas: Image, scene: Scene) -> None:
    sketch, unit = scene.sketch, board.unit
    pixels = [board.pixel(point) for point in sketch.outline]
    colour = ACCENT if sketch.done else AMBER
    stroke = max(1, round(1.6 * unit))
    if sketch.lacking and scene.pointer and sketch.held is None:
        pixels = [*pixels, board.pixel(scene.pointer)]
    if len(pixels) > 1:
        paint.polygon(canvas, pixels, colour, stroke)
    hovered = scene.pointer and sketch.near(scene.pointer, board.reach)
    for number, point in enumerate(sketch.outline):
        x, y = board.pixel(point)
        own = sketch.points.index(point)
        near = own in (sketch.held, hovered)
        paint.dot(canvas, x, y, (8 if near else 6.5) * unit, paint.INK)
        paint.dot(canvas, x, y, (6.5 if near else 5) * unit, paint.WHITE if near else colour)
        if sketch.kind == "corners":
            tag = Text(str(number + 1), 12 * unit, paint.WHITE, 600)
            _tag(canvas, tag, x + 8 * unit, y + 8 * unit)


def _tag(canvas: Image, text: Text, x: float, y: float) -> None:
    box = (round(x), round(y), round(text.width + text.size), round(1.6 * text.size))
    paint.glass(canvas, box, 0.4 * text.size)
    text.write(canvas, x + text.size / 2, y + 0.8 * text.size)
