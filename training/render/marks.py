"""Draws what stands between the digits of a row: points, commas and colons, points that are off,
specks, and other writing close by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from camd.values import Plane
from training.render.ink import Grey, Shape, lay

MOST_GAP = 0.35
"""Greatest gap between two digits, in heights of an em: some displays leave room for points."""
PLANS = {"one": 0.5, "none": 0.17, "colons": 0.11, "many": 0.07, "specks": 0.15}
"""What a row has, and how often. Of "many" each gap may have a point, as before thousands."""
FAINT = 0.32
"""Most strength, as a share of the digits', of a point that is off."""
WORDS = ("kWh", "m3", "max", "OUTPUT", "AUTO", "mmol/L", "TEMP", "set", "kg", "0.001")
"""What is written above and below numbers."""

What = Literal["point", "colon", "speck", "faint", ""]


@dataclass(frozen=True, slots=True)
class Mark:
    """A point, comma or colon in a picture."""

    after: int
    """How many digits stand before it."""
    colon: bool
    x: float
    y: float
    """Its middle, pixels."""


@dataclass(slots=True, eq=False)
class Marker:
    """Draws the marks of one row, all in one way."""

    rng: np.random.Generator
    height: float
    """Of a digit, pixels."""
    wheels: bool
    plan: tuple[What, ...]
    """What stands before each digit, and after the last."""
    shape: Plane
    """(h, w) the ink of a point."""
    right: int
    down: int
    """Where its left and upper edges are: right of the digit before it, or of the middle of the gap
    where it stands there, and below the upper edge of the digits, pixels."""
    middle: bool
    """Whether it stands in the middle of its gap."""
    strength: float
    off: float
    """Strength of the points that are off; 0 where there are none."""
    room: float
    """How much a point widens its gap, pixels."""
    everywhere: bool
    """Whether all gaps are as wide."""

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        count: int,
        height: float,
        *,
        segments: bool,
        wheels: bool,
        gap: float,
        letter: Callable[[str], Shape] | None,
        above: int,
    ) -> "Marker":
        """`gap` is that between two digits, pixels. `letter` draws the characters of its font,
        whose digits begin `above` pixels below where a line does."""
        comma = rng.random() < (0.12 if segments else 0.4)
        overlaid = segments and rng.random() < 0.65
        radius = rng.uniform(0.048, 0.1) * height
        if letter is not None and rng.random() < 0.5:
            shape, (_, top, _, _), _ = letter("," if comma and not segments else ".")
            down = top - above
        else:
            shape, rise = _blot(rng, radius, comma=comma)
            low = rng.uniform(-0.04, 0.1) if wheels else rng.normal(0, 0.04)
            down = round(height * (1 + float(np.clip(low, -0.1, 0.2))) - rise)
        wide = shape.shape[1]
        right = round(rng.uniform(-0.02, 0.1) * height)
        # It may touch the digits beside it, but is not hidden by them.
        room = rng.uniform(1, 1.6) * (right + wide) + 0.02 * height - gap
        if not overlaid:
            room = wide + rng.uniform(0.04, 0.25) * height - min(gap, 0)
        lights = segments and rng.random() < 0.4
        return cls(
            rng,
            height,
            wheels,
            _plan(rng, count),
            shape,
            right,
            down,
            not overlaid,
            rng.uniform(0.7, 1) if segments and rng.random() < 0.3 else 1.0,
            rng.uniform(0.04, FAINT) if lights else 0.0,
            0.0 if wheels else max(0.0, room),
            overlaid or (segments and rng.random() < 0.5),
        )

    def put(
        self, ink: Grey, top: float, x: float, gap: float, number: int, after: int
    ) -> tuple[Mark | None, float]:
        """Draw what stands before the character of that number, and after so many digits, in the
        `gap` that begins at `x`, pixels; `top` is the upper edge of the digits. Return the mark, if
        it counts as one, and how much room is taken."""
        what = self.plan[number]
        if what == "colon":
            return self._colon(ink, top, x, gap, after)
        if what == "speck":
            self._speck(ink, top, x + gap / 2)
        if what == "faint":
            self._lay(ink, top, x, gap, self.rng.uniform(0.1, 0.3))
        mark = None
        if what == "point":
            middle = self._lay(ink, top, x, gap, self.strength)
            mark = Mark(after, False, *middle)
        elif self.off:
            self._lay(ink, top, x, gap, self.off)
        return mark, self.room if self.everywhere or mark else 0.0

    def _lay(
        self, ink: Grey, top: float, x: float, gap: float, strength: float
    ) -> tuple[float, float]:
        """Draw a point; return its middle."""
        high, wide = self.shape.shape
        left = x + self.right
        if self.middle or self.wheels:
            left = x + (gap + self.room - wide) / 2
        lay(ink, self.shape, max(0, round(left)), round(top) + self.down, strength)
        return left + wide / 2, top + self.down + high / 2

    def _colon(self, ink: Grey, top: float, x: float, gap: float, after: int) -> tuple[Mark, float]:
        rng, height = self.rng, self.height
        shape, rise = _blot(rng, rng.uniform(0.04, 0.09) * height, comma=False)
        room = max(0.0, 2.5 * shape.shape[1] - gap)
        left = max(0, round(x + (gap + room - shape.shape[1]) / 2))
        upper, lower = rng.uniform(0.18, 0.42), rng.uniform(0.6, 0.95)
        for share in (upper, lower):
            lay(ink, shape, left, round(top + share * height - rise / 2), self.strength)
        middle = left + shape.shape[1] / 2, top + height * (upper + lower) / 2
        return Mark(after, True, *middle), room

    def _speck(self, ink: Grey, top: float, x: float) -> None:
        """Draw a blot that is none of the row's."""
        rng, height = self.rng, self.height
        shape, _ = _blot(rng, rng.uniform(0.03, 0.12) * height, comma=bool(rng.random() < 0.3))
        down = rng.uniform(-0.3, 0.6) if rng.random() < 0.7 else rng.uniform(1.2, 1.5)
        left = max(0, round(x + rng.uniform(-0.2, 0.2) * height - shape.shape[1] / 2))
        lay(ink, shape, left, round(top + down * height), rng.uniform(0.3, 1))

    def surround(self, ink: Grey, top: float) -> None:
        """Draw a line, or words, above or below the row now and then."""
        rng, height = self.rng, self.height
        for side in (-1, 1):
            chance = rng.random()
            off = rng.uniform(0.15, 0.5) * height
            edge = top - off if side < 0 else top + height + off
            if chance < 0.05:
                thick = int(rng.integers(1, 5))
                cv2.line(ink, (0, round(edge)), (ink.shape[1], round(edge)), 1.0, thick)
            elif chance < 0.2:
                tall = rng.uniform(0.2, 0.4) * height
                base = edge if side < 0 else edge + tall
                words = "  ".join(rng.choice(WORDS, 4).tolist())
                start = round(rng.uniform(-1, 2) * height)
                size, thick = tall / 21, int(rng.integers(1, 3))
                written = np.zeros(ink.shape, np.uint8)
                cv2.putText(written, words, (start, round(base)), 0, size, 255, thick, cv2.LINE_AA)
                lay(ink, written, 0, 0, 1.0)


