"""Marks digits, lines and rejected contours, and finds room for their labels.

PURE. A label stands above its digit where it covers neither ink nor another label there, else
below it; a lone digit's also to the right or left. The labels of a line are all of one kind,
the richest for which there is room: digit with confidence beside it, with confidence below it, or
alone. Where even that would cover something there are none: the label of the line, which looks
for room first, says what was read. A confidence is worth a place where it is a doubt; all of them,
and the tracks, are shown on request.

A settled digit has a closed box in the accent colour. One that is still being voted on has
only corners, in amber, so that the difference does not rest on colour alone.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from camd.display import paint
from camd.display.paint import Text
from camd.values import Box, Digit, Image, Line, Rejected

ACCENT: paint.Colour = (172, 205, 28)
AMBER: paint.Colour = (36, 166, 255)
CERTAIN = 0.95
"""A digit of so much confidence is shown without it; 0..1."""

Label: TypeAlias = tuple[int, int, list[tuple[float, float, Text]]]
"""Width, height, and each text with its left end and middle height, from the top left corner."""

_ABOVE, _BELOW, _RIGHT, _LEFT = 0, 1, 2, 3
_SIDES = (_ABOVE, _BELOW, _RIGHT, _LEFT)


class Room:
    """The pixels that a label must keep off."""

    def __init__(self, image: Image) -> None:
        self._taken: NDArray[np.bool_] = np.zeros(image.shape[:2], np.bool_)

    def take(self, box: Box) -> None:
        x, y, w, h = box
        self._taken[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)] = True

    def has(self, box: Box) -> bool:
        x, y, w, h = box
        rows, columns = self._taken.shape
        if x < 0 or y < 0 or x + w > columns or y + h > rows:
            return False
        return not self._taken[y : y + h, x : x + w].any()


class Labels:
    """Draws on the image it was made with; `unit` is 1 at 640x480 and grows with the frame.

    `details`: every confidence, and the numbers of the tracks."""

    def __init__(
        self, image: Image, unit: float, keep_off: Sequence[Box], *, details: bool = False
    ) -> None:
        self._image = image
        self._unit = unit
        self._details = details
        self._room = Room(image)
        for box in keep_off:
            self._room.take(box)

    def draw(self, lines: Sequence[Line], rejected: Sequence[Rejected] = ()) -> None:
        # Those that matter least are painted first and find room last.
        for one in rejected:
            x, y, w, h = one.box
            paint.outline(self._image, (x, y, max(0, w - 1), max(0, h - 1)), 2, paint.GREY, 1)
        for line in lines:
            for digit in line.digits:
                self._frame(digit)
        # A line has one label, its digits can do with less: it looks for room before them.
        for line in lines:
            if len(line.digits) > 1:
                self._group(line)
        for line in lines:
            self._label(line.digits)
        for one in rejected:
            self._room.take(one.box)
        for one in rejected:
            text = Text(one.reason, max(10, 10 * self._unit), paint.SILVER)
            self._put(one.box, _tag(text), opacity=0.6)

    def _frame(self, digit: Digit) -> None:
        box = self._padded(digit.box)
        self._room.take(box)
        radius = min(5 * self._unit, 0.2 * min(box[2], box[3]))
        thickness = max(1, min(round(1.3 * self._unit), round(digit.box[3] / 16)))
        mark = paint.outline if digit.stable else paint.corners
        mark(self._image, box, radius, _colour([digit]), thickness)

    def _group(self, line: Line) -> None:
        """Underline the digits of a line, and say at its end what they read together."""
        unit = self._unit
        boxes = np.array([self._padded(digit.box) for digit in line.digits], np.float64)
        x, y, w, h = boxes.T
        # One straight rule along the line, clear of all its boxes: pages are seldom upright.
        slope = float(np.polyfit(x + w / 2, y + h / 2, 1)[0]) if np.ptp(x + w / 2) else 0.0
        slope = min(0.5, max(-0.5, slope))
        offset = float((y + h - slope * (x + w / 2)).max()) + 3 * unit
        left, right = float(x.min()), float((x + w).max())
        thickness = max(1, round(unit))
        colour = _colour(line.digits)
        ends = (left, slope * left + offset), (right, slope * right + offset)
        paint.rule(self._image, *ends, colour, thickness)
        step = 12
        for at in range(round(left), round(right), step):
            height = round(slope * at + offset)
            drop = 2 * thickness + round(step * abs(slope))
            self._room.take((at, height - thickness, min(step, round(right) - at), drop))

        last, first = line.digits[-1].box, line.digits[0].box
        for size in (15, 11):
            label = _tag(Text(line.text, max(10, size * unit), colour, 600))
            if (
                self._put(last, label, (_RIGHT,))
                or self._put(first, label, (_LEFT,))
                or self._put(line.box, label, (_BELOW, _ABOVE))
            ):
                return

    def _label(self, digits: Sequence[Digit]) -> None:
        """Label all digits of a line alike, or none of them."""
        sides = (_ABOVE, _BELOW) if len(digits) > 1 else _SIDES
        for kind in (_full, _stacked, _alone, _tiny):
            labels = [kind(digit, self._unit, self._details) for digit in digits]
            for side in sides:
                places = [
                    self._beside(digit.box, label, side)
                    for digit, label in zip(digits, labels, strict=True)
                ]
                apart = not any(map(_overlap, places, places[1:]))
                if apart and all(map(self._room.has, places)):
                    for place, label in zip(places, labels, strict=True):
                        self._paint(place, label)
                    return

    def _put(
        self, box: Box, label: Label, sides: Sequence[int] = _SIDES, opacity: float = 0.78
    ) -> bool:
        """Paint `label` on the first of `sides` of `box` with room for it."""
        for side in sides:
            place = self._beside(box, label, side)
            if self._room.has(place):
                self._paint(place, label, opacity)
                return True
        return False

    def _beside(self, box: Box, label: Label, side: int) -> Box:
        x, y, w, h = self._padded(box)
        wide, high, _ = label
        gap = max(1, round(2 * self._unit))
        column, row = x + (w - wide) // 2, y + (h - high) // 2
        if side in (_ABOVE, _BELOW):
            # At the edges of the picture a label moves inwards rather than away.
            column = max(0, min(column, self._image.shape[1] - wide))
            return column, y - gap - high if side == _ABOVE else y + h + gap, wide, high
        return x + w + 2 * gap if side == _RIGHT else x - 2 * gap - wide, row, wide, high

    def _padded(self, box: Box) -> Box:
        x, y, w, h = box
        pad = max(1, round(min(3 * self._unit, 0.1 * h)))
        return x - pad, y - pad, w + 2 * pad, h + 2 * pad

    def _paint(self, place: Box, label: Label, opacity: float = 0.78) -> None:
        x, y, _, h = place
        self._room.take(place)
        paint.glass(self._image, place, min(0.25 * h, 4 * self._unit), opacity=opacity)
        for left, middle, text in label[2]:
            text.write(self._image, x + left, y + middle)


def _full(digit: Digit, unit: float, details: bool) -> Label:
    """The digit, and beside it the confidence over the track."""
    big = _figure(digit, 20 * unit)
    small = _notes(digit, 10.5 * unit, details)
    pad = 0.22 * big.size
    high = round(max(1.25 * big.size, 2.3 * max(10, 10.5 * unit)))
    if not small:
        return round(big.width + 2 * pad), high, [(pad, high / 2, big)]
    left = pad + big.width + 0.2 * big.size
    rows = [high * (0.5 if len(small) == 1 else share) for share in (0.3, 0.72)]
    texts = [(left, row, text) for row, text in zip(rows, small, strict=False)]
    wide = round(left + max(text.width for text in small) + pad)
    return wide, high, [(pad, high / 2, big), *texts]


def _stacked(digit: Digit, unit: float, details: bool) -> Label:
    """The digit over its confidence."""
    big = _figure(digit, 15 * unit)
    small, *_ = (*_notes(digit, 10 * unit, details), None)
    if small is None:
        return _tag(big)
    wide = max(big.width, small.width) + round(0.35 * small.size)
    high = round(1.05 * big.size + 1.05 * small.size)
    return (
        wide,
        high,
        [
            ((wide - big.width) / 2, 0.58 * big.size, big),
            ((wide - small.width) / 2, high - 0.62 * small.size, small),
        ],
    )


def _alone(digit: Digit, unit: float, _details: bool) -> Label:
    return _tag(_figure(digit, 14 * unit))


def _tiny(digit: Digit, unit: float, _details: bool) -> Label:
    return _tag(_figure(digit, 11 * unit), 0.15)


def _tag(text: Text, pad: float = 0.35) -> Label:
    side = round(pad * text.size)
    high = round((0.85 + 1.4 * pad) * text.size)
    return text.width + 2 * side, high, [(side, high / 2, text)]


def _figure(digit: Digit, size: float) -> Text:
    return Text(str(digit.digit), max(11, size), _colour([digit]), 600)


def _notes(digit: Digit, size: float, details: bool) -> list[Text]:
    size = max(10, size)
    texts = []
    if details or digit.confidence < CERTAIN:
        # Cut, not rounded: 100 % is never true.
        texts.append(Text(f"{min(99, int(100 * digit.confidence))}%", size, paint.SILVER))
    if details and digit.track is not None:
        texts.append(Text(f"#{digit.track}", size, paint.PEWTER))
    return texts


def _colour(digits: Sequence[Digit]) -> paint.Colour:
    return ACCENT if all(digit.stable for digit in digits) else AMBER


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
