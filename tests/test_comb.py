import cv2
import numpy as np
import pytest

from camd.comb import teeth
from camd.rule import Line
from camd.segment.components import components
from camd.segment.ruling import erase


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
        assert not len(teeth(stats, Line(90, 0.0, 100, 0, 400), 5))
