import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.segment import binarize
from camd.segment.components import components
from camd.segment.page import Draft, Drawn, Page
from camd.segment.segmentation import segment
from camd.values import Box
from tests.sheets import Sheet, paper, write


@pytest.mark.parametrize(
    ("scale", "box"), [(1.0, (10, 20, 3, 30)), (2.0, (5, 10, 2, 15)), (0.5, (20, 40, 6, 60))]
)
def test_boxes_in_pixels_of_the_source(scale: float, box: Box) -> None:
    plane = np.zeros((60, 60), np.uint8)
    page = Page(plane, plane, plane, components(plane), scale, 8.0, ())
    assert page.source([(10, 20, 3, 30)]) == [box]


def test_no_box_is_empty() -> None:
    plane = np.zeros((60, 60), np.uint8)
    page = Page(plane, plane, plane, components(plane), 4.0, 8.0, ())
    assert page.source([(40, 40, 1, 8)]) == [(10, 10, 1, 2)]


def draft(sheet: Sheet) -> Draft:
    grey = cv2.cvtColor(sheet, cv2.COLOR_BGR2GRAY)
    return Draft.of(grey, 1.0, Drawn(binarize.fine(grey), 12, light_ink=False))


def test_large_writing_is_tall() -> None:
    assert draft(write(paper(noise=1), "23589", (60, 250))).tall()


@pytest.mark.parametrize("text", ["", "2", "23"])
def test_of_few_characters_it_cannot_be_told(text: str) -> None:
    assert not draft(write(paper(noise=1), text, (60, 250))).tall()


def test_small_writing_beside_large_is_not() -> None:
    sheet = write(paper(noise=1), "23589", (60, 250))
    small = cv2.resize(write(paper(noise=1), "4703156", (60, 250)), (160, 120))
    sheet[300:420, 300:460] = small
    assert not draft(sheet).tall()


def test_small_writing_in_a_large_frame_is_found() -> None:
    sheet = paper(1920, 1080, noise=1)
    small = cv2.resize(write(paper(noise=1), "4703156", (60, 250)), (160, 120))
    sheet[500:620, 900:1060] = small
    found = segment(sheet, SegmentSettings()).glyphs
    assert len(found) == 7
    assert all(glyph.box[3] < 25 for glyph in found)


def test_large_writing_in_a_large_frame_is_found_as_in_one_of_half_the_size() -> None:
    sheet = write(paper(noise=1), "23589", (60, 250))
    large = cv2.resize(sheet, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    half = cv2.resize(large, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    in_large, in_half = (segment(each, SegmentSettings()).glyphs for each in (large, half))
    assert len(in_large) == len(in_half) == 5
    for one, same in zip(in_large, in_half, strict=True):
        assert one.box == tuple(2 * side for side in same.box)
        assert one.stroke == pytest.approx(2 * same.stroke, rel=0.02)
        assert np.abs(one.crop.astype(int) - same.crop).mean() < 3


@pytest.mark.parametrize("text", ["8", "88", "23"])
def test_few_digits_on_a_board_are_light(text: str) -> None:
    board = 255 - write(paper(1280, 720, noise=3), text, (500, 400), height=120, pen=9, ink=60)
    assert len(segment(board, SegmentSettings()).glyphs) == len(text)
