"""Renders rows of digits as displays, meters and labels show them: segments with their ghosts and
glow, wheels with their windows and half rolled in digits, and print."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from camd.errors import DataError
from camd.values import Plane
from training.digits import NONE
from training.render.ink import EM, Grey, Shape, lay
from training.render.lettering import LETTERS, Fonts
from training.render.marks import MOST_GAP, Mark, Marker

UNKNOWN = -2
"""Label of what is neither surely a digit nor surely none."""
SEGMENTS = "DSEG7*.ttf"
"""The fonts of seven segments, of Debian's fonts-dseg (SIL OFL)."""
UNFIT = ("LinBiolinum_K",)
"""Fonts whose digits are drawn on keys."""
BESIDE = "kgmhVWCF°%LAPbarTEMxyz/"
"""What stands beside numbers: letters of units and labels."""
LIT = {
    "0": "abcdef", "1": "bc", "2": "abdeg", "3": "abcdg", "4": "bcfg", "5": "acdfg",
    "6": "cdefg", "7": "abc", "8": "abcdefg", "9": "abcfg", "-": "g", " ": "",
}  # fmt: skip
"""The segments that are on, without those that not every display shows."""
FINER = 4
"""Segments are drawn so many times larger, for smooth edges."""
STILL, BETWEEN, NEXT = 0.12, 0.25, 0.85
"""How far a wheel has turned, in heights of an em. Up to STILL the digit counts as whole; from
BETWEEN to NEXT there is none to be read in its window."""

SIZES = 18, 72
"""Sizes of the em, pixels, with which rows with points are taken: of smaller ones nobody sees the
points."""
APART = 60.0
"""Least grey levels between a point on what parts two wheels and that."""

Kind = Literal["segments", "print", "wheels", "letters"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SHARES = (0.44, 0.14, 0.36, 0.06)
"""How many of all rows are of each kind."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A digit in a picture."""

    x: float
    y: float
    """Its middle, pixels."""
    height: float
    label: int
    """0..9, NONE where none is to be read, or UNKNOWN."""
    dark: bool
    """Whether its ink is darker than its ground."""


@dataclass(frozen=True, slots=True)
class Faces:
    segments: tuple[Path, ...]
    prints: tuple[Path, ...]

    @classmethod
    def find(cls, folder: Path) -> "Faces":
        """Find the fonts under `folder`, sorted by name. Raises DataError where there are none."""
        segments = tuple(sorted(folder.rglob(SEGMENTS), key=lambda path: path.name))
        if len(segments) < 2:
            raise DataError(
                f"{folder}: no fonts of seven segments; on Debian: apt install fonts-dseg"
            )
        prints = Fonts.find(folder).prints
        return cls(segments, tuple(p for p in prints if not any(n in p.name for n in UNFIT)))

    def split(self, part: int, of: int) -> tuple["Faces", "Faces"]:
        """Split into fonts to train with and to test with; the latter are every `of`-th font,
        beginning with number `part`."""

        def but(paths: tuple[Path, ...]) -> tuple[Path, ...]:
            return tuple(path for n, path in enumerate(paths) if n % of != part)

        return (
            Faces(but(self.segments), but(self.prints)),
            Faces(self.segments[part::of], self.prints[part::of]),
        )


@dataclass(frozen=True, slots=True)
class Segmented:
    """A face of seven segments as some maker of displays draws it: the fonts have few of them. All
    lengths are shares of the height."""

    width: float
    thick: float
    gap: float
    """Between two segments."""
    ends: str
    """"pointed", "mitred" or "square"."""
    short: float
    """How much of its corners a square end leaves out, of half its thickness."""
    tails: tuple[bool, bool, bool]
    """Whether 6 and 9 have the segment at their open end, and 7 the one at its upper left."""

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Segmented":
        width = rng.uniform(0.4, 0.72)
        six, nine, seven = (bool(rng.random() < often) for often in (0.85, 0.85, 0.15))
        return cls(
            width,
            rng.uniform(0.07, min(0.2, 0.36 * width)),
            rng.uniform(0.0, 0.05) if rng.random() < 0.7 else rng.uniform(0.05, 0.1),
            str(rng.choice(["pointed", "mitred", "square"])),
            rng.uniform(0.1, 0.8),
            (six, nine, seven),
        )

    def glyph(self, character: str) -> Shape:
        tall = 2 * round(0.43 * EM)
        fine = np.zeros((FINER * tall, FINER * round(self.width * tall)), np.uint8)
        for name in self._lit(character):
            outline = np.array(self._outline(name)) * tall * FINER
            cv2.fillPoly(fine, [np.round(outline).astype(np.int32)], 255)
        size = fine.shape[1] // FINER, tall
        ink = np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.uint8)
        x, y, wide, high = cv2.boundingRect(ink)
        return ink[y : y + high, x : x + wide], (x, y, x + wide, y + high), float(size[0])

    def _lit(self, character: str) -> str:
        six, nine, seven = self.tails
        more = {"6": "a" * six, "9": "d" * nine, "7": "f" * seven}
        return LIT[character] + more.get(character, "")

    def _outline(self, name: str) -> list[tuple[float, float]]:
        """Return the corners of a segment, named a to g as usual: clockwise from the top, then the
        middle."""
        half, gap = self.thick / 2, self.gap / 2
        if name in "adg":
            start, end = (half, self.width - half)
            across = {"a": half, "g": 0.5, "d": 1 - half}[name]
        else:
            start, end = (half, 0.5) if name in "bf" else (0.5, 1 - half)
            across = half if name in "ef" else self.width - half
        if self.ends == "square":
            gap += half * self.short
        start, end = start + gap, end - gap
        # How much shorter than its middle line its two sides are; where ends are mitred, the outer
        # side is longer.
        inner = outer = 0.0 if self.ends == "square" else half
        if self.ends == "mitred" and name != "g":
            outer = -half
        low, high = (inner, outer) if name in "bcd" else (outer, inner)
        along = [
            (start, 0.0),
            (start + low, -half),
            (end - low, -half),
            (end, 0.0),
            (end - high, half),
            (start + high, half),
        ]
        if name in "adg":
            return [(at, across + off) for at, off in along]
        return [(across + off, at) for at, off in along]


