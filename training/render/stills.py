"""The kinds of images that measure how camd reads single images. Paper, pen and light of each image
are drawn at random; each kind has its own difficulty."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from camd.evaluate.truth import LABELS
from camd.geometry import Corners
from camd.values import DoubleArray, Image
from training.render.camera import Light, Pose, homography
from training.render.forms import Grid, fill
from training.render.hand import Hand, Pen
from training.render.paper import Sheet, Style, blank, random_style, write_sheet
from training.render.scenes import on_a_table, random_lines, random_pose, random_sheet

SIZE = 1280, 720
QUALITY = 85
TRIES = 20


AROUND = 0.35
"""Room that is left around a line, in heights of its highest digit."""


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    image: Image
    lines: tuple[str, ...]
    places: tuple[Corners, ...]
    """Corners around each line, with room around it; pixels of the image."""


def plain(rng: np.random.Generator, hand: Hand) -> Still:
    """Numbers on a sheet of paper, with words and scribbles between them."""
    return _photo(rng, random_sheet(rng, hand))


def ruled(rng: np.random.Generator, hand: Hand) -> Still:
    """Ruled or squared paper; its lines are about half as dark as ink and go through the digits."""
    style = replace(random_style(rng), pattern=rng.choice(["ruled", "squared"]))
    style = replace(style, rule=rng.uniform(0.3, 0.7))
    return _photo(rng, write_sheet(rng, hand, random_lines(rng, style), style))


def boxes(rng: np.random.Generator, hand: Hand) -> Still:
    """One digit in each box of a form."""
    grid = Grid(_some(rng, 2, 4), _some(rng, 5, 9), gap=rng.uniform(0, 0.3))
    return _form(rng, hand, grid)


def comb(rng: np.random.Generator, hand: Hand) -> Still:
    """A comb field: a line with teeth between the digits."""
    return _form(rng, hand, Grid(_some(rng, 1, 3), _some(rng, 5, 11), comb=True))


def table(rng: np.random.Generator, hand: Hand) -> Still:
    """A table with numbers of one to three digits."""
    grid = Grid(_some(rng, 3, 5), _some(rng, 3, 5), aspect=2.2, most=3, filled=0.8)
    return _form(rng, hand, grid)


def sudoku(rng: np.random.Generator, hand: Hand) -> Still:
    """Nine by nine cells, half of them filled in; every third line is thicker."""
    return _form(rng, hand, Grid(9, 9, filled=0.5, bold=3), size=(1000, 1000))


def shadow(rng: np.random.Generator, hand: Hand) -> Still:
    """A dark shadow across the sheet, and a lamp on one side."""
    lit = Light(
        exposure=rng.uniform(0.7, 1.2),
        slope=(rng.choice([-1, 1]) * rng.uniform(0.2, 0.4), rng.uniform(-0.3, 0.3)),
        vignette=rng.uniform(0.3, 0.6),
        shadow=rng.uniform(0.5, 0.7),
        shadow_at=(rng.uniform(0, 360), rng.uniform(-0.4, 0.4)),
    )
    return _photo(rng, random_sheet(rng, hand), lit)


def pencil(rng: np.random.Generator, hand: Hand) -> Still:
    """A hard pencil: fine grey strokes that are only a little darker than the paper."""
    style = random_style(rng)
    shade = 1 - rng.uniform(0.15, 0.4)
    blue, green, red = (round(level * shade) for level in style.paper)
    style = replace(style, pen=Pen(rng.uniform(0.04, 0.07), (blue, green, red), 0.7))
    return _photo(rng, write_sheet(rng, hand, random_lines(rng, style), style))


def touching(rng: np.random.Generator, hand: Hand) -> Still:
    """Digits so close that some of them touch."""
    style = replace(random_style(rng), spacing=rng.uniform(-0.02, 0.06), words=0, scribbles=0)
    return _photo(rng, write_sheet(rng, hand, random_lines(rng, style), style))


def crowded(rng: np.random.Generator, hand: Hand) -> Still:
    """Ten rows of ten digits, so close that some touch those of the next row."""
    height = int(rng.integers(66, 77))
    style = replace(random_style(rng), height=height, spacing=rng.uniform(0.3, 0.5))
    style = replace(style, pattern="plain", words=0, scribbles=0)
    lines = ["".join(map(str, rng.integers(0, 10, 10))) for _ in range(10)]
    return _photo(rng, write_sheet(rng, hand, lines, style))


def small(rng: np.random.Generator, hand: Hand) -> Still:
    """A sheet far away: digits about 14 to 24 pixels high."""
    sheet = random_sheet(rng, hand)
    style_height = max((digit.box[3] for digit in sheet.digits), default=100)
    width = sheet.image.shape[1] * rng.uniform(14, 24) / style_height
    pose = replace(random_pose(rng, SIZE), width=width)
    return _photo(rng, sheet, pose=pose)


def large(rng: np.random.Generator, hand: Hand) -> Still:
    """One to three digits that fill most of the frame."""
    count = int(rng.integers(1, 4))
    style = replace(
        random_style(rng),
        height=round(rng.uniform(250, 420) if count < 3 else 250),
        words=0,
        scribbles=0,
    )
    text = "".join(map(str, rng.integers(0, 10, count)))
    return _photo(rng, write_sheet(rng, hand, [text], style))


def screen(rng: np.random.Generator, hand: Hand) -> Still:
    """Writing on a screen: strokes of one width, black on white or white on black."""
    pen = Pen(rng.uniform(0.03, 0.12), (0, 0, 0), 1.0)
    white = (255, 255, 255)
    style = Style(pen, white, height=int(rng.integers(60, 180)), spacing=rng.uniform(0.15, 0.6))
    style = replace(style, grain=0.0)
    sheet = write_sheet(rng, hand, random_lines(rng, style, rows=3), style)
    image = np.clip(sheet.image, 0, 255).astype(np.uint8)
    shown = np.asarray(255 - image if rng.random() < 0.4 else image, np.uint8)
    return Still(shown, sheet.lines, _places(sheet, np.eye(3)))


def board(rng: np.random.Generator, hand: Hand) -> Still:
    """Chalk on a blackboard."""
    level = int(rng.integers(170, 250))
    pen = Pen(rng.uniform(0.06, 0.11), (level, level, level), 0.6)
    paper = ((52, 60, 50), (44, 44, 44), (70, 84, 60))[rng.integers(3)]
    style = replace(random_style(rng), pen=pen, paper=paper, pattern="plain")
    return _photo(rng, write_sheet(rng, hand, random_lines(rng, style), style))


def label(rng: np.random.Generator, hand: Hand) -> Still:
    """A white label on a blackboard, or a black one on paper: both are written on."""
    level = int(rng.integers(170, 250))
    chalk = Pen(rng.uniform(0.06, 0.11), (level, level, level), 0.6)
    dark = replace(random_style(rng), pen=chalk, paper=(44, 44, 44), pattern="plain", words=0)
    light = replace(random_style(rng), pattern="plain", words=0)
    around, within = (dark, light) if rng.random() < 0.5 else (light, dark)
    within = replace(within, height=round(around.height * rng.uniform(0.5, 1)), scribbles=0)
    sheet = write_sheet(rng, hand, random_lines(rng, around, rows=3), replace(around, scribbles=0))
    size = 5 * within.height, 2 * within.height
    number = "".join(map(str, rng.integers(0, 10, _some(rng, 2, 3))))
    stuck = write_sheet(rng, hand, [number], within, size)
    # Below what is written there, on paper that is as high again as the label.
    image = np.concatenate([sheet.image, blank(rng, (1200, 2 * size[1]), around)])
    x, y = int(rng.integers(60, 1140 - size[0])), 800 + size[1] // 2
    image[y : y + size[1], x : x + size[0]] = stuck.image
    moved = tuple(
        replace(one, row=len(sheet.lines), box=(one.box[0] + x, one.box[1] + y, *one.box[2:]))
        for one in stuck.digits
    )
    return _photo(rng, Sheet(image, sheet.digits + moved, sheet.lines + stuck.lines))


def letters(rng: np.random.Generator, hand: Hand) -> Still:
    """Words and scribbles, without a digit."""
    style = replace(
        random_style(rng), words=int(rng.integers(4, 12)), scribbles=int(rng.integers(0, 4))
    )
    return _photo(rng, write_sheet(rng, hand, [], style))


KINDS: tuple[Callable[[np.random.Generator, Hand], Still], ...] = (
    plain, ruled, boxes, comb, table, sudoku, shadow, pencil, touching, small, large, screen, board,
    letters, crowded, label,
)  # fmt: skip


def make(out: Path, hand: Hand, seed: int, each: int) -> None:
    """Render `each` images of every kind into the folder `out`, and write labels.json there."""
    out.mkdir(parents=True, exist_ok=True)
    labels = []
    for number, kind in enumerate(KINDS):
        for turn in range(each):
            still = _drawn(kind, hand, (seed, number, turn))
            file = f"{kind.__name__}-{turn + 1}.jpg"
            cv2.imwrite(str(out / file), still.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            hard = None if kind is plain else kind.__name__
            labels.append(
                {
                    "file": file,
                    "digits": list(still.lines),
                    "kind": "photo",
                    "hard": hard,
                    "places": [[[round(x), round(y)] for x, y in line] for line in still.places],
                }
            )
    (out / LABELS).write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")


def _drawn(
    kind: Callable[[np.random.Generator, Hand], Still], hand: Hand, key: tuple[int, ...]
) -> Still:
    """Draw an image. When its lines turn out to be too long for the sheet, draw another one."""
    for again in range(TRIES):
        try:
            return kind(np.random.default_rng((*key, again) if again else key), hand)
        except ValueError as exc:
            failure = exc
    raise failure


def _some(rng: np.random.Generator, least: int, most: int) -> int:
    return int(rng.integers(least, most + 1))


def _photo(
    rng: np.random.Generator, sheet: Sheet, light: Light | None = None, pose: Pose | None = None
) -> Still:
    if pose is None:
        pose = random_pose(rng, SIZE)  # for a sheet that is 1.5 times as wide as high
        height, width = sheet.image.shape[:2]
        pose = replace(pose, width=pose.width * min(1, width / height / 1.5))
    places = _places(sheet, homography(sheet, pose))
    return Still(on_a_table(rng, sheet, pose, SIZE, light), sheet.lines, places)


def _places(sheet: Sheet, matrix: DoubleArray) -> tuple[Corners, ...]:
    """Give the corners around each line of a sheet that `matrix` (3, 3) takes into the picture."""
    rows: dict[int, list[tuple[float, ...]]] = {}
    for written in sheet.digits:
        rows.setdefault(written.row, []).append(written.box)
    places = []
    for boxes in map(np.array, rows.values()):
        room = AROUND * boxes[:, 3].max()
        left, top = boxes[:, :2].min(axis=0) - room
        right, bottom = (boxes[:, :2] + boxes[:, 2:]).max(axis=0) + room
        around = np.array([[(left, top), (right, top), (right, bottom), (left, bottom)]])
        places.append(tuple(map(tuple, cv2.perspectiveTransform(around, matrix)[0].tolist())))
    return tuple(places)


def _form(
    rng: np.random.Generator, hand: Hand, grid: Grid, size: tuple[int, int] = (1200, 800)
) -> Still:
    return _photo(rng, fill(rng, hand, grid, random_style(rng), size))
