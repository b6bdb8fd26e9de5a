from dataclasses import replace

import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.hypotheses.unions import propose
from camd.segment.segmentation import segment
from camd.values import Glyph
from tests.sheets import Sheet, line, paper


def broken(gap: int = 9, *, size: int = 1) -> Sheet:
    """Draw a 6 whose bowl the pen did not join to its back."""
    sheet = line(paper(), (300, 200), (290, 300), pen=6)
    cv2.ellipse(sheet, (290 + 31 + gap, 276), (24, 24), 0, 0, 360, (40,) * 3, 6, cv2.LINE_AA)
    large = cv2.resize(sheet, None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def glyphs(sheet: Sheet) -> tuple[Glyph, ...]:
    return segment(sheet, SegmentSettings()).glyphs


@pytest.mark.parametrize("size", [1, 3])
def test_two_pieces_that_nearly_meet_may_be_one_digit(size: int) -> None:
    parts = glyphs(broken(size=size))
    (union,) = propose(parts, 2)
    assert union.members == (0, 1)
    x, y, width, height = union.glyph.box
    assert np.allclose((x, y, x + width, y + height), np.array((287, 197, 357, 303)) * size, atol=7)
    assert union.glyph.crop.shape == (28, 28)
    assert (union.glyph.crop > 100).any(axis=1).sum() >= 18


def test_scraps_alone_are_no_digit() -> None:
    parts = glyphs(broken())
    assert [union.members for union in propose(parts, 1)] == [(0, 1)]
    assert propose(parts, 0) == []


def test_digits_side_by_side_are_not_tried() -> None:
    assert propose(glyphs(broken(gap=32)), 2) == []


def test_digits_above_one_another_are_not_tried() -> None:
    sheet = paper()
    cv2.ellipse(sheet, (300, 200), (22, 28), 0, 0, 360, (40,) * 3, 5, cv2.LINE_AA)
    (one,) = glyphs(sheet)
    x, y, width, height = one.box
    assert not propose([one, replace(one, box=(x, y + height + 3, width, height))], 2)


def test_a_speck_beside_a_digit_stays_apart() -> None:
    (large, small) = sorted(glyphs(broken()), key=lambda one: -one.box[3])
    x, y, _, _ = small.box
    speck = Glyph((x, y, 10, 10), small.crop, small.stroke, small.ink[:10, :10])
    assert not propose([large, speck], 2)


def test_what_has_no_ink_kept_is_left_alone() -> None:
    parts = [Glyph(one.box, one.crop, one.stroke) for one in glyphs(broken())]
    assert not propose(parts, 2)
    assert not propose([], 0)
