"""Renders printed forms that are filled in by hand: boxes, combs, tables and sudoku grids."""

from dataclasses import dataclass

import numpy as np

from training.render.hand import Hand, Mask
from training.render.paper import Canvas, Sheet, Style, Written, blank, digit, ink


@dataclass(frozen=True, slots=True)
class Grid:
    rows: int
    columns: int
    aspect: float = 0.85
    """Width of a cell, in heights of a cell."""
    gap: float = 0.0
    """Gap between two cells of a row, in heights of a cell."""
    most: int = 1
    """Most digits that a cell holds."""
    filled: float = 1.0
    """Share of the cells that hold a number."""
    comb: bool = False
    """Print only the lower side of the cells and short teeth between them."""
    bold: int = 0
    """Every `bold`-th line is thicker, such as every third of a sudoku; 0 for none."""


def fill(
    rng: np.random.Generator, hand: Hand, grid: Grid, style: Style, size: tuple[int, int]
) -> Sheet:
    """Print the form on a sheet of (width, height) pixels, and write numbers into its cells."""
    width, height = size
    image = blank(rng, size, style)
    fields = grid.columns * grid.aspect + (grid.columns - 1) * grid.gap
    leading = 1.0 if grid.columns == grid.rows or grid.most > 1 else rng.uniform(1.2, 1.7)
    tall = min(0.88 * width / fields, 0.88 * height / (grid.rows * leading))
    wide = grid.aspect * tall
    left, top = (width - fields * tall) / 2, (height - grid.rows * leading * tall) / 2
    darkness, thick = rng.uniform(0.3, 0.9), int(rng.integers(2, 5))
    high = tall * rng.uniform(0.5, 0.7)
    digits: list[Written] = []
    lines = []
    for row in range(grid.rows):
        y = top + row * leading * tall
        line = ""
        for column in range(grid.columns):
            x = left + column * (wide + grid.gap * tall)
            _cell(image, grid, (row, column), (x, y, wide, tall), thick, darkness)
            if rng.random() < grid.filled:
                masks = _number(rng, hand, int(rng.integers(1, grid.most + 1)), high, style)
                written = _write(rng, image, masks, (x, y, wide, tall), style, row)
                digits += written
                line += "".join(str(one.digit) for one in written)
        lines.append(line)
    return Sheet(image, tuple(digits), tuple(line for line in lines if line))


def _number(
    rng: np.random.Generator, hand: Hand, count: int, height: float, style: Style
) -> list[tuple[int, Mask]]:
    values = rng.integers(0, 10, count).tolist()
    return [(value, digit(rng, hand, value, style, round(height))) for value in values]


def _write(
    rng: np.random.Generator,
    image: Canvas,
    masks: list[tuple[int, Mask]],
    cell: tuple[float, float, float, float],
    style: Style,
    row: int,
) -> list[Written]:
    """Write a number near the middle of a cell."""
    x, y, wide, tall = cell
    gap = 0.15 * tall
    length = sum(mask.shape[1] + gap for _, mask in masks) - gap
    at = x + (wide - length) / 2 + rng.normal(0, 0.04 * tall)
    written = []
    for value, mask in masks:
        h, w = mask.shape
        left, top = round(at), round(y + (tall - h) / 2 + rng.normal(0, 0.05 * tall))
        left = min(max(left, 0), image.shape[1] - w)
        top = min(max(top, 0), image.shape[0] - h)
        ink(rng, image, mask, (left, top), style.pen.color)
        written.append(Written(value, (left, top, w, h), row))
        at += w + gap
    return written


def _cell(
    image: Canvas,
    grid: Grid,
    place: tuple[int, int],
    cell: tuple[float, float, float, float],
    thick: int,
    darkness: float,
) -> None:
    x, y, wide, tall = cell
    row, column = place
    left, top, right, bottom = round(x), round(y), round(x + wide), round(y + tall)

    def line(number: int, rows: slice, columns: slice) -> None:
        extra = thick if grid.bold and number % grid.bold == 0 else 0
        grow = slice(rows.start, rows.stop + (extra if rows.stop - rows.start == thick else 0))
        across = slice(
            columns.start, columns.stop + (extra if columns.stop - columns.start == thick else 0)
        )
        image[grow, across] = np.minimum(
            image[grow, across], (1 - darkness) * 255 * np.ones(3, np.float32)
        )

    upper = bottom - (bottom - top) // 3 if grid.comb else top
    line(row + 1, slice(bottom, bottom + thick), slice(left, right + thick))
    line(column, slice(upper, bottom), slice(left, left + thick))
    line(column + 1, slice(upper, bottom), slice(right, right + thick))
    if not grid.comb:
        line(row, slice(top, top + thick), slice(left, right + thick))