@dataclass(slots=True, eq=False)
class _Row:
    """A row of digits while it is drawn."""

    ink: Grey
    """(H, W), 0..1."""
    top: float
    """Upper edge of the digits, pixels."""
    height: float
    digits: list[tuple[float, float, int]]
    """Middle x, middle y, label."""
    step: float = 0.0
    """Width of a wheel; 0 for what has none."""
    marks: list[Mark] = field(default_factory=list)
    over: Grey | None = None
    """(H, W), 0..1: ink on what parts the wheels."""
    marked: bool = False
    left: float = math.inf
    """Where what stands before the first digit begins, pixels."""


def draw(
    rng: np.random.Generator, faces: Faces, kind: Kind | None = None
) -> tuple[Plane, list[Placed]]:
    """Draw a picture of one row, grey uint8, and say what stands where in it. Without a `kind` it
    is of any."""
    kind = kind or KINDS[int(rng.choice(len(KINDS), p=SHARES))]
    picture, placed, _ = _drawn(rng, faces, kind, marked=False)
    return picture, placed


def draw_marked(
    rng: np.random.Generator, faces: Faces, kind: Kind
) -> tuple[Plane, list[Placed], list[Mark]]:
    """The same of a row with the points, commas and colons that displays and print have, points
    that are off, and specks; say also where those are that count."""
    return _drawn(rng, faces, kind, marked=True)


def _drawn(
    rng: np.random.Generator, faces: Faces, kind: Kind, *, marked: bool
) -> tuple[Plane, list[Placed], list[Mark]]:
    if kind == "wheels":
        row = _write(rng, faces.prints, wheels=True, marked=marked)
        sheet, dark = _wheels(rng, row)
    elif kind in ("print", "letters"):
        row = _write(rng, faces.prints, wheels=False, letters=kind == "letters", marked=marked)
        sheet, dark = _flat(rng, row)
    else:
        row = _write(rng, faces.segments, wheels=False, segments=True, marked=marked)
        sheet, dark = _lit(rng, row) if rng.random() < 0.5 else _flat(rng, row)
    return _photographed(rng, sheet, row, dark)


