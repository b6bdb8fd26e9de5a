import cv2
import numpy as np
import pytest

from camd.bars import Bar, Bars
from camd.dash import is_dash
from camd.segment.runs import runs
from camd.strokes import stroke_width


def told(faint: list[tuple[int, int, int, int]], strength: int, angle: float = 0.0) -> bool:
    """Whether a bar from y = 100 to y = 140, of full ink, is part of a line of which the pieces
    `faint` (x, y, width, height) have less."""
    ink, mask = np.zeros((2, 240, 240), np.uint8)
    mask[100:140, 120:123] = 255
    for x, y, width, height in faint:
        ink[y : y + height, x : x + width] = strength
    ink = np.maximum(ink, mask)
    turn = cv2.getRotationMatrix2D((121, 120), angle, 1.0)
    ink = cv2.warpAffine(ink, turn, (240, 240))
    mask = cv2.warpAffine(mask, turn, (240, 240))
    return is_dash(ink, *measured((mask > 127).astype(np.uint8)))


def measured(own: np.ndarray) -> tuple[Bar, float]:
    piece = runs(own)
    return Bars.of(piece, np.zeros(len(piece), np.intp), 1)[0], stroke_width(piece)


def test_a_stroke_on_bare_paper_is_none() -> None:
    assert not told([], 0)


@pytest.mark.parametrize("angle", [0, 8, -30])
def test_a_rule_goes_on_in_ink_too_faint_to_be_seen(angle: float) -> None:
    assert told([(120, 40, 3, 160)], 120, angle)


def test_one_end_is_enough() -> None:
    assert told([(120, 140, 3, 60)], 120)


def test_a_dash_above_the_other_is_none() -> None:
    """1s stand above each other in a table."""
    assert not told([(120, 30, 3, 40), (120, 170, 3, 40)], 255)


def test_a_rule_much_fainter_than_the_stroke_on_it_is_another() -> None:
    assert not told([(120, 0, 3, 240)], 60)


def test_what_covers_the_paper_on_both_sides_is_no_line() -> None:
    assert not told([(60, 140, 120, 60)], 120)


def test_only_what_is_slim_is_looked_at() -> None:
    ink = np.zeros((200, 200), np.uint8)
    ink[:, 90:110] = 255
    own = np.zeros_like(ink)
    own[80:120, 90:110] = 1
    assert not is_dash(ink, *measured(own))
