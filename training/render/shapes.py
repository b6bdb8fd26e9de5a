"""Draws digits and what else people write: letters, words, signs, scribbles, torn digits."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from training.render.doodles import cropped, doodle
from training.render.hand import Bitmap, Hand, Mask, Pen, write
from training.render.lettering import LETTERS, LIKE_DIGITS, SIGNS, WORDS, Fonts, squared, text

CELL = 60
"""Side of the square in which samples are turned and slanted, pixels."""
PRINTED = 0.15
"""Share of the digits that are printed, where there are fonts: meters, forms and labels are read,
too, and their digits have serifs and strokes of two widths, as no pen gives them."""
FINEST = 48
"""Marks are drawn at least so many pixels high and made smaller afterwards: in a smaller picture
the pen could not draw fine strokes."""
NO_DIGIT, UNCLEAR = -1, -2
"""Labels for what is no digit, and for what looks like a digit but was not meant as one."""


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    mask: Mask
    label: int
    """0..9, NO_DIGIT or UNCLEAR."""
    pieces: int = NO_DIGIT
    """The label of a piece of it, when it comes apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Writer:
    """Draws marks. A writer has one pen and one slant, but writes like many people."""

    hand: Hand
    fonts: Fonts
    rng: np.random.Generator
    width: float
    """Width of the pen as a share of the height of a digit."""
    evenness: float
    lean: float
    """Slant of all writing, as a shear."""

    def digit(self, height: int) -> Mark:
        value = int(self.rng.integers(10))
        if self.fonts.prints and self.rng.random() < PRINTED:
            font = self.fonts.prints[self.rng.integers(len(self.fonts.prints))]
            printed = text(font, str(value), height)
            if printed is not None:
                return Mark(np.asarray(printed / np.float32(255), np.float32), value)
        return Mark(self._pen(self._bent(self.hand.digit(self.rng, value)), height), value)

    def other(self, height: int) -> Mark:
        """Draw something that is no digit, about `height` pixels high."""
        kinds: tuple[tuple[float, Callable[[int], Mark]], ...] = (
            (0.18, self._omniglot),
            (0.22, self._letter),
            (0.09, self._sign),
            (0.06, self._joined),
            (0.10, self._word),
            (0.06, self._printed),
            (0.08, self._pair),
            (0.06, self._torn),
            (0.04, self._turned),
            (0.22, self._doodle),
        )
        shares = np.array([share for share, _ in kinds])
        return kinds[self.rng.choice(len(kinds), p=shares / shares.sum())][1](height)

    def _pen(self, bitmap: Bitmap, height: int) -> Mask:
        x, y, wide, tall = cv2.boundingRect((bitmap > 60).astype(np.uint8))
        # In a smaller picture, fine strokes would be lost between the pixels.
        drawn = max(height, FINEST)
        width = max(self.width * self.rng.uniform(0.85, 1.15), 1.1 / height)
        try:
            large = write(bitmap, drawn, Pen(width, (0, 0, 0), self.evenness))
        except (IndexError, ValueError):  # a dash, for example, is too flat to be traced
            large = np.asarray(bitmap[y : y + tall, x : x + wide] / np.float32(255), np.float32)
        if large.shape[0] == height:
            return large
        size = max(2, round(large.shape[1] * height / large.shape[0])), max(2, height)
        return np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.float32)

    def _bent(self, bitmap: Bitmap) -> Bitmap:
        """Turn, slant and stretch a square bitmap a little."""
        side = bitmap.shape[0]
        angle = np.radians(self.rng.normal(0, 5))
        lean = self.lean + self.rng.normal(0, 0.06)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shape = np.array([[self.rng.uniform(0.8, 1.2), lean], [0, 1.0]])
        matrix = (turn @ shape) * (0.85 * CELL / side)
        shift = CELL / 2 - matrix @ np.array([side / 2, side / 2])
        whole = np.column_stack([matrix, shift])
        how = cv2.INTER_AREA if side > CELL else cv2.INTER_CUBIC
        return np.asarray(cv2.warpAffine(bitmap, whole, (CELL, CELL), flags=how), np.uint8)

    def _text(self, characters: str, height: int, *, printed: bool = False) -> Bitmap | None:
        fonts = self.fonts.prints if printed else self.fonts.hands
        return text(fonts[self.rng.integers(len(fonts))], characters, height)

    def _character(self, characters: str) -> tuple[str, Bitmap]:
        """Draw one of the characters; in three of four cases with a font like handwriting."""
        while True:
            character = characters[self.rng.integers(len(characters))]
            drawn = self._text(character, 80, printed=self.rng.random() < 0.25)
            if drawn is not None:
                return character, drawn

    def _drawn(self) -> Bitmap:
        # Omniglot's lines are too fine to be traced, so they are made thicker.
        return np.asarray(
            cv2.dilate(self.hand.letter(self.rng), np.ones((5, 5), np.uint8)), np.uint8
        )

    def _omniglot(self, height: int) -> Mark:
        return Mark(self._pen(self._bent(self._drawn()), height), NO_DIGIT)

    def _letter(self, height: int) -> Mark:
        characters = LETTERS if self.rng.random() < 0.85 else "".join(sorted(LIKE_DIGITS))
        character, drawn = self._character(characters)
        label = UNCLEAR if character in LIKE_DIGITS else NO_DIGIT
        return Mark(self._pen(self._bent(squared(drawn, CELL)), height), label)

    def _sign(self, height: int) -> Mark:
        _, drawn = self._character(SIGNS)
        tall = height * drawn.shape[0] / 80
        if min(drawn.shape) * tall < 2 * drawn.shape[0]:
            return Mark(np.ones((2, 2), np.float32), UNCLEAR)
        return Mark(self._pen(self._bent(squared(drawn, CELL)), max(4, round(tall))), NO_DIGIT)

    def _joined(self, height: int) -> Mark:
        """Draw two to four letters that touch, each in another handwriting."""
        parts = [
            self._pen(self._bent(self._drawn()), round(height * 0.6))
            if self.rng.random() < 0.3
            else self._letter(round(height * self.rng.uniform(0.5, 0.9))).mask
            for _ in range(self.rng.integers(2, 5))
        ]
        return Mark(_touching(parts, self.rng), NO_DIGIT, UNCLEAR)

    def _word(self, height: int) -> Mark:
        """Draw a word, or a piece of one, with a font whose letters are joined."""
        for _ in range(20):
            word = WORDS[self.rng.integers(len(WORDS))]
            if self.rng.random() < 0.5:
                word = word[: self.rng.integers(2, 4)]
            drawn = self._text(word, height)
            if drawn is not None:
                whole = UNCLEAR if set(word) <= LIKE_DIGITS else NO_DIGIT
                return Mark(self._inked(drawn), whole, UNCLEAR)
        return self._omniglot(height)

    def _printed(self, height: int) -> Mark:
        while True:
            character = LETTERS[self.rng.integers(len(LETTERS))]
            drawn = self._text(character, height, printed=True)
            if drawn is not None:
                return Mark(np.asarray(drawn / np.float32(255)), NO_DIGIT)

    def _inked(self, drawn: Bitmap) -> Mask:
        """Make the strokes of a word somewhat thicker, but not so thick that its loops fill."""
        more = int(self.rng.integers(0, max(1, round(0.05 * drawn.shape[0])) + 1))
        padded = np.pad(drawn, more + 1)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (more + 1, more + 1))
        return np.asarray(cv2.dilate(padded, kernel) / np.float32(255), np.float32)

    def _pair(self, height: int) -> Mark:
        parts = [self.digit(height).mask for _ in range(self.rng.integers(2, 4))]
        return Mark(_touching(parts, self.rng), NO_DIGIT, UNCLEAR)

    def _torn(self, height: int) -> Mark:
        """Draw a digit with one side missing. What remains must not look like another digit."""
        value, level = ((2, True), (3, True), (4, True), (5, True), (0, False), (6, False))[
            self.rng.integers(6)
        ]
        mask = self._pen(self._bent(self.hand.digit(self.rng, value)), round(1.4 * height))
        size = mask.shape[0] if level else mask.shape[1]
        cut = round(size * self.rng.uniform(0.4, 0.6))
        first = self.rng.random() < 0.5
        if level:
            return Mark(mask[:cut] if first else mask[cut:], NO_DIGIT)
        return Mark(mask[:, :cut] if first else mask[:, cut:], NO_DIGIT)

    def _turned(self, height: int) -> Mark:
        """Draw a digit that lies on its side, or is mirrored as if seen through the paper."""
        value = int(self.rng.choice([2, 3, 4, 5, 7]))
        bitmap = self.hand.digit(self.rng, value)
        if value in (3, 4, 7) and self.rng.random() < 0.5:
            bitmap = np.ascontiguousarray(bitmap[:, ::-1])
        else:
            bitmap = np.ascontiguousarray(np.rot90(bitmap, self.rng.choice([1, 3])))
        return Mark(self._pen(self._bent(bitmap), height), NO_DIGIT)

    def _doodle(self, height: int) -> Mark:
        mask = doodle(self.rng, height, self.width)
        return Mark(cropped(np.zeros((0, 0))), UNCLEAR) if mask is None else Mark(mask, NO_DIGIT)


