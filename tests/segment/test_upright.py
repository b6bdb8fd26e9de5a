import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.segment.upright import Upright
from camd.values import Box

SIZE = (200, 120)


def marked(box: Box) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    picture = np.full((SIZE[1], SIZE[0]), 220, np.uint8)
    x, y, width, height = box
    picture[y : y + height, x : x + width] = 20
    return picture


@pytest.mark.parametrize("turn", [0, 15, 90, 135, 180, 255, 270, 359])
def test_a_box_is_found_where_the_turned_picture_shows_its_ink(turn: int) -> None:
    box = (130, 30, 12, 20)
    upright = Upright(turn, SIZE)
    turned = upright.picture(marked(box))
    assert turned.shape[::-1] == upright.turned_size
    rows, columns = np.nonzero(turned < 120)
    seen = columns.mean() + 0.5, rows.mean() + 0.5
    x, y, width, height = upright.upright(box)
    assert (x + width / 2, y + height / 2) == pytest.approx(seen, abs=1.01)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_quarter_turn_loses_no_pixel(turn: int) -> None:
    box = (130, 30, 12, 20)
    upright = Upright(turn, SIZE)
    turned = upright.picture(marked(box))
    found = cv2.boundingRect((turned < 120).astype(np.uint8))
    assert upright.around(tuple(found)) == box


@given(st.integers(0, 359), st.integers(20, 150), st.integers(20, 80))
def test_what_is_placed_comes_back(turn: int, x: int, y: int) -> None:
    upright = Upright(turn, SIZE)
    back = upright.placed(upright.upright((x, y, 11, 23)))
    assert back == pytest.approx((x, y, 11, 23), abs=1)


@given(st.integers(0, 359))
def test_the_box_around_holds_the_middle(turn: int) -> None:
    upright = Upright(turn, SIZE)
    box = (40, 30, 12, 20)
    x, y, width, height = upright.around(box)
    left, top, wide, high = upright.placed(box)
    assert x <= left + wide / 2 <= x + width
    assert y <= top + high / 2 <= y + height


def test_nothing_turned_is_the_same_picture() -> None:
    picture = marked((130, 30, 12, 20))
    assert Upright(0, SIZE).picture(picture) is picture


def test_beyond_its_edge_the_paper_goes_on() -> None:
    turned = Upright(30, SIZE).picture(marked((90, 50, 12, 20)))
    assert turned[0, 0] == turned[-1, -1] == 220


def test_what_the_edge_cuts_off_is_told_in_a_turned_picture() -> None:
    upright = Upright(45, SIZE)
    inside, at_the_edge = upright.upright((90, 50, 12, 20)), upright.upright((90, -3, 12, 20))
    assert not upright.beyond(inside)
    assert upright.beyond(at_the_edge)
