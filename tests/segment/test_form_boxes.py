import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.segment.form_boxes import inside, is_box
from camd.segment.segmentation import segment
from camd.values import Reason
from tests.sheets import Sheet, line, paper, write


def box(turn: float = 0.0, pen: int = 3) -> Sheet:
    mask = np.zeros((160, 160), np.uint8)
    corners = cv2.boxPoints(((80, 80), (90, 110), turn))
    cv2.polylines(mask, [np.rint(corners).astype(np.int32)], True, 1, pen)
    return mask


def written() -> Sheet:
    """Draw a 7 from near the left side of the box to its right side."""
    mask = np.zeros((160, 160), np.uint8)
    cv2.polylines(mask, [np.array([(55, 45), (122, 45), (75, 115)])], False, 1, 6)
    return mask


@pytest.mark.parametrize("turn", [0.0, 12.0, -12.0])
@pytest.mark.parametrize("pen", [2, 4, 7])
def test_the_digit_is_left_without_its_box(turn: float, pen: int) -> None:
    frame, digit = box(turn, pen), written()
    found = inside(cv2.bitwise_or(frame, digit))
    assert found is not None
    assert np.count_nonzero((found > 0) & (digit == 0)) <= 12
    assert np.count_nonzero(found) >= 0.75 * np.count_nonzero(digit)


def test_boxes_that_are_empty_or_filled_have_nothing_in_them() -> None:
    assert inside(box()) is None
    filled = box()
    cv2.rectangle(filled, (38, 28), (122, 132), 1, cv2.FILLED)
    assert inside(filled) is None


def test_a_digit_that_touches_its_box_is_a_glyph_with_its_own_stroke() -> None:
    sheet = write(paper(), "2", (300, 270), height=66)
    line(sheet, (330, 266), (352, 266), pen=6)
    (bare,) = segment(sheet, SegmentSettings()).glyphs
    cv2.rectangle(sheet, (290, 190), (352, 284), (60,) * 3, 2, cv2.LINE_AA)
    (glyph,) = segment(sheet, SegmentSettings()).glyphs
    assert np.allclose(glyph.box, bare.box, atol=6)
    assert abs(glyph.stroke - bare.stroke) < 0.5


def test_an_empty_box_is_no_stroke() -> None:
    sheet = paper()
    cv2.rectangle(sheet, (290, 190), (352, 284), (60,) * 3, 2, cv2.LINE_AA)
    found = segment(sheet, SegmentSettings())
    assert not found.glyphs
    assert Reason.NOT_A_STROKE in {mark.reason for mark in found.rejected}


@pytest.mark.parametrize("turn", [0.0, 12.0])
def test_a_box_is_one_though_it_is_broken(turn: float) -> None:
    mask = box(turn)
    mask[70:76] = mask[:, 90:96] = 0
    assert is_box(box(turn))
    assert is_box(mask)


def test_digits_are_no_boxes_however_square() -> None:
    five = np.zeros((160, 160), np.uint8)
    corners = [(120, 30), (40, 30), (40, 80), (120, 80), (120, 130), (40, 130)]
    cv2.polylines(five, [np.array(corners)], False, 1, 6)
    zero = np.zeros((160, 160), np.uint8)
    cv2.ellipse(zero, (80, 80), (40, 50), 0, 0, 360, 1, 6)
    assert not is_box(five)
    assert not is_box(zero)
    assert not is_box(written())


def test_digits_in_a_broken_box_are_read_without_it() -> None:
    sheet = write(paper(), "2", (305, 262), height=50)
    cv2.rectangle(sheet, (290, 190), (352, 284), (60,) * 3, 2, cv2.LINE_AA)
    sheet[230:240, 280:296] = 220
    found = segment(sheet, SegmentSettings())
    assert len(found.glyphs) == 1
    assert Reason.RULED in {mark.reason for mark in found.rejected}