def _touching(parts: list[Mask], rng: np.random.Generator) -> Mask:
    """Put parts side by side so that their ink just overlaps."""
    height = max(part.shape[0] for part in parts)
    whole: Mask = np.zeros((height, 0), np.float32)
    for part in parts:
        drop = int(rng.integers(0, height - part.shape[0] + 1))
        drawn = np.pad(part, ((drop, height - part.shape[0] - drop), (0, 0)))
        overlap = _overlap(whole, drawn)
        new = np.zeros((height, max(whole.shape[1], whole.shape[1] - overlap + drawn.shape[1])))
        new[:, : whole.shape[1]] = whole
        at = whole.shape[1] - overlap
        new[:, at : at + drawn.shape[1]] = np.maximum(new[:, at : at + drawn.shape[1]], drawn)
        whole = np.asarray(new, np.float32)
    return whole


def _overlap(left: Mask, right: Mask) -> int:
    """Return by how many columns `right` must overlap `left` so that their ink touches."""
    if left.shape[1] == 0:
        return 0
    a, b = left > 0.5, right > 0.5
    ends = np.where(a.any(1), a[:, ::-1].argmax(1), 10**6)
    starts = np.where(b.any(1), b.argmax(1), 10**6)
    apart = int((ends + starts).min())
    return int(min(apart + 2, left.shape[1], right.shape[1]))
