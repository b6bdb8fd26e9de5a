from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings, Settings
from camd.hypotheses.mend import propose
from camd.hypotheses.stack import Stacked, apart
from camd.pipeline import Pipeline
from camd.segment.segmentation import segment
from camd.values import Classified, Glyph
from tests.sheets import Sheet, line, paper, write


def ring(sheet: Sheet, x: int, y: int, height: int = 66) -> Sheet:
    """Draw a zero."""
    cv2.ellipse(sheet, (x, y), (22, height // 2 - 3), 0, 0, 360, (40,) * 3, 6, cv2.LINE_AA)
    return sheet


def rows(many: int = 2, *, missing: int | None = None) -> Sheet:
    """Draw zeros that touch, one above the other, and beside each a row of others."""
    sheet = paper(640, 480)
    for row in range(many):
        ring(sheet, 200 + 10 * (row % 2), 100 + 73 * row, 76)
        for x in (290, 380, 470):
            if row != missing:
                ring(sheet, x, 98 + 75 * row)
    return sheet


def blot(sheet: Sheet) -> Sheet:
    """Draw a bold 8 over the zeros."""
    return write(sheet, "8", (140, 214), height=150, pen=22)


def glyphs(sheet: Sheet) -> tuple[Glyph, ...]:
    return segment(sheet, SegmentSettings()).glyphs


def heights(stacked: Stacked) -> list[int]:
    return [glyph.box[3] for glyph in stacked.glyphs]


@pytest.mark.parametrize("many", [2, 3])
def test_what_stands_in_several_rows_is_cut_at_their_borders(many: int) -> None:
    whole = glyphs(rows(many))
    assert len(whole) == 3 * many + 1
    stacked = apart(whole)
    assert stacked.whole == ()
    pieces = sorted((glyph for glyph in stacked.glyphs if glyph.cut), key=lambda one: one.box[1])
    assert len(pieces) == many
    for row, piece in enumerate(pieces):
        x, y, width, height = piece.box
        assert abs(x - 175 - 10 * (row % 2)) <= 6
        assert abs(width - 50) <= 8
        assert abs(y + height / 2 - (100 + 73 * row)) <= 8
        assert 65 <= height <= 95
        assert piece.crop.max() == 255


def test_boxes_of_pieces_are_in_pixels_of_the_source() -> None:
    large = cv2.resize(rows(), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    first, second = (
        glyph for glyph in apart(glyphs(np.asarray(large, np.uint8))).glyphs if glyph.cut
    )
    assert abs(first.box[0] - 4 * 175) <= 16
    assert abs(second.box[1] - first.box[1] - 4 * 73) <= 32


def test_a_large_digit_beside_one_row_stays_whole() -> None:
    whole = glyphs(rows(missing=1))
    assert apart(whole) == Stacked(whole)


def test_rows_that_lean_are_rows() -> None:
    matrix = cv2.getRotationMatrix2D((320, 240), 8, 1)
    leaning = cv2.warpAffine(rows(), matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    assert sum(glyph.cut for glyph in apart(glyphs(np.asarray(leaning, np.uint8))).glyphs) == 2


def test_what_was_cut_is_a_neighbour_of_others() -> None:
    sheet = paper()
    for row in range(2):
        for x in (60, 130):
            ring(sheet, x, 98 + 75 * row)
        for x in (200, 470):  # the right one is too far from all but the left one
            ring(sheet, x, 100 + 73 * row, 76)
    assert len(glyphs(sheet)) == 6
    assert max(heights(apart(glyphs(sheet)))) < 100


def test_what_cannot_be_cut_is_told() -> None:
    stacked = apart(glyphs(blot(rows())))
    assert [box[3] > 140 for box in stacked.whole] == [True]
    assert max(heights(stacked)) < 100


@pytest.mark.parametrize("beside", [1, 2])
def test_what_cannot_be_cut_may_be_one_digit_where_little_stands_beside_it(beside: int) -> None:
    def solid(x: int, y: int, width: int, height: int) -> Glyph:
        ink = np.full((height, width), 255, np.uint8)
        return Glyph((x, y, width, height), np.zeros((28, 28), np.uint8), 5.0, ink)

    block = solid(100, 60, 80, 150)
    others = [solid(220 + 60 * n, y, 50, 68) for n in range(beside) for y in (62, 140)]
    assert apart([block, *others]).whole == ((block.box,) if beside > 1 else ())


def test_a_bar_beside_rows_is_left_alone() -> None:
    sheet = rows()
    cv2.rectangle(sheet, (150, 40), (250, 240), (220,) * 3, -1)
    whole = glyphs(line(sheet, (200, 62), (204, 212), pen=7))
    assert apart(whole) == Stacked(whole)


def test_pieces_are_not_taken_for_one_broken_digit() -> None:
    stacked = apart(glyphs(rows()))
    assert propose(stacked.glyphs) == []


def test_nothing_gives_nothing() -> None:
    assert apart(()) == Stacked(())


class Eights:
    """Calls what is high an 8 and all else 0, and is always sure."""

    id, open_set, scores, surroundings = "eights", False, {}, ()

    def classify(self, crops: np.ndarray, _lap: object = None) -> Classified:
        wide = np.array([np.ptp(np.nonzero(crop > 60)[1]) for crop in crops])
        sure = np.full(len(crops), 0.99, np.float32)
        return Classified(np.where(wide < 11, 8, 0).astype(np.int64), sure, sure)


@pytest.mark.parametrize("blocked", [False, True])
def test_two_rows_are_never_read_as_one_digit(blocked: bool) -> None:
    sheet = rows()
    if blocked:
        blot(sheet)
    result = Pipeline(Settings(), Eights()).still(sheet)
    assert all(digit.box[3] < 100 for digit in result.digits)
    uncut = [mark for mark in result.rejected if mark.reason == "unsure"]
    assert len(uncut) == blocked


def test_the_order_of_glyphs_does_not_matter() -> None:
    def boxes(of: Sequence[Glyph]) -> set[tuple[int, int, int, int]]:
        return {glyph.box for glyph in apart(of).glyphs}

    whole = glyphs(rows(3))
    assert boxes(whole) == boxes(whole[::-1])