@lru_cache(maxsize=20_000)
def _glyph(font: Path, character: str) -> Shape:
    face = ImageFont.truetype(font, EM)
    mask = face.getmask(character, mode="L")
    ink = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
    left, top, right, bottom = (round(side) for side in face.getbbox(character))
    return ink, (left, top, right, bottom), float(face.getlength(character))


def _write(
    rng: np.random.Generator,
    fonts: tuple[Path, ...],
    *,
    wheels: bool,
    segments: bool = False,
    letters: bool = False,
    marked: bool = False,
) -> _Row:
    glyph: Callable[[str], Shape] = partial(_glyph, fonts[rng.integers(len(fonts))])
    letter = None if wheels else glyph
    if segments and rng.random() < 0.5:
        glyph, letter = Segmented.random(rng).glyph, None
    count = int(rng.integers(1, 9))
    around = int(EM * rng.uniform(0.5, 1.2))
    _, (_, above, _, below), _ = glyph("8")
    height = float(below - above)
    ink = np.zeros((EM + 2 * around, int(1.6 * EM * (count + 3))), np.float32)
    row = _Row(ink, around, height, [], rng.uniform(0.62, 1.5) * EM if wheels else 0.0)
    gap = rng.uniform(-0.03, MOST_GAP if marked else 0.22) * EM
    ghost = rng.uniform(0, 0.5) if segments and rng.random() < 0.5 else 0.0
    x = around + rng.uniform(0, EM)
    marker = None
    if marked:
        row.marked = True
        marker = Marker.random(
            rng, count, height, segments=segments, wheels=wheels, gap=gap, above=above,
            letter=letter,
        )  # fmt: skip
        if wheels:
            row.over = np.zeros_like(ink)
        x += _mark(row, marker, x, gap, 0)
    for number in range(count):
        value = int(rng.integers(10))
        character, label = str(value), value
        if letters:
            character, label = str(rng.choice(list(LETTERS))), NONE
        elif not wheels and rng.random() < 0.06:
            character, label = (
                (rng.choice([" ", "-"]) if segments else rng.choice(list(BESIDE))),
                NONE,
            )
        shape, box, wide = glyph(character)
        step = row.step or wide + gap
        left = round(x + ((step - shape.shape[1]) / 2 if wheels else box[0]))
        if left + max(shape.shape[1], int(step)) + around > ink.shape[1] or left < 0:
            break
        rolling = wheels and rng.random() < 0.25
        turned = 0.0
        if wheels:
            turned = (rng.uniform(-0.9, 0.9) if rolling else rng.normal(0, 0.03)) * EM
        top = round(row.top + box[1] - above + turned)
        lay(ink, shape, left, top, 1.0)
        if ghost and character != " ":
            all_on, whole, _ = glyph("8")
            lay(ink, all_on, round(x + whole[0]), round(row.top), ghost)
        if wheels and (rolling or rng.random() < 0.5):
            apart = EM * rng.uniform(1.05, 1.5)
            for other, side in ((value + 1, 1), (value - 1, -1)):
                near, _, _ = glyph(str(other % 10))
                lay(
                    ink, near, round(x + (step - near.shape[1]) / 2), round(top + side * apart), 1.0
                )
        if (label != NONE or letters) and shape.size:
            still = abs(turned) < STILL * EM
            between = BETWEEN * EM < abs(turned) < NEXT * EM
            row.digits.append(
                (
                    left + shape.shape[1] / 2,
                    top + shape.shape[0] / 2 if still else row.top + height / 2,
                    label if still else NONE if between else UNKNOWN,
                )
            )
        x += step
        if marker:
            x += _mark(row, marker, x, gap, number + 1)
        else:
            x += _point(rng, row, x - gap / 2, segments=segments, wheels=wheels)
    if marker and not wheels:
        marker.surround(ink, row.top)
    end = int(x + around + rng.uniform(0, EM))
    row.ink = ink[:, : min(ink.shape[1], max(end, EM))]
    if segments and rng.random() < 0.35:  # it shines over its edges
        side = int(rng.integers(2, 6))
        row.ink = np.asarray(cv2.dilate(row.ink, np.ones((side, side), np.uint8)), np.float32)
    return row