def _plan(rng: np.random.Generator, count: int) -> tuple[What, ...]:
    plan: list[What] = [""] * (count + 1)
    which = rng.choice(list(PLANS), p=list(PLANS.values()))
    if which == "one" and count > 1 and rng.random() < 0.9:
        plan[int(rng.integers(1, count))] = "point"
    elif which == "one":
        plan[0] = "point"
    for place in range(count + 1):
        if which == "many" and rng.random() < 0.4:
            plan[place] = "point"
        if which == "colons" and 0 < place < count and rng.random() < 0.5:
            plan[place] = "colon"
        if which == "specks" and rng.random() < 0.5:
            plan[place] = "speck" if rng.random() < 0.8 else "faint"
    if rng.random() < 0.05:
        plan[count] = "point"
    return tuple(plan)


def _blot(rng: np.random.Generator, radius: float, *, comma: bool) -> tuple[Plane, int]:
    """Return the ink (h, w) uint8 of a round, square or slanted point, or of a comma, and how far
    below its upper edge it stands on the line, pixels."""
    fine = 4
    side = max(2, round(2 * radius)) * fine
    tail = round(rng.uniform(0.5, 1) * side) if comma else 0
    canvas = np.zeros((side + tail, side), np.uint8)
    how = rng.choice(["round", "square", "slanted"], p=[0.55, 0.3, 0.15])
    if how == "round" or comma:
        cv2.circle(canvas, (side // 2, side // 2), side // 2 - 1, 255, -1)
    elif how == "square":
        canvas[:side] = 255
    else:
        lean = side // 4
        corners = [(lean, 0), (side - 1, 0), (side - 1 - lean, side - 1), (0, side - 1)]
        cv2.fillPoly(canvas, [np.array(corners, np.int32)], 255)
    if comma:
        corners = [(side // 2, side // 2), (side - 1, side // 2), (side // 3, side + tail - 1)]
        cv2.fillPoly(canvas, [np.array(corners, np.int32)], 255)
    size = side // fine, (side + tail) // fine
    ink = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)
    return np.asarray(ink, np.uint8), side // fine
