"""PURE. Draws the worst moments of clips into one picture. Each moment has a row of frames with
what was read on them, under a caption that says what was wrong."""

from collections.abc import Sequence

import cv2
import numpy as np

from camd.display import paint
from camd.display.labels import AMBER
from camd.display.paint import Text
from camd.values import Image

FRAMES = 4
"""Number of frames in a row."""
WIDTH = 420
"""Width of a frame in the picture, pixels."""

_GROUND: paint.Colour = (38, 33, 30)
_MARGIN = 14
_SIZE = 15
"""Size of the letters, pixels."""
_HEAD = 56


def strip(frames: Sequence[Image], where: str, what: str) -> Image:
    """Return one row: up to FRAMES `frames` (H, W, 3) of one size under a caption."""
    caption = _blank(_wide(), 2 * _MARGIN + _SIZE)
    y = _MARGIN + _SIZE / 2
    name = Text(where, _SIZE, paint.WHITE, 500)
    name.write(caption, _MARGIN, y)
    left = name.width + 2 * _MARGIN
    Text(what, _SIZE, AMBER).shortened(_wide() - left - _MARGIN).write(caption, left, y)
    height = round(frames[0].shape[0] * WIDTH / frames[0].shape[1])
    row = _blank(_wide(), height + _MARGIN)
    for place, frame in enumerate(frames[:FRAMES]):
        x = _MARGIN + place * (WIDTH + _MARGIN)
        row[:height, x : x + WIDTH] = cv2.resize(
            frame, (WIDTH, height), interpolation=cv2.INTER_AREA
        )
    return np.vstack([caption, row])


def film(strips: Sequence[Image], title: str) -> Image:
    head = _blank(_wide(), _HEAD)
    line = Text(title, 18, paint.WHITE, 500)
    line.shortened(_wide() - 2 * _MARGIN).write(head, _MARGIN, _HEAD / 2)
    return np.vstack([head, *strips])


def _wide() -> int:
    return FRAMES * (WIDTH + _MARGIN) + _MARGIN


def _blank(wide: int, high: int) -> Image:
    return np.full((high, wide, 3), _GROUND, np.uint8)
