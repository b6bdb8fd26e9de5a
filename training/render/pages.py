"""Printed pages with words and numbers, as people point a camera at them: receipts, forms, notes,
tables, and text without a number. The surroundings are fitted to them, too."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from camd.evaluate.truth import LABELS
from camd.values import Image as Picture
from training.render.camera import Pose
from training.render.lettering import WORDS, Fonts
from training.render.paper import PAPERS, Sheet, Style, blank, random_style
from training.render.scenes import on_a_table
from training.render.stills import QUALITY

SYLLABLES = (
    *("ba", "be", "bo", "da", "de", "do", "ga", "go", "la", "le", "li", "lo", "ma", "me", "mi"),
    *("mo", "na", "ne", "ni", "no", "pa", "po", "ra", "re", "ri", "ro", "sa", "se", "si", "so"),
    *("ta", "te", "ti", "to", "va", "ve", "vi", "wa", "za"),
)
SIGNS = (
    "$",
    "€",
    "£",
    "#",
    "No. ",
    "Nr ",
    "Tel: ",
    "Date: ",
    "Total: ",
    "x",
    "%",
    "kg",
    "kWh",
    "m",
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Words, or a number, at a place of a line."""

    text: str
    at: float
    """Where it begins, or with `right` where it ends, as a share of the width."""
    right: bool = False

    @property
    def digits(self) -> list[str]:
        """What is to be read of it: the digits of each number, without points and signs."""
        found = ("".join(c for c in part if c.isdigit()) for part in self.text.split())
        return [number for number in found if number]


Line = tuple[Piece, ...]


def _word(rng: np.random.Generator) -> str:
    if rng.random() < 0.5:
        word = str(rng.choice(WORDS))
    else:
        word = "".join(rng.choice(SYLLABLES, int(rng.integers(1, 5)))) + str(
            rng.choice(["", "n", "s", "l", "r"])
        )
    return [str.lower, str.capitalize, str.upper][int(rng.choice(3, p=[0.5, 0.4, 0.1]))](word)


def _words(rng: np.random.Generator, most: int) -> str:
    return " ".join(_word(rng) for _ in range(int(rng.integers(1, most + 1))))


def _digits(rng: np.random.Generator, many: int) -> str:
    return "".join(map(str, rng.integers(0, 10, many)))


def _number(rng: np.random.Generator) -> str:
    """Give a price, a date, a time, a telephone number, a quantity, or digits in a row."""
    kind = int(rng.integers(7))
    if kind <= 1:
        point = str(rng.choice([".", ","]))
        return f"{int(10 ** rng.uniform(0, 3))}{point}{_digits(rng, 2)}"
    if kind == 2:
        parts = [
            f"{rng.integers(1, 29):02}",
            f"{rng.integers(1, 13):02}",
            f"{rng.integers(1950, 2030)}",
        ]
        return str(rng.choice(["/", "-", "."])).join(parts)
    if kind == 3:
        return f"{rng.integers(24):02}:{rng.integers(60):02}"
    if kind == 4:
        return "-".join(_digits(rng, int(many)) for many in rng.integers(2, 5, 3))
    if kind == 5:
        return str(rng.integers(1, 30))
    return _digits(rng, int(rng.integers(3, 11)))


def _signed(rng: np.random.Generator) -> str:
    sign = str(rng.choice(SIGNS)) if rng.random() < 0.3 else ""
    number = _number(rng)
    return number + sign if sign in ("%", "kg", "kWh", "m", "x") else sign + number


def receipt(rng: np.random.Generator) -> list[Line]:
    """Words on the left, prices on the right."""
    lines: list[Line] = [(Piece(_words(rng, 3), 0.1),) for _ in range(int(rng.integers(1, 3)))]
    lines += [
        (Piece(f"{_word(rng)}: {_number(rng)}", 0.08),) for _ in range(int(rng.integers(0, 3)))
    ]
    for _ in range(int(rng.integers(3, 9))):
        lines.append((Piece(_words(rng, 2), 0.08), Piece(_signed(rng), 0.92, right=True)))
    return lines


def form(rng: np.random.Generator) -> list[Line]:
    """What is asked for, and a number beside it."""
    lines: list[Line] = []
    for _ in range(int(rng.integers(2, 8))):
        asked = _words(rng, 2) + str(rng.choice([":", "", "."]))
        answer = _signed(rng) if rng.random() < 0.7 else _words(rng, 2)
        lines.append((Piece(asked, 0.08), Piece(answer, float(rng.choice([0.55, 0.62])))))
    return lines


