"""PURE. The panel beside a region in the making: what to do next, what the region looks like
straightened, and what is read in it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.display import paint
from camd.display.labels import ACCENT, AMBER
from camd.display.paint import Text
from camd.region_editor.sketch import Sketch
from camd.sketch_board import GROUND, Board, Scene
from camd.values import Box, Image, RegionReading

LOUPE = 4.0
"""How much larger than on the board the surroundings of the pointer are shown."""

_PREVIEW = 150
_CORNERS = ("top left", "top right", "bottom right", "bottom left")
_KEYS = {
    "click": "set a point",
    "drag": "move a point",
    "Backspace": "take a step back",
    "R": "turn it by one corner",
    "Enter": "write it down",
    "Esc": "leave all as it was",
}
_WHY = {
    "empty": "no digits",
    "unsure": "not sure of a digit",
    "rows": "more than one row",
    "count": "another number of digits is expected",
    "pattern": "does not fit the pattern",
    "range": "outside of min and max",
}


def draw(board: Board, canvas: Image, scene: Scene) -> None:
    """Draw it on the right of `canvas`, (H, W, 3) of the board's size."""
    unit, sketch = board.unit, scene.sketch
    left = board.picture[0] + board.picture[2] + 20 * unit
    wide = board.size[0] - left - 20 * unit
    kind = "mask" if sketch.kind == "mask" else "region"
    Text(kind, 12 * unit, paint.GREY).write(canvas, left, 26 * unit)
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

    keys = {key: what for key, what in _KEYS.items() if key != "R" or sketch.kind == "corners"}
    y = board.size[1] - 28 * unit * len(keys)
    for key, what in keys.items():
        ready = key != "Enter" or sketch.done
        cap = Text(key, 11.5 * unit, paint.WHITE if ready else paint.GREY, 500)
        box = (left, y - 10 * unit, cap.width + 14 * unit, 20 * unit)
        paint.outline(canvas, box, 5 * unit, paint.GREY, max(1, round(unit)))
        cap.write(canvas, left + 7 * unit, y)
        words = Text(what, 12 * unit, paint.SILVER if ready else paint.GREY)
        words.shortened(wide - 92 * unit).write(canvas, left + 92 * unit, y)
        y += 28 * unit


def _next(sketch: Sketch) -> tuple[str, paint.Colour]:
    if sketch.problem:
        return sketch.problem, AMBER
    if sketch.kind == "corners" and sketch.lacking:
        return f"click the {_CORNERS[len(sketch.points)]} corner", AMBER
    if sketch.lacking:
        return f"click around it: {sketch.lacking} more at least", AMBER
    return "right? Enter writes it down", ACCENT


def _loupe(board: Board, scene: Scene, place: Box) -> Image | None:
    """Return the surroundings of the pointer, enlarged, for exact clicks."""
    if scene.pointer is None:
        return None
    height, width = scene.image.shape[:2]
    zoom = LOUPE * board.picture[2] / width
    x, y = scene.pointer[0] * width, scene.pointer[1] * height
    turn: NDArray[np.float64] = np.array(
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
    why = sure if good else _WHY.get(said.status, said.status)
    Text(why, 12 * unit, paint.SILVER).shortened(wide).write(canvas, left, y + 62 * unit)
