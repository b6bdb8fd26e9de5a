"""PURE. Draws a region in the making: the frame with the points, and the panel beside it."""

import cv2
import numpy as np

from camd import sketch_panel
from camd.display import paint
from camd.display.labels import ACCENT, AMBER
from camd.display.paint import Text
from camd.place_settings import MaskSettings, RegionSettings
from camd.region_editor.sketch import Sketch
from camd.sketch_board import GROUND, Board, Scene
from camd.values import Image


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
    canvas[:, x + w :] = GROUND  # what was drawn over the edge
    sketch_panel.draw(board, canvas, scene)
    return canvas


def _shade(board: Board, canvas: Image, sketch: Sketch) -> None:
    """Let what will be read stand out, and what will not step back."""
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