def note(rng: np.random.Generator) -> list[Line]:
    """Sentences, some of which have a number."""
    lines: list[Line] = []
    for _ in range(int(rng.integers(2, 8))):
        said = _words(rng, 3).split()
        if rng.random() < 0.5:
            said.insert(int(rng.integers(len(said) + 1)), _signed(rng))
        lines.append((Piece(" ".join(said), 0.08),))
    return lines


def table(rng: np.random.Generator) -> list[Line]:
    """Columns of numbers under headings."""
    columns = int(rng.integers(2, 5))
    ends = np.linspace(0.9 / columns, 0.92, columns)
    lines: list[Line] = [tuple(Piece(_word(rng)[:7], float(end), right=True) for end in ends)]
    lines += [
        tuple(Piece(_digits(rng, int(rng.integers(1, 5))), float(end), right=True) for end in ends)
        for _ in range(int(rng.integers(3, 8)))
    ]
    return lines


def text(rng: np.random.Generator) -> list[Line]:
    """Words alone."""
    return [(Piece(_words(rng, 5), 0.08),) for _ in range(int(rng.integers(2, 12)))]


KINDS: tuple[Callable[[np.random.Generator], list[Line]], ...] = (receipt, form, note, table, text)


def page(rng: np.random.Generator, fonts: Fonts, lines: list[Line]) -> Sheet:
    """Print lines; of ten pages three are in a hand's font, and two are light on dark."""
    paths = fonts.hands if rng.random() < 0.3 else fonts.prints
    path = paths[int(rng.integers(len(paths)))]
    high = int(rng.integers(30, 56))
    pitch = high * rng.uniform(1.5, 2.6)
    face = ImageFont.truetype(path, round(1.35 * high))
    widest = max(
        sum(face.getlength(piece.text) for piece in line) + 2.5 * high * len(line) for line in lines
    )
    size = round(1.2 * widest + 80), round(pitch * (len(lines) + 1))
    style = random_style(rng)
    dark = rng.random() < 0.2
    colour = style.paper if dark else style.pen.color
    paper = (50, 46, 44) if dark else PAPERS[int(rng.integers(len(PAPERS)))]
    plain = blank(rng, size, Style(style.pen, paper))
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    for row, line in enumerate(lines):
        for piece in line:
            x = piece.at * size[0] - (face.getlength(piece.text) if piece.right else 0)
            draw.text((x, pitch * (row + 0.4)), piece.text, fill=255, font=face)
    ink = np.asarray(mask, np.float32)[:, :, None] / 255 * rng.uniform(0.7, 1)
    numbers = tuple(number for line in lines for piece in line for number in piece.digits)
    image = np.asarray(plain * (1 - ink) + np.array(colour, np.float32) * ink, np.float32)
    return Sheet(image, (), numbers)


def seen(rng: np.random.Generator, sheet: Sheet) -> Picture:
    """Photograph a page on a table, or give it as a scanner or a screen does."""
    height, width = sheet.image.shape[:2]
    if rng.random() < 0.5:
        frame = (1280, 960)
        wide = rng.uniform(0.6, 0.9) * min(frame[0], frame[1] * width / height)
        turn, *tilt = rng.uniform((-5, -15, -15), (5, 15, 15)).tolist()
        pose = Pose(frame[0] / 2, frame[1] / 2, wide, turn, (tilt[0], tilt[1]))
        return on_a_table(rng, sheet, pose, frame)
    scale = rng.uniform(0.35, 1)
    picture = cv2.resize(sheet.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    noisy = picture + rng.normal(0, rng.uniform(0, 3), picture.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def make(out: Path, fonts: Fonts, seed: int, each: int) -> None:
    """Render `each` pages of every kind into the folder `out`, and write labels.json there."""
    out.mkdir(parents=True, exist_ok=True)
    labels = []
    for number, kind in enumerate(KINDS):
        for turn in range(each):
            rng = np.random.default_rng((seed, number, turn))
            sheet = page(rng, fonts, kind(rng))
            file = f"{kind.__name__}-{turn + 1}.jpg"
            cv2.imwrite(str(out / file), seen(rng, sheet), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            labels.append(
                {"file": file, "digits": list(sheet.lines), "kind": "photo", "hard": kind.__name__}
            )
    (out / LABELS).write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")
