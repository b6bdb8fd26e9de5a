"""PURE. Draws the images that were read worst as tiles of one picture. What was read is marked on
each image; the caption below it tells what is written and what was read.

A digit that is right has a closed box. A digit that is not written has amber corners instead, and
is amber in the line of what was read. A missed digit is amber in the line of what is written. Grey
boxes are marks that were rejected, with the reason where there is room.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from camd.display import paint
from camd.display.labels import ACCENT, AMBER, Labels
from camd.display.paint import Text
from camd.evaluate.score import Row, tell_apart
from camd.values import Box, Image, Line, Rejected, Result

COLUMNS = 3
"""Number of columns of tiles."""
WIDTH = 640
"""Width of a tile, pixels."""
HIGHEST = 720
"""Greatest height of the image in a tile, pixels."""
LARGEST = 4.0
"""An image smaller than its tile is enlarged by this factor at most."""

_GROUND: paint.Colour = (38, 33, 30)
_MARGIN = 14
_SIZE = 15
"""Size of the letters, pixels."""
_LEADING = 22
"""Distance of two lines of text, pixels."""
_INDENT = 70
"""Where lines of digits begin, pixels from the left; their name is left of it."""
_MOST_LINES = 3
"""Most lines that the caption has for what is written, and likewise for what was read."""
_FAINT = 0.55
"""Opacity of the marks of what was rejected, so that they do not hide the digits; 0..1."""
_SPECK = 8
"""Rejected marks smaller than so many pixels of the tile are counted, but not drawn."""
_HEAD = 72
_LEGEND = (("right", ACCENT), ("missed, or false", AMBER), ("rejected", paint.SILVER))


def tile(image: Image, result: Result, row: Row) -> Image:
    """Draw an image (H, W, 3) with its `result` as a tile, WIDTH pixels wide, with a caption."""
    high, wide = image.shape[:2]
    scale = min(WIDTH / wide, HIGHEST / high, LARGEST)
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    canvas = np.asarray(cv2.resize(image, size, interpolation=smooth), np.uint8)
    missed, false = tell_apart(row.label.digits, row.lines)
    lines = _marked(result.lines, false, scale)
    rejected = [replace(one, box=_scaled(one.box, scale)) for one in result.rejected]
    rejected = [one for one in rejected if max(one.box[2:]) >= _SPECK]
    faint = canvas.copy()
    Labels(faint, 0.9, [_scaled(digit.box, scale) for digit in result.digits]).draw([], rejected)
    cv2.addWeighted(faint, _FAINT, canvas, 1 - _FAINT, 0, dst=canvas)
    Labels(canvas, 1.0, (), details=True).draw(lines)
    ground = _blank(WIDTH, size[1])
    left = (WIDTH - size[0]) // 2
    ground[:, left : left + size[0]] = canvas
    return np.vstack([ground, _caption(row, result.rejected, missed, false)])


def contact_sheet(tiles: Sequence[Image], title: str) -> Image:
    """Return one picture with the `tiles` under a `title`. Each tile goes into the column that is
    shortest so far, so that the first tiles are at the top."""
    columns: list[list[Image]] = [[] for _ in range(min(COLUMNS, max(1, len(tiles))))]
    for one in tiles:
        min(columns, key=_height).append(one)
    wide = len(columns) * (WIDTH + _MARGIN) + _MARGIN
    sheet = _blank(wide, _HEAD + max(map(_height, columns)) + _MARGIN)
    Text(title, 18, paint.WHITE, 500).shortened(wide - 2 * _MARGIN).write(sheet, _MARGIN, 24)
    x = _MARGIN
    for word, colour in _LEGEND:
        Text(word, _SIZE, colour).write(sheet, x, 50)
        x += Text(word, _SIZE, colour).width + 2 * _MARGIN
    for place, column in enumerate(columns):
        x, y = _MARGIN + place * (WIDTH + _MARGIN), _HEAD
        for one in column:
            sheet[y : y + len(one), x : x + WIDTH] = one
            y += len(one)
    return sheet


def _height(column: Sequence[Image]) -> int:
    return sum(map(len, column))


def _marked(lines: Iterable[Line], false: Sequence[bool], scale: float) -> list[Line]:
    """Scale the boxes, and mark only the right digits as stable: Labels draws stable digits with a
    closed box, and the others with corners."""
    wrong = iter(false)
    return [
        replace(
            line,
            box=_scaled(line.box, scale),
            digits=tuple(
                replace(digit, box=_scaled(digit.box, scale), stable=not next(wrong))
                for digit in line.digits
            ),
        )
        for line in lines
    ]


def _caption(
    row: Row, rejected: Sequence[Rejected], missed: Sequence[bool], false: Sequence[bool]
) -> Image:
    canvas = _blank(WIDTH, 3 * _MARGIN + (2 + 2 * _MOST_LINES) * _LEADING)
    y = _MARGIN + _LEADING / 2
    faults = Text(f"{row.missed} missed  ·  {row.false} false", _SIZE, AMBER, 500)
    faults.write(canvas, WIDTH - faults.width, y)
    room = WIDTH - faults.width - 2 * _MARGIN
    _ending(row.label.file, room).write(canvas, 0, y)
    for name, lines, marks in (
        ("written", row.label.digits, missed),
        ("read", row.lines, false),
    ):
        y += _LEADING
        Text(name, _SIZE, paint.GREY).write(canvas, 0, y)
        y = _written(canvas, lines, marks, y)
    if rejected:
        y += _LEADING
        Text("rejected", _SIZE, paint.GREY).write(canvas, 0, y)
        counts = Counter(one.reason for one in rejected).most_common()
        reasons = Text("  ·  ".join(f"{n} {reason}" for reason, n in counts), _SIZE, paint.GREY)
        reasons.shortened(WIDTH - _INDENT).write(canvas, _INDENT, y)
    return canvas[: round(y + _LEADING / 2 + 2 * _MARGIN)]


def _ending(name: str, room: float) -> Text:
    """Cut off as much of the beginning of a file name as needed to fit: the ends of names tell them
    apart."""
    text = Text(name, _SIZE, paint.WHITE, 500)
    for start in range(1, len(name)):
        if text.width <= room:
            break
        text = replace(text, text="…" + name[start:])
    return text


def _written(canvas: Image, lines: Sequence[str], marks: Sequence[bool], y: float) -> float:
    """Write lines of digits from the height `y` on; marked digits are amber. Return the height of
    the last line of text."""
    if not lines:
        Text("nothing", _SIZE, paint.SILVER).write(canvas, _INDENT, y)
        return y
    mark = iter(marks)
    x, last = float(_INDENT), y + (_MOST_LINES - 1) * _LEADING
    for number, line in enumerate(lines):
        figures = [
            Text(c, _SIZE, paint.SILVER)
            if c == " "
            else Text(c, _SIZE, *((AMBER, 700) if next(mark) else (paint.SILVER, 400)))
            for c in line
        ]
        step = Text("0", _SIZE, paint.SILVER).width
        if number:
            x += 2 * step
        if x > _INDENT and x + step * len(figures) > WIDTH - step:
            x, y = _INDENT, y + _LEADING
            if y > last:
                Text("…", _SIZE, paint.SILVER).write(canvas, WIDTH - step, last)
                return last
        for figure in figures:
            figure.write(canvas, x, y)
            x += step
    return y


def _scaled(box: Box, scale: float) -> Box:
    x, y, w, h = (round(value * scale) for value in box)
    return x, y, w, h


def _blank(wide: int, high: int) -> Image:
    return np.full((high, wide, 3), _GROUND, np.uint8)
