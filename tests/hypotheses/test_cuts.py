from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.hypotheses import cuts
from camd.hypotheses.cuts import Piece, best
from camd.segment.segmentation import segment
from camd.values import Glyph
from tests.hypotheses.touching import PALE, rings, rows
from tests.sheets import Sheet, paper


def propose(
    glyphs: Sequence[Glyph], sure: np.ndarray, usual: np.ndarray
) -> list[tuple[int, Piece]]:
    return cuts.propose(glyphs, sure, usual, np.zeros(len(glyphs), bool))


def unknown(many: int) -> np.ndarray:
    return np.full(many, np.nan, np.float32)


def glyphs(sheet: Sheet) -> tuple[Glyph, ...]:
    return segment(sheet, SegmentSettings()).glyphs


@pytest.mark.parametrize("size", [1, 4])
def test_touching_digits_are_cut_where_they_touch(size: int) -> None:
    large = cv2.resize(rings(paper()), None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
    whole = glyphs(np.asarray(large, np.uint8))
    ((_, tree),) = propose(whole, np.zeros(1, np.float32), unknown(1))
    boxes = [part.glyph.box for part in tree.all() if part.glyph.cut]
    for x in (259, 329):
        assert any(
            abs(box[0] - size * x) <= 10 * size and abs(box[2] - size * 62) <= 12 * size
            for box in boxes
        )


@pytest.mark.parametrize("many", [2, 3])
def test_what_stands_in_several_rows_is_cut_at_their_borders(many: int) -> None:
    whole = glyphs(rows(many))
    usual = np.full(len(whole), 70, np.float32)
    ((i, tree),) = propose(whole, np.ones(len(whole), np.float32), usual)
    assert tree.rows
    assert whole[i].box[3] > 140
    boxes = [part.glyph.box for part in tree.all()]
    for row in range(many):
        assert any(
            abs(x - 175 - 10 * (row % 2)) <= 6
            and abs(width - 50) <= 8
            and abs(y + height / 2 - (100 + 73 * row)) <= 8
            and 65 <= height <= 95
            for x, y, width, height in boxes
        )


def test_rows_are_cut_into_their_digits() -> None:
    sheet = rows(2)
    cv2.line(sheet, (228, 100), (268, 100), (40,) * 3, 6)  # joins the first to the one beside it
    whole = glyphs(sheet)
    usual = np.full(len(whole), 70, np.float32)
    ((_, tree),) = propose(whole, np.ones(len(whole), np.float32), usual)
    row = [part for part in tree.parts if part.parts]
    assert row
    assert all(abs(part.glyph.box[3] - 76) < 40 for part in row)
    assert all(inner.glyph.box[2] <= 2 * part.glyph.box[3] for part in row for inner in part.all())


def test_a_bar_beside_rows_is_no_column_of_ones() -> None:
    ink = np.full((150, 10), 255, np.uint8)
    bar = Glyph((100, 60, 10, 150), PALE, 5.0, ink)
    assert propose([bar], np.ones(1, np.float32), np.full(1, 70, np.float32)) == []


def test_only_so_many_are_cut() -> None:
    ink = np.zeros((60, 90), np.uint8)
    cv2.ellipse(ink, (24, 30), (18, 26), 0, 0, 360, 255, 5)
    cv2.ellipse(ink, (64, 30), (20, 26), 0, 0, 360, 255, 5)
    many = [Glyph((100 * i, 0, 90, 60), PALE, 5.0, ink) for i in range(40)]
    assert len(propose(many, np.zeros(40, np.float32), unknown(40))) == cuts.FEWEST
    digits = [Glyph((100 * i, 90, 30, 60), PALE, 5.0, ink) for i in range(40)]
    sure = np.repeat(np.array([0, 1], np.float32), 40)
    assert len(propose(many + digits, sure, unknown(80))) == cuts.MOST


def test_nothing_gives_nothing() -> None:
    assert propose((), np.zeros(0, np.float32), unknown(0)) == []
    blank = Glyph((0, 0, 90, 60), PALE)
    assert propose([blank], np.zeros(1, np.float32), unknown(1)) == []


def piece(start: int, end: int, *parts: Piece) -> Piece:
    ends = max((part.end for part in parts), default=0)
    return Piece(Glyph((0, 0, 1, 1), PALE), start, end, ends, parts)


def test_best_is_the_likeliest_way_from_end_to_end() -> None:
    whole = piece(0, 0, piece(0, 1), piece(0, 2), piece(1, 2), piece(1, 3), piece(2, 3))
    sure = np.array([0.9, 0.99, 0.9, 0.9, 0.99], np.float32)
    assert best(whole, sure, 0) == [1, 4]
    assert best(whole, np.zeros(5, np.float32), 0) == []
    assert best(piece(0, 0, piece(0, 1), piece(1, 2)), np.array([1, 0], np.float32), 0) == []


@pytest.mark.parametrize(("alone", "chosen"), [(0.2, [1, 2, 3]), (0.97, [0, 3])])
def test_a_row_is_its_digits_where_they_are_likelier(alone: float, chosen: list[int]) -> None:
    row = piece(0, 1, piece(0, 1), piece(1, 2))
    whole = piece(0, 0, row, piece(1, 2))
    sure = np.array([alone, 0.9, 0.9, 0.9], np.float32)
    assert best(whole, sure, -1) == chosen
