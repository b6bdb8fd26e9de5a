"""Renders a water meter on a cellar's wall, as a camera sees it that may be nudged: what is around
its drums stands as still as they do. Nothing is needed for it, neither fonts nor data."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.display.paint import Text
from camd.geometry import Point
from camd.values import Image

SIZE = 960, 540
"""Of the frames, pixels."""
DRUMS = 5
STEP, HIGH = 56, 72
"""Width of a drum and height of its window, pixels of the scene."""
WINDOW = 470, 318
"""The upper left corner of the first drum's window, pixels of the scene."""
MARGIN = 260
"""Pixels of the scene that lie outside of the frame on each side, until the camera is nudged."""
ROLLS = 0.9
"""A drum begins to turn when the last one, on its way from 9 to 0, has come so far."""

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """How the camera looks at the scene."""

    x: float = 0.0
    y: float = 0.0
    """By how much the scene has moved in the frame, pixels."""
    turn: float = 0.0
    """Degrees, clockwise."""
    scale: float = 1.0
    light: float = 1.0
    """Of the lamp; 0 is darkness."""
    slope: float = 0.0
    """How much brighter the right edge is than the left one, shares."""
    noise: float = 2.0
    """Of the sensor, grey levels."""
    hand: float | None = None
    """How far a hand has passed from left to right, 0 to 1; None: there is none."""

    def matrix(self) -> NDArray[np.float64]:
        """Return (2, 3), from pixels of the scene to pixels of the frame."""
        middle = SIZE[0] / 2 + MARGIN, SIZE[1] / 2 + MARGIN
        turned = cv2.getRotationMatrix2D(middle, -self.turn, self.scale)
        moved = np.asarray(turned, np.float64)
        moved[:, 2] += np.array([self.x - MARGIN, self.y - MARGIN])
        return moved


def region(margin: float = 8.0) -> tuple[Point, Point, Point, Point]:
    """Return the corners around the drums, as shares of a frame that nobody has nudged."""
    left, top = WINDOW[0] - margin, WINDOW[1] - margin
    right, bottom = WINDOW[0] + DRUMS * STEP + margin, WINDOW[1] + HIGH + margin
    (x0, y0), (x1, y1) = ((x / SIZE[0], y / SIZE[1]) for x, y in ((left, top), (right, bottom)))
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def photograph(value: float, view: View, rng: np.random.Generator) -> Image:
    """Return a frame, BGR uint8. A `value` with a fraction stands between two numbers: its last
    drum has turned by so much. Only its last DRUMS digits are shown."""
    scene = _scene().copy()
    left, top = WINDOW[0] + MARGIN, WINDOW[1] + MARGIN
    scene[top : top + HIGH, left : left + DRUMS * STEP] = _drums(value)[:, :, None]
    frame = cv2.warpAffine(
        scene, view.matrix(), SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    ).astype(np.float32)
    across = np.linspace(-0.5, 0.5, SIZE[0], dtype=np.float32)[None, :, None]
    frame *= view.light * (1 + view.slope * across)
    if view.hand is not None:
        _pass(frame, view.hand, view.light)
    grain = rng.normal(0, 1, (*frame.shape[:2], 1)).astype(np.float32)
    return np.asarray(np.clip(frame + view.noise * grain, 0, 255), np.uint8)


def between(one: View, other: View, share: float) -> View:
    """Return a view between two: `one` for a `share` of 0, `other` for 1."""

    def mix(a: float, b: float) -> float:
        return a + (b - a) * share

    return replace(
        one,
        x=mix(one.x, other.x),
        y=mix(one.y, other.y),
        turn=mix(one.turn, other.turn),
        scale=mix(one.scale, other.scale),
        light=mix(one.light, other.light),
        slope=mix(one.slope, other.slope),
    )


def _drums(value: float) -> Grey:
    """Draw the row of drums (HIGH, DRUMS * STEP), grey 0 to 255."""
    row = np.full((HIGH, DRUMS * STEP), 22, np.float32)
    whole = math.floor(value)
    part = value - whole
    # The drums to the left are taken along on the last tenth of the way only.
    taken = max(0.0, (part - ROLLS) / (1 - ROLLS))
    for place in range(DRUMS):
        left = (DRUMS - 1 - place) * STEP
        row[:, left : left + STEP] = _drum(whole % 10, part)
        part = taken = taken if whole % 10 == 9 else 0.0
        whole //= 10
    for edge in range(1, DRUMS):
        row[:, edge * STEP - 2 : edge * STEP + 2] = 90
    return row


def _drum(digit: int, part: float) -> Grey:
    """Draw one drum: `digit`, rolled up by `part` of the way to the next."""
    strip = _strip()
    pitch = HIGH
    top = round((digit + part) * pitch)
    seen = np.roll(strip, -top, axis=0)[:HIGH]
    away = (np.arange(HIGH) - HIGH / 2) / (0.75 * HIGH)
    return np.asarray(seen * (1 - 0.5 * away**2)[:, None], np.float32)


