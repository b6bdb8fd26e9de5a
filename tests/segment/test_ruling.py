import cv2
import numpy as np
import pytest

from camd.segment.components import components, connected
from camd.segment.measures import Bar, Bars, stroke_width
from camd.segment.ruling import Pieces, Rule, Straight, erase, goes_on, teeth
from camd.segment.runs import runs


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


def bent(bow: int) -> np.ndarray:
    """Draw a bent rule."""
    mask = np.zeros((60, 900), np.uint8)
    x = np.arange(900)
    y = np.rint(20 + bow * np.sin(np.pi * x / 900)).astype(int)
    mask[y, x] = mask[y + 1, x] = 1
    return mask


def rule(mask: np.ndarray) -> Rule:
    """Take all ink for one level rule."""
    pieces = connected(runs(mask).turned())
    line = Pieces.of(pieces).line(np.ones(len(pieces), bool))
    return Rule.along(line, pieces.runs, 7)


def own(mask: np.ndarray) -> np.ndarray:
    """Give what is the rule's own of ink that was taken for one."""
    found = np.zeros_like(mask)
    across, along = rule(mask).own.pixels()
    found[along, across] = 1
    return found


def test_a_bent_rule_is_taken_whole() -> None:
    mask = bent(6)
    assert np.array_equal(own(mask), mask)


def test_pieces_of_many_rules_that_lie_aslant_are_no_rule() -> None:
    level, aslant = np.zeros((2, 200, 900), np.uint8)
    for i in range(10):
        level[100:102, 20 + 80 * i : 60 + 80 * i] = 1
        aslant[20 + 16 * i : 22 + 16 * i, 20 + 40 * i : 56 + 40 * i] = 1
    assert rule(level).straight()
    assert not rule(aslant).straight()


def comb(
    places: list[int], tall: int = 30, hang: bool = False, slope: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a rule with teeth: all of it, and what a 7 adds that is written between two of them."""
    mask = np.zeros((260, 760), np.uint8)

    def foot(x: int) -> int:
        return round(180 + slope * (x - 380))

    cv2.line(mask, (10, foot(10)), (750, foot(750)), 255, 3)
    for x in places:
        cv2.line(mask, (x, foot(x)), (x, foot(x) + (tall if hang else -tall)), 255, 3)
    digit = np.zeros_like(mask)
    cv2.polylines(digit, [np.array([(62, 90), (112, 90), (80, 170)])], False, 255, 5)
    return cv2.bitwise_or(mask, digit), digit


def left_over(mask: np.ndarray, height: float = 80) -> int:
    """Count what is left beside the 7."""
    clean = mask.copy()
    erase(clean, components(mask), height)
    return int(np.count_nonzero(components(clean).stats[:, 4] > 20)) - 1


@pytest.mark.parametrize("slope", [0.0, 0.12, -0.12])
@pytest.mark.parametrize("hang", [False, True])
def test_teeth_go_and_the_digit_between_them_stays(slope: float, hang: bool) -> None:
    mask, digit = comb([50, 130, 210, 290, 370, 530, 610], hang=hang, slope=slope)
    clean = mask.copy()
    erase(clean, components(mask), 80)
    assert left_over(mask) == 0
    assert np.count_nonzero((digit > 0) & (clean == 0)) < 0.05 * np.count_nonzero(digit)


def test_teeth_are_even_though_digits_hide_each_second_one() -> None:
    mask, _ = comb([210, 370, 450, 530, 690])
    assert left_over(mask) == 0


def test_ones_that_stand_on_a_rule_stay() -> None:
    uneven, _ = comb([160, 235, 330, 390, 500, 590], tall=70)
    assert left_over(uneven) == 6
    few, _ = comb([300, 380, 460], tall=60)
    assert left_over(few) == 3
    dense, _ = comb([200, 240, 280, 320, 360, 400], tall=70)
    assert left_over(dense) == 6


def test_a_tooth_of_which_a_digit_left_little_goes_with_the_others() -> None:
    mask, _ = comb([130, 210, 290, 370, 450])
    cv2.line(mask, (530, 180), (530, 166), 255, 3)
    assert left_over(mask) == 0


def test_teeth_in_one_place_are_no_comb() -> None:
    """Scraps of one stroke: they have no distance."""
    stats = np.array([[100, 72 + row, 3, 14, 42] for row in range(5)], np.int32)
    with np.errstate(all="raise"):  # a warning of NumPy's would reach the user
        assert not len(teeth(stats, Straight(90, 0.0, 100, 0, 400), 5))


def told(faint: list[tuple[int, int, int, int]], strength: int, angle: float = 0.0) -> float:
    """How far a bar from y = 100 to y = 140, of full ink, goes on where the pieces `faint`
    (x, y, width, height) have less ink."""
    ink, mask = np.zeros((2, 240, 240), np.uint8)
    mask[100:140, 120:123] = 255
    for x, y, width, height in faint:
        ink[y : y + height, x : x + width] = strength
    ink = np.maximum(ink, mask)
    turn = cv2.getRotationMatrix2D((121, 120), angle, 1.0)
    ink = cv2.warpAffine(ink, turn, (240, 240))
    mask = cv2.warpAffine(mask, turn, (240, 240))
    return goes_on(ink, *measured((mask > 127).astype(np.uint8)))


def measured(own: np.ndarray) -> tuple[Bar, float]:
    piece = runs(own)
    return Bars.of(piece, np.zeros(len(piece), np.intp), 1)[0], stroke_width(piece)


def test_a_stroke_on_bare_paper_ends() -> None:
    assert told([], 0) == 0


@pytest.mark.parametrize("angle", [0, 8, -30])
def test_a_rule_goes_on_in_ink_too_faint_to_be_seen(angle: float) -> None:
    assert told([(120, 40, 3, 160)], 120, angle) == pytest.approx(120 / 255, abs=0.05)


def test_one_end_is_enough() -> None:
    assert told([(120, 140, 3, 60)], 120) == pytest.approx(120 / 255, abs=0.05)


def test_what_stands_above_it_in_a_table_is_not_all_of_the_way() -> None:
    assert told([(120, 30, 3, 40), (120, 170, 3, 40)], 255) < 0.2


def test_what_covers_the_paper_on_both_sides_is_no_line() -> None:
    assert told([(60, 140, 120, 60)], 120) < 0.1


def test_only_what_is_slim_is_looked_at() -> None:
    ink = np.zeros((200, 200), np.uint8)
    ink[:, 90:110] = 255
    own = np.zeros_like(ink)
    own[80:120, 90:110] = 1
    assert goes_on(ink, *measured(own)) == 0


def test_teeth_are_as_far_apart_as_their_middles_however_thick_each_is() -> None:
    thin_and_thick = [
        (100 + 10 * i - (4 if i % 2 else 0), 80, 9 if i % 2 else 1, 12, 40 if i % 2 else 12)
        for i in range(6)
    ]
    stats = np.array(thin_and_thick, np.int32)
    assert len(teeth(stats, Straight(92, 0.0, 100, 0, 400), 5)) == 6


@pytest.mark.parametrize(("height", "is_tooth"), [(48, True), (54, False)])
def test_a_stroke_well_above_the_teeth_is_a_one(height: int, is_tooth: bool) -> None:
    """It stands where a tooth would, on the same rule."""
    tall = [*[40] * 5, height]
    stats = np.array([(100 + 40 * i, 90 - h, 3, h, 3 * h) for i, h in enumerate(tall)], np.int32)
    assert (5 in teeth(stats, Straight(90, 0.0, 100, 0, 400), 5)) == is_tooth
