import cv2
import numpy as np

from camd.segment.components import components
from camd.segment.ruling import erase


def blank(width: int = 600, height: int = 300) -> np.ndarray:
    return np.zeros((height, width), np.uint8)


def draw(mask: np.ndarray, start: tuple[int, int], end: tuple[int, int], pen: int = 3) -> None:
    cv2.line(mask, start, end, 255, pen)


def clean(mask: np.ndarray, height: float = 60) -> tuple[np.ndarray, list]:
    left = mask.copy()
    pieces, boxes = erase(left, components(mask), height)
    again = components(left)
    assert sorted(pieces.stats.tolist()) == sorted(again.stats.tolist())
    return left, boxes


def test_ruled_line_goes_and_the_stroke_that_crosses_it_stays_whole() -> None:
    stroke = blank()
    draw(stroke, (300, 80), (310, 220), 5)
    ruled = stroke.copy()
    draw(ruled, (5, 150), (595, 160))
    left, boxes = clean(ruled)
    assert len(components(left).stats) == 1
    assert len(boxes) == 1
    assert np.count_nonzero((stroke > 0) & (left == 0)) < 0.03 * np.count_nonzero(stroke)


def test_table_leaves_its_digits() -> None:
    table = blank()
    for y in (20, 110, 200, 280):
        draw(table, (10, y), (590, y + 6))
    for x in (10, 200, 400, 590):
        draw(table, (x, 20), (x - 4, 286))
    cv2.putText(table, "5", (280, 185), cv2.FONT_HERSHEY_SIMPLEX, 2, 255, 4)
    cv2.putText(table, "7", (80, 185), cv2.FONT_HERSHEY_SIMPLEX, 2, 255, 4)
    left, boxes = clean(table)
    heights = components(left).stats[:, 3]
    assert (heights > 20).sum() == 2
    assert len(boxes) >= 8


def test_the_worn_side_of_a_thick_rule_goes_with_it() -> None:
    table = blank()
    for y in (20, 280):
        draw(table, (10, y), (590, y))
    for x in (10, 200, 400, 590):
        draw(table, (x, 20), (x, 280))
    table[40:120, 194:199] = 255  # swollen on one side
    left, _ = clean(table)
    assert not (components(left).stats[:, 3] > 20).any()


def test_comb_field_leaves_the_digit_that_touches_its_rules() -> None:
    comb = blank(600, 120)
    draw(comb, (5, 20), (595, 20))
    draw(comb, (5, 100), (595, 100))
    for x in range(5, 600, 84):
        draw(comb, (x, 20), (x, 100))
    stroke = blank(600, 120)
    draw(stroke, (135, 30), (115, 112), 5)  # a 1 through the lower rule
    left, _ = clean(cv2.bitwise_or(comb, stroke), 0)
    stats = components(left).stats
    tall = stats[stats[:, 3] > 30]
    assert len(tall) == 1
    assert tall[0, 3] > 75


def test_strokes_of_writing_are_no_rules() -> None:
    mask = blank()
    cv2.putText(mask, "7147", (20, 200), cv2.FONT_HERSHEY_SIMPLEX, 5, 255, 6)
    left, boxes = clean(mask, height=110)
    assert boxes == []
    assert np.array_equal(left, mask)


def test_the_mask_given_is_not_changed() -> None:
    mask = blank()
    draw(mask, (5, 150), (595, 150))
    before = mask.copy()
    left, _ = clean(mask)
    assert np.array_equal(mask, before)
    assert not left.any()


def test_empty_mask() -> None:
    left, boxes = clean(blank())
    assert boxes == []
    assert not left.any()


def test_squares_smaller_than_the_writing_go_though_their_rules_are_broken() -> None:
    squares = blank(900, 500)
    for y in range(10, 500, 45):
        draw(squares, (5, y), (895, y + 90), 2)
    for x in range(70, 890, 45):
        draw(squares, (x, 5), (x - 60, 495), 2)
    rng = np.random.default_rng(5)
    squares[rng.random(squares.shape) < 0.08] = 0
    digit = blank(900, 500)
    cv2.putText(digit, "2", (400, 300), cv2.FONT_HERSHEY_SIMPLEX, 4, 255, 9)
    left, _ = clean(cv2.bitwise_or(squares, digit), 110)
    stats = components(left).stats
    assert stats[:, 3].max() > 80
    assert (stats[:, 2:4].max(axis=1) > 40).sum() == 1
