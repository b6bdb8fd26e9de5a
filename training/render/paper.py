"""Draws a sheet of paper with handwriting on it, flat and evenly lit as if it were scanned."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.hand import Hand, Mask, Pen, pieces, scribble, write

Canvas = NDArray[np.float32]
"""(H, W, 3) float32 BGR, 0..255."""

TRIES = 20

Pattern = Literal["plain", "ruled", "squared"]


@dataclass(frozen=True, slots=True)
class Written:
    """A digit on the sheet."""

    digit: int
    box: tuple[float, float, float, float]
    """x, y, width and height of its ink, pixels of the sheet."""
    row: int


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    image: Canvas
    digits: tuple[Written, ...]
    """Row by row, left to right."""
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Style:
    pen: Pen
    paper: tuple[int, int, int] = (226, 238, 244)
    """Colour of the paper, BGR."""
    pattern: Pattern = "plain"
    height: int = 110
    """Height of a digit, pixels of the sheet."""
    spacing: float = 0.32
    """Gap between two digits of a number, in heights of a digit."""
    rule: float = 0.12
    """How much darker than the paper its rules are, as a share."""
    grain: float = 1.0
    """How much the paper shows fibres and cloudy patches; 0 for a screen."""
    words: int = 0
    """Number of words among the numbers."""
    scribbles: int = 0


INKS = ((74, 42, 30), (48, 44, 44), (120, 52, 28), (46, 40, 120), (60, 84, 34))
"""Blue-black, black, blue, red, green; BGR."""
PAPERS = ((226, 238, 244), (214, 232, 243), (238, 240, 240), (206, 226, 236))


def random_style(rng: np.random.Generator) -> Style:
    color = INKS[rng.integers(len(INKS))]
    height = int(rng.integers(70, 130))
    return Style(
        pen=Pen(rng.uniform(0.045, 0.12), color, rng.uniform(0.3, 0.9)),
        paper=PAPERS[rng.integers(len(PAPERS))],
        pattern=rng.choice(["plain", "plain", "ruled", "squared"]),
        height=height,
        spacing=rng.uniform(0.22, 0.5),
        words=int(rng.integers(0, 3)),
        scribbles=int(rng.integers(0, 2)),
    )


def write_sheet(
    rng: np.random.Generator,
    hand: Hand,
    lines: Sequence[str],
    style: Style,
    size: tuple[int, int] = (1200, 800),
) -> Sheet:
    """Write `lines` on a sheet of (width, height) pixels. A line has digits, and spaces between
    numbers.

    Raises ValueError when a line does not fit."""
    width, height = size
    image = blank(rng, size, style)
    taken = np.zeros((height, width), bool)
    pitch = height / (len(lines) + 0.6)
    digits: list[Written] = []
    for row, line in enumerate(lines):
        masks = [None if c == " " else digit(rng, hand, int(c), style, style.height) for c in line]
        gaps = style.height * style.spacing * rng.uniform(0.75, 1.25, len(line))
        gaps[-1] = 0
        steps = [
            2.2 * style.height if mask is None else mask.shape[1] + gap
            for mask, gap in zip(masks, gaps, strict=True)
        ]
        margin = 0.06 * width
        slack = width - 2 * margin - sum(steps)
        if slack < 0:
            raise ValueError(f"the line {line!r} is {-slack:.0f} pixels too long for the sheet")
        x = margin + rng.uniform(0, min(slack, 0.3 * width))
        for character, mask, step in zip(line, masks, steps, strict=True):
            if mask is not None:
                h, w = mask.shape
                y = (row + 0.8) * pitch - h / 2 + rng.normal(0, 0.03 * style.height)
                top, left = int(np.clip(y, 4, height - h - 4)), int(x)
                ink(rng, image, mask, (left, top), style.pen.color)
                digits.append(Written(int(character), (left, top, w, h), row))
                pad = round(0.35 * style.height)
                taken[max(0, top - pad) : top + h + pad, max(0, left - pad) : left + w + pad] = True
            x += step
    _distract(rng, hand, image, taken, style)
    return Sheet(image, tuple(digits), tuple(lines))


def digit(rng: np.random.Generator, hand: Hand, value: int, style: Style, height: int) -> Mask:
    """Write a digit in one piece, trying some samples until one is found. Tracing tears some of the
    thickest samples apart, and what is left of a 7 could be a 1."""
    mask = np.zeros((1, 1), np.float32)
    for _ in range(TRIES):
        sample = hand.digit(rng, value)
        mask = write(sample, round(height * rng.uniform(0.9, 1.1)), style.pen)
        if pieces(mask > 0.5) <= pieces(sample > 20):
            break
    return mask


def blank(rng: np.random.Generator, size: tuple[int, int], style: Style) -> Canvas:
    """Give an empty sheet of (width, height) pixels."""
    width, height = size
    fibre = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 2)
    cloud = cv2.resize(
        rng.normal(0, 1, (6, 8)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    tone = (1 + style.grain * (0.012 * fibre + 0.01 * cloud))[:, :, None]
    image = np.asarray(np.array(style.paper, np.float32) * tone, np.float32)
    rule = 1 - style.rule / 0.12 * np.array((0.07, 0.12, 0.16), np.float32)
    step = round(0.62 * style.height) if style.pattern == "squared" else round(1.3 * style.height)
    if style.pattern != "plain":
        for y in range(step // 2, height, step):
            image[y : y + 2] *= rule
    if style.pattern == "squared":
        for x in range(step // 2, width, step):
            image[:, x : x + 2] *= rule
    return image


def ink(
    rng: np.random.Generator,
    image: Canvas,
    mask: Mask,
    at: tuple[int, int],
    color: tuple[int, int, int],
) -> None:
    """Draw ink on the paper, lighter and darker in places: a pen does not give it evenly."""
    left, top = at
    h, w = mask.shape
    flow = cv2.resize(
        rng.uniform(0.82, 1.0, (5, 4)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC
    )
    cover = (mask * np.clip(flow, 0, 1))[:, :, None]
    under = image[top : top + h, left : left + w]
    under[:] = under * (1 - cover) + np.array(color, np.float32) * cover


def _distract(
    rng: np.random.Generator,
    hand: Hand,
    image: Canvas,
    taken: NDArray[np.bool_],
    style: Style,
) -> None:
    """Put words and scribbles where the sheet is free. Those that find no free place are left
    out."""
    wanted: list[Mask] = []
    if len(hand.letters):
        for _ in range(style.words):
            letters = [
                write(hand.letter(rng), round(style.height * rng.uniform(0.5, 0.75)), style.pen)
                for _ in range(rng.integers(3, 6))
            ]
            wanted.append(_word(letters, round(0.14 * style.height)))
    for _ in range(style.scribbles):
        h, w = round(0.8 * style.height), round(style.height * rng.uniform(1.8, 3))
        wanted.append(scribble(rng, h, w, style.pen.width * style.height))
    height, width = taken.shape
    for mask in wanted:
        h, w = mask.shape
        for _ in range(300):
            top = int(rng.integers(8, max(9, height - h - 8)))
            left = int(rng.integers(8, max(9, width - w - 8)))
            if (
                top + h < height
                and left + w < width
                and not taken[top : top + h, left : left + w].any()
            ):
                ink(rng, image, mask, (left, top), style.pen.color)
                taken[top : top + h, left : left + w] = True
                break


def _word(letters: list[Mask], gap: int) -> Mask:
    height = max(mask.shape[0] for mask in letters)
    parts = []
    for mask in letters:
        parts += [np.pad(mask, ((height - mask.shape[0], 0), (0, gap)))]
    return np.hstack(parts)
