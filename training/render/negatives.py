"""Renders crops of digits and of things that are no digits, as they come from a camera.

Both are drawn with the same pens on the same sheets, photographed in the same way and cut out by
camd.segment. So they do not differ in the width of their strokes or in blur. This matters: a
machine trained on plain MNIST digits and drawn letters learned only to tell the pens apart, and
threw away half of the real digits.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.config.settings import SegmentSettings
from camd.values import SIDE, Box
from training.digits import Digits
from training.render import textures
from training.render.cut_out import Crops, cut_out
from training.render.hand import Hand, read_letters
from training.render.lettering import LETTERS_LIKE_DIGITS, Fonts
from training.render.shapes import Mark, Writer
from training.render.textures import Grey
from training.workers import Workers

"""(H, W) float32, 0..1."""

SMALLEST, LARGEST = 12, 200
"""Least and greatest height of the digits, pixels."""
TEXTURES = 0.15
"""Share of the pictures that have no writing."""
CHUNK = 500
"""How many crops a worker renders in one task."""
MOST = 60
"""Most crops taken from one picture without writing. Otherwise a single field of noise could give
more crops than all other pictures."""
SOFTEST = 1.3
"""Even the smallest writing may be blurred by so many pixels (standard deviation), because no
camera is in focus to a fraction of a pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    crops: Crops
    """(N, 28, 28) uint8, bright ink on 0."""
    labels: NDArray[np.int8]
    """(N,): 0..9, or -1 for what is no digit."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    hand: Hand
    fonts: Fonts
    settings: SegmentSettings = field(default_factory=SegmentSettings)


def generate(
    sources: Sources, count: int, seed: int | tuple[int, ...], *, digits_alone: bool = False
) -> Labelled:
    """Give at least `count` crops. About half of them are digits; with `digits_alone`, nearly all
    are. Equal seeds give equal crops."""
    crops: list[Crops] = []
    labels: list[int] = []
    start = seed if isinstance(seed, tuple) else (seed,)
    picture = 0
    while len(crops) < count:
        rng = np.random.default_rng([*start, picture])
        image, marks = _picture(rng, sources, digits_alone)
        found = cut_out(image, marks, sources.settings)
        if not marks:
            found = [found[i] for i in rng.permutation(len(found))[:MOST]]
        for crop, label in found:
            crops.append(crop)
            labels.append(label)
        picture += 1
    return Labelled(np.stack(crops), np.array(labels, np.int8))


def render(
    sources: Sources,
    count: int,
    seed: int,
    *,
    digits_alone: bool = False,
    workers: Workers | None = None,
) -> Labelled:
    """Do the same as `generate`, but split the work among `workers`, by default processes of this
    machine. The crops are not those of `generate` with the same seed, but they do not depend on the
    number of workers."""
    hand = sources.hand
    blank = replace(sources, hand=Hand(hand.images[:0], hand.labels[:0], hand.letters[:0]))
    shared = hand.images, hand.labels, hand.letters, blank, min(count, CHUNK), digits_alone
    tasks = [((seed, chunk),) for chunk in range(-(-count // CHUNK))]
    parts = [Labelled(np.empty((0, SIDE, SIDE), np.uint8), np.empty(0, np.int8))] * len(tasks)
    with (workers or Workers()).each(_chunk, shared, tasks) as results:
        for index, part in results:
            parts[index] = part
    return Labelled(
        np.concatenate([part.crops for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def _chunk(
    images: Crops,
    labels: Crops,
    letters: Crops,
    others: Sources,
    count: int,
    digits_alone: bool,
    seed: tuple[int, ...],
) -> Labelled:
    """Do a part of the work of `render`. The large arrays are arguments of their own, because then
    each worker gets them only once. Inside an object they would be sent with every task."""
    hand = Hand(images, labels, letters)
    return generate(replace(others, hand=hand), count, seed, digits_alone=digits_alone)


def _picture(
    rng: np.random.Generator, sources: Sources, digits_alone: bool
) -> tuple[NDArray[np.uint8], list[tuple[Box, Mark]]]:
    """Give a photograph (H, W) uint8, and the marks in it with their boxes."""
    tall = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
    width = int(np.clip(tall * rng.uniform(10, 18), 320, 1280))
    height = round(0.75 * width)
    if not digits_alone and rng.random() < TEXTURES:
        scene = textures.draw(rng, width, height)
        low, high = np.sort(rng.uniform(10, 250, 2))
        return _photographed(rng, low + (high - low) * scene, 20.0), []
    sheet, marks = _sheet(rng, sources, (width, height), tall, digits_alone)
    return _photographed(rng, sheet, tall), marks


def _sheet(
    rng: np.random.Generator,
    sources: Sources,
    size: tuple[int, int],
    tall: float,
    digits_alone: bool,
) -> tuple[Grey, list[tuple[Box, Mark]]]:
    width, height = size
    pen = float(np.exp(rng.uniform(np.log(0.05), np.log(0.2))))
    writer = Writer(sources.hand, sources.fonts, rng, pen, rng.uniform(0.4, 1), rng.normal(0, 0.15))
    share = 1.0 if digits_alone else rng.choice([0.0, 0.5, 0.7, 1.0])
    ink = np.zeros((height, width), np.float32)
    marks: list[tuple[Box, Mark]] = []
    y = tall * rng.uniform(0.2, 0.8)
    while y + 1.5 * tall < height:
        x = tall * rng.uniform(0.3, 1.5)
        while True:
            high = max(6, round(tall * rng.uniform(0.75, 1.15)))
            mark = writer.digit(high) if rng.random() < share else writer.other(high)
            h, w = mark.mask.shape
            if x + w > width - 4:
                break
            top = round(y + max(0, tall - h) * rng.uniform(0.3, 1))
            if top + h < height - 3:
                box = (round(x), top, w, h)
                _lay(ink, mark, box, rng)
                marks.append((box, mark))
            x += w + tall * rng.uniform(0.12, 0.9)
        y += tall * rng.uniform(1.4, 2.0)
    if rng.random() < 0.2:
        _rule(rng, ink, tall)
    paper = rng.uniform(90, 245)
    depth = paper * rng.uniform(0.2, 0.92)
    grain = cv2.GaussianBlur(rng.normal(0, 1, ink.shape).astype(np.float32), (0, 0), 1.5)
    return np.asarray(paper - depth * ink + rng.uniform(0, 6) * grain, np.float32), marks


def _lay(ink: Grey, mark: Mark, box: Box, rng: np.random.Generator) -> None:
    """Draw a mark on the sheet, lighter and darker in places: a pen does not give ink evenly."""
    x, y, width, height = box
    few = rng.uniform(0.6, 1.0, (4, 3)).astype(np.float32)
    flow = cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR)
    under = ink[y : y + height, x : x + width]
    np.maximum(under, mark.mask * flow, out=under)


def _rule(rng: np.random.Generator, ink: Grey, tall: float) -> None:
    """Draw rules on the paper, faint ones or some nearly as dark as the ink."""
    strength = float(rng.uniform(0.05, 0.7))
    thick = max(1, round(0.03 * tall * rng.uniform(0.5, 2)))
    step = max(8, round(tall * rng.uniform(0.6, 2)))
    squared = rng.random() < 0.4
    for y in range(step, ink.shape[0], step):
        np.maximum(ink[y : y + thick], strength, out=ink[y : y + thick])
    for x in range(step, ink.shape[1], step) if squared else ():
        np.maximum(ink[:, x : x + thick], strength, out=ink[:, x : x + thick])


def _photographed(rng: np.random.Generator, sheet: Grey, tall: float) -> NDArray[np.uint8]:
    """Photograph a sheet: shade it, blur it, sometimes invert it, add noise, and compress it as
    JPEG."""
    height, width = sheet.shape
    corners = rng.uniform(rng.uniform(0.5, 1), 1, (3, 4)).astype(np.float32)
    light = cv2.resize(corners, (width, height), interpolation=cv2.INTER_CUBIC)
    image = np.asarray(sheet * light, np.float32)
    blur = rng.uniform(0.3, max(SOFTEST, min(4.0, 0.045 * tall)))
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.float32)
    if rng.random() < 0.15:
        image = 250 - image
    noise = rng.normal(0, 1, image.shape).astype(np.float32)
    image = image + rng.uniform(0, 6) * noise
    whole = np.clip(image, 0, 255).astype(np.uint8)
    quality = int(rng.integers(40, 98))
    _, coded = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def sources(digits: Digits, omniglot: Path, fonts: Path) -> tuple[Sources, Sources]:
    """Split digits to draw with, and the letters and fonts found in `omniglot` and `fonts`, into
    those for training and those for validation. Raises DataError."""
    letters = read_letters(omniglot)[unlike_digits(omniglot)]
    fit, check = Fonts.find(fonts).split(0, 6)
    # Neighbours in the data are often by one writer, so whole stretches are held back. Letters
    # of another alphabet are, too.
    held = np.arange(len(digits)) % 600 >= 500
    part = len(letters) * 5 // 6
    hands = (
        Hand(digits.images[some], digits.labels[some].astype(np.uint8), own)
        for some, own in ((~held, letters[:part]), (held, letters[part:]))
    )
    return Sources(next(hands), fit), Sources(next(hands), check)


def unlike_digits(omniglot: Path) -> NDArray[np.bool_]:
    """Tell which of Omniglot's characters do not look like a digit."""
    with np.load(omniglot, allow_pickle=False) as data:
        names = zip(data["alphabet"].tolist(), data["character"].tolist(), strict=True)
    return np.array(
        [
            int(character[-2:]) not in LETTERS_LIKE_DIGITS.get(alphabet, ())
            for alphabet, character in names
        ]
    )