def _mark(row: _Row, marker: Marker, x: float, gap: float, number: int) -> float:
    """Draw what stands before the cell of that number, which begins at `x`; return how much room it
    takes."""
    own = 0.0 if row.step else gap
    ink = row.ink if row.over is None else row.over
    mark, room = marker.put(ink, row.top, x - own, own, number, len(row.digits))
    if mark:
        row.left = min(row.left, mark.x - 0.2 * row.height)
        row.marks.append(mark)
    return room


def _point(rng: np.random.Generator, row: _Row, x: float, *, segments: bool, wheels: bool) -> float:
    """Draw a decimal point or a colon now and then; return how much room it takes."""
    if wheels or rng.random() > (0.17 if segments else 0.08):
        return 0.0
    radius = max(1, int(rng.uniform(0.05, 0.09) * EM))
    room = 0.0 if segments else 4.0 * radius
    if segments and rng.random() < 0.3:
        for share in (0.3, 0.7):
            at = (int(x + 0.15 * EM), int(row.top + share * row.height))
            cv2.circle(row.ink, at, radius, 1.0, -1)
        return 0.3 * EM
    at = (int(x + room / 2), int(row.top + row.height - radius))
    cv2.circle(row.ink, at, radius, 1.0, -1)
    return room


def _flat(rng: np.random.Generator, row: _Row) -> tuple[Grey, list[bool]]:
    """Print a row in one colour, or show it on an LCD, with its shadow on the mirror behind."""
    contrast, light = rng.uniform(40, 220), rng.random() < 0.35
    ground = rng.uniform(0, 255 - contrast) if light else rng.uniform(contrast, 255)
    sheet = ground + (contrast if light else -contrast) * row.ink
    if not light and rng.random() < 0.4:
        shadow = np.roll(row.ink, tuple(rng.integers(1, 5, 2).tolist()), (0, 1))
        sheet -= 0.3 * contrast * shadow * (1 - row.ink)
    return _framed(rng, sheet, row, 0.4), [not light] * len(row.digits)


def _lit(rng: np.random.Generator, row: _Row) -> tuple[Grey, list[bool]]:
    """Let a row glow on a dark ground, as LEDs do."""
    contrast = rng.uniform(60, 220)
    sheet = rng.uniform(0, 40) + contrast * row.ink
    if rng.random() < 0.6:
        glow = cv2.GaussianBlur(row.ink, (0, 0), EM * rng.uniform(0.05, 0.15))
        sheet = sheet + 0.6 * contrast * np.asarray(glow, np.float32)
    return _framed(rng, np.asarray(sheet, np.float32), row, 0.4), [False] * len(row.digits)


