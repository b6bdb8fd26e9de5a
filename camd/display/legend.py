"""PURE. What a person can ask of the window, and what the marks on the picture mean.

The keys are said in one line at the start, which fades by itself, and in full in a panel that a
key opens and closes.
"""

from collections.abc import Callable

import numpy as np

from camd.display import paint
from camd.display.labels import ACCENT, AMBER, CERTAIN
from camd.display.paint import Text
from camd.values import Box, Image

KEYS = (
    ("?", "this panel, on and off"),
    ("Space", "pause, and go on"),
    ("S", "save the picture"),
    ("D", "details, on and off"),
    ("Q", "quit"),
)
SHORT = (("?", "help"), ("Space", "pause"), ("S", "save"), ("D", "details"), ("Q", "quit"))
"""The same for one line."""
HINT_S = 6.0
"""How long that line is shown, seconds."""
FADE_S = 1.5
"""How long its fading takes, the last part of HINT_S, seconds."""

_SURE = round(100 * CERTAIN)
_ROW, _HEAD, _FOOT = 26.0, 34.0, 22.0
_LEFT, _TEXT, _WIDE = 24.0, 104.0, 452.0
"""Where the signs begin and where the words, and how wide the panel is, pixels at unit 1."""

Sign = Callable[[Image, float, float, float], None]
"""Draws a mark on the picture, its middle at x and y, in a size."""


def visible(shown_s: float) -> float:
    """Return the opacity of the line of keys, 0..1, so many seconds after the first picture."""
    return min(1.0, max(0.0, (HINT_S - shown_s) / FADE_S))


def _settled(image: Image, x: float, y: float, unit: float) -> None:
    stroke = max(1, round(1.3 * unit))
    paint.outline(image, _centred(x, y, unit), 4 * unit, ACCENT, stroke)


def _open(image: Image, x: float, y: float, unit: float) -> None:
    stroke = max(1, round(1.3 * unit))
    paint.corners(image, _centred(x, y, unit), 4 * unit, AMBER, stroke)


def _line(image: Image, x: float, y: float, unit: float) -> None:
    ends = (x - 22 * unit, y + 5 * unit), (x + 22 * unit, y + 5 * unit)
    paint.rule(image, *ends, ACCENT, max(1, round(unit)))


def _rejected(image: Image, x: float, y: float, unit: float) -> None:
    paint.outline(image, _centred(x, y, unit), 2, paint.GREY, max(1, round(unit)))


def _word(text: str, colour: paint.Colour, weight: int = 400) -> Sign:
    def write(image: Image, x: float, y: float, unit: float) -> None:
        sign = Text(text, 13 * unit, colour, weight)
        sign.write(image, x - sign.width / 2, y)

    return write


def _key(name: str) -> Sign:
    def draw(image: Image, x: float, y: float, unit: float) -> None:
        cap = Text(name, 12 * unit, paint.WHITE, 500)
        wide = max(22 * unit, cap.width + 14 * unit)
        box = (x - wide / 2, y - 10 * unit, wide, 20 * unit)
        paint.outline(image, box, 5 * unit, paint.GREY, max(1, round(unit)))
        cap.write(image, x - cap.width / 2, y)

    return draw


_PARTS: tuple[tuple[str, tuple[tuple[Sign, str], ...]], ...] = (
    ("Keys", tuple((_key(name), what) for name, what in KEYS)),
    (
        "On the picture",
        (
            (_settled, "a digit, settled"),
            (_open, "a digit, not settled yet: hold it still"),
            (_line, "digits of one number"),
            (_word("87%", paint.SILVER), f"how sure camd is, where below {_SURE} %"),
            (_word("?", AMBER, 600), "a digit may be missing, or is unsure"),
        ),
    ),
    (
        "With details",
        (
            (_rejected, "a mark that is no digit, and why"),
            (_word("#12", paint.PEWTER), "a digit's number for as long as it is in sight"),
            (_word("24 ms", paint.SILVER), "from the camera to the result"),
        ),
    ),
)


def panel(image: Image, bar: Box) -> None:
    """Draw the panel in the middle of the picture above the `bar`, as large as fits."""
    wide, high = image.shape[1], bar[1]
    tall = sum(_HEAD + _ROW * len(rows) for _, rows in _PARTS) + _FOOT
    unit = min(0.96 * wide / _WIDE, 0.96 * high / tall, max(1.0, wide / 1280, high / 720))
    left, top = (wide - unit * _WIDE) / 2, (high - unit * tall) / 2
    box = (round(left), round(top), round(unit * _WIDE), round(unit * tall))
    paint.glass(image, box, 12 * unit, opacity=0.92)
    y = top + 6 * unit
    for title, rows in _PARTS:
        y += _HEAD * unit / 2 + 4 * unit
        Text(title, 12 * unit, paint.GREY, 500).write(image, left + _LEFT * unit, y)
        y += _HEAD * unit / 2 - 4 * unit
        for sign, what in rows:
            y += _ROW * unit / 2
            sign(image, left + (_LEFT + 30) * unit, y, unit)
            words = Text(what, 13.5 * unit, paint.WHITE)
            words.shortened((_WIDE - _TEXT - 12) * unit).write(image, left + _TEXT * unit, y)
            y += _ROW * unit / 2


def hint(image: Image, bottom: float, size: float, opacity: float = 1.0) -> None:
    """Write the line of keys in the middle of the picture's width, on glass that ends at `bottom`;
    nothing where it does not fit."""
    words = [
        (Text(key, size, paint.WHITE, 600), Text(what, size, paint.SILVER)) for key, what in SHORT
    ]
    near, far, pad = 0.4 * size, 1.3 * size, 0.9 * size
    each = [key.width + near + what.width for key, what in words]
    high, wide = round(1.9 * size), round(sum(each) + far * (len(words) - 1) + 2 * pad)
    box = (round((image.shape[1] - wide) / 2), round(bottom - high), wide, high)
    if min(box[:2]) < 0 or opacity <= 0:
        return
    part = image[box[1] : box[1] + high, box[0] : box[0] + wide]
    before = part.copy()
    paint.glass(image, box, high / 2)
    x, y = box[0] + pad, box[1] + high / 2
    for (key, what), step in zip(words, each, strict=True):
        key.write(image, x, y)
        what.write(image, x + key.width + near, y)
        x += step + far
    part[...] = np.rint(opacity * part + (1 - opacity) * before)


def _centred(x: float, y: float, unit: float) -> paint.Bounds:
    return (x - 9 * unit, y - 9 * unit, 18 * unit, 18 * unit)