@lru_cache(maxsize=1)
def _strip() -> Grey:
    """Draw what is on a drum, rolled out: 0 to 9, one below the other, HIGH apart."""
    strip = np.full((10 * HIGH, STEP, 3), 22, np.uint8)
    for digit in range(10):
        text = Text(str(digit), 62, (232, 232, 232), 500)
        text.write(strip, (STEP - text.width) / 2, (digit + 0.5) * HIGH)
    return np.asarray(strip[:, :, 0], np.float32)


@lru_cache(maxsize=1)
def _scene() -> Image:
    """Draw all but the drums: a wall of bricks, pipes, the meter with its plate, dials, words."""
    rng = np.random.default_rng(4)
    width, height = SIZE[0] + 2 * MARGIN, SIZE[1] + 2 * MARGIN
    wall = np.full((height, width, 3), (120, 132, 150), np.float32)
    for row, top in enumerate(range(0, height, 66)):
        for left in range(-120 + row % 2 * 60, width, 120):
            shade = rng.normal(0, 12) + rng.normal(0, 4, 3)
            wall[top + 3 : top + 63, max(0, left + 3) : max(0, left + 117)] += shade
    for spread in (2, 9):
        grain = rng.normal(0, 1, (height, width)).astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(grain, (0, 0), spread), np.float32)
        wall += (9 * soft / soft.std())[:, :, None]
    scene = np.clip(wall, 0, 255).astype(np.uint8)
    middle = WINDOW[1] + MARGIN + 40
    cv2.rectangle(scene, (0, middle - 46), (width, middle + 52), (92, 104, 112), -1)
    cv2.rectangle(scene, (0, middle - 40), (width, middle - 22), (140, 152, 160), -1)
    centre = (WINDOW[0] + MARGIN + DRUMS * STEP // 2, middle)
    cv2.circle(scene, centre, 244, (58, 78, 96), -1, cv2.LINE_AA)
    cv2.circle(scene, centre, 226, (214, 220, 222), -1, cv2.LINE_AA)
    cv2.circle(scene, centre, 226, (120, 124, 126), 3, cv2.LINE_AA)
    for text, size, dx, dy in (
        ("AQUA-MET", 30, -80, -166),
        ("Q3 = 2,5   R 80", 18, -64, -128),
        ("No. AB-K / TX", 17, -58, -98),
        ("m³", 34, DRUMS * STEP / 2 + 22, 0),
        ("x 0,1", 15, 62, 168),
        ("DE-MTP H PTB", 15, -158, 92),
    ):
        Text(text, size, (40, 36, 34), 500).write(scene, centre[0] + dx, centre[1] + dy)
    for dx, dy, radius, turn in ((78, 118, 40, 0.7), (-52, 148, 30, 2.2), (6, 112, 18, 4.0)):
        dial = centre[0] + dx, centre[1] + dy
        cv2.circle(scene, dial, radius, (240, 242, 242), -1, cv2.LINE_AA)
        cv2.circle(scene, dial, radius, (60, 60, 60), 2, cv2.LINE_AA)
        for tick in range(10):
            way = np.array([math.cos(tick * math.pi / 5), math.sin(tick * math.pi / 5)])
            ends = [(np.array(dial) + share * radius * way).astype(int) for share in (0.75, 0.95)]
            cv2.line(scene, ends[0].tolist(), ends[1].tolist(), (40, 40, 40), 2, cv2.LINE_AA)
        tip = dial[0] + 0.7 * radius * math.cos(turn), dial[1] + 0.7 * radius * math.sin(turn)
        cv2.line(scene, dial, (round(tip[0]), round(tip[1])), (30, 30, 190), 3, cv2.LINE_AA)
    left, top = WINDOW[0] + MARGIN, WINDOW[1] + MARGIN
    frame = (left - 14, top - 14), (left + DRUMS * STEP + 14, top + HIGH + 14)
    cv2.rectangle(scene, *frame, (70, 72, 74), -1, cv2.LINE_AA)
    for dx, dy in ((-196, -70), (190, -84), (-188, 80), (150, 150)):
        cv2.circle(scene, (centre[0] + dx, centre[1] + dy), 9, (150, 156, 160), -1, cv2.LINE_AA)
    label = (MARGIN + 90, MARGIN + 60)
    cv2.rectangle(scene, label, (label[0] + 170, label[1] + 96), (228, 232, 226), -1)
    for line, words in enumerate(("Cellar, left", "Do not close", "valve !")):
        Text(words, 20, (50, 40, 36), 600).write(scene, label[0] + 14, label[1] + 24 + 26 * line)
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.8), np.uint8)


def _pass(frame: Grey, share: float, light: float) -> None:
    """Put a forearm before the scene that reaches in from below."""
    x, y = SIZE[0] * (1.4 * share - 0.2), SIZE[1] * (1 - 0.8 * math.sin(math.pi * share))
    shape = np.zeros((SIZE[1], SIZE[0]), np.float32)
    thick = round(0.16 * SIZE[1])
    foot = round(x + 0.15 * SIZE[0]), SIZE[1] + thick
    cv2.line(shape, (round(x), round(y)), foot, 1.0, thick, cv2.LINE_AA)
    cover = np.asarray(cv2.GaussianBlur(shape, (0, 0), 2), np.float32)[:, :, None]
    frame *= 1 - cover
    frame += cover * light * np.array((140, 165, 205), np.float32)