def _wheels(rng: np.random.Generator, row: _Row) -> tuple[Grey, list[bool]]:
    """Print a row on wheels: shaded to their edges, parted by lines, the last ones in another
    colour now and then."""
    ink, middle = row.ink, row.top + row.height / 2
    light = rng.random() < 0.6
    number, ground = rng.uniform(150, 250), rng.uniform(5, 90)
    if not light:
        number, ground = ground, rng.uniform(140, 250)
    sheet = ground + (number - ground) * ink
    dark = [not light] * len(row.digits)
    if rng.random() < 0.3 and len(row.digits) > 2:
        first = int(rng.integers(1, len(row.digits)))
        edge = int(max(0, row.digits[first][0] - row.step / 2))
        ground, change = rng.uniform(5, 250), rng.choice([-1, 1]) * rng.uniform(25, 150)
        if not 0 <= ground + change <= 255:
            change = -change
        sheet[:, edge:] = np.clip(ground + change * ink[:, edge:], 0, 255)
        dark[first:] = [change < 0] * (len(dark) - first)
    away = (np.arange(len(ink)) - middle) / (EM * rng.uniform(0.8, 1.6))
    sheet *= (1 - rng.uniform(0, 0.5) * np.clip(away**2, 0, 1))[:, None]
    # What is between two wheels: a line, a slit, or a bar with a bright edge.
    thick, shade = int(rng.choice([0, 1, 2, 4, 8, 12])), rng.uniform(0, 255)
    bright = rng.uniform(0, 255) if rng.random() < 0.3 else shade
    for x, _, _ in row.digits if thick else ():
        for edge in (int(x - row.step / 2), int(x + row.step / 2)):
            cv2.line(sheet, (edge, 0), (edge, len(sheet)), shade, thick)
            cv2.line(sheet, (edge + thick // 2, 0), (edge + thick // 2, len(sheet)), bright, 1)
    if row.over is not None:
        over = row.over[:, : sheet.shape[1]]
        if thick and abs(shade - number) < APART:
            row.marks.clear()  # nobody sees it
        else:
            sheet = sheet * (1 - over) + number * over
    return _framed(rng, np.asarray(sheet, np.float32), row, 0.6), dark


def _framed(rng: np.random.Generator, sheet: Grey, row: _Row, often: float) -> Grey:
    """Put a row behind a window now and then."""
    if rng.random() < often:
        margin = rng.uniform(0.08, 0.4) * EM
        shade = rng.uniform(0, 255)
        sheet[: max(0, int(row.top - margin))] = shade
        sheet[int(row.top + row.height + margin) :] = shade
    if row.digits and rng.random() < often:
        # Its sides are steep, and must not look like a 1.
        beside = max(row.step / 2, 0.4 * EM) + rng.uniform(0, 0.3) * EM
        shade = rng.uniform(0, 255)
        sheet[:, : max(0, int(min(row.left, row.digits[0][0] - beside)))] = shade
        sheet[:, int(row.digits[-1][0] + beside) :] = shade
    return sheet


def _photographed(
    rng: np.random.Generator, sheet: Grey, row: _Row, dark: list[bool]
) -> tuple[Plane, list[Placed], list[Mark]]:
    """Light a sheet, look at it at a slant, and take it with a camera that is not quite sharp."""
    height, width = sheet.shape
    corners = rng.uniform(rng.uniform(0.5, 1), 1, (2, 4)).astype(np.float32)
    light = cv2.resize(corners, (width, height), interpolation=cv2.INTER_CUBIC)
    image: NDArray[Any] = sheet * light
    if rng.random() < 0.15:
        image = image + _reflection(rng, width, height)
    lean, turn = rng.normal(0, 0.13), np.deg2rad(rng.normal(0, 3))
    stretch = np.exp(rng.uniform(-0.5, 0.3))
    size = rng.uniform(10, 48) if rng.random() < 0.7 else 48.0
    if row.marked:
        size = rng.uniform(*SIZES)
    scale = size / EM
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = scale * np.array([[stretch, -lean * stretch], [0, 1]]) @ turned
    wide, tall = int(width * stretch * scale) + 8, int(height * scale) + 8
    move = np.array([wide / 2, tall / 2]) - matrix @ np.array([width / 2, height / 2])
    image = cv2.GaussianBlur(image, (0, 0), max(0.3, 0.45 / scale))
    image = cv2.warpAffine(
        image,
        np.hstack([matrix, move[:, None]]),
        (wide, tall),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, max(0.5, 0.05 * size)))
    noise = rng.normal(0, 1, image.shape).astype(np.float32)
    whole = np.clip(image + rng.uniform(0, 6) * noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.integers(35, 95))
        _, coded = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, quality])
        whole = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)

    def there(x: float, y: float) -> tuple[float, float]:
        right, down = matrix @ np.array([x, y]) + move
        return float(right), float(down)

    placed = [
        Placed(*there(x, y), row.height * scale, label, bool(ink_is_dark))
        for (x, y, label), ink_is_dark in zip(row.digits, dark, strict=True)
    ]
    marks = [Mark(mark.after, mark.colon, *there(mark.x, mark.y)) for mark in row.marks]
    return whole, placed, marks


def _reflection(rng: np.random.Generator, width: int, height: int) -> Grey:
    """Return the reflection of a lamp."""
    y, x = np.mgrid[:height, :width]
    right, down = rng.uniform(0, width), rng.uniform(0, height)
    wide, tall = EM * rng.uniform(0.3, 2), EM * rng.uniform(0.2, 1)
    spot = np.exp(-(((x - right) / wide) ** 2) - ((y - down) / tall) ** 2)
    return np.asarray(rng.uniform(20, 120) * spot, np.float32)
