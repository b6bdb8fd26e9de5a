import cv2
import numpy as np
import pytest

from camd.bars import Bars
from camd.segment.runs import runs


@pytest.mark.parametrize("angle", [0, 30, 90, -50])
def test_a_bar_is_found_as_it_was_drawn(angle: float) -> None:
    mask = np.zeros((200, 200), np.uint8)
    rect = ((90.0, 110.0), (80.0, 12.0), angle)
    cv2.fillPoly(mask, [np.rint(cv2.boxPoints(rect)).astype(np.int32)], 1)
    ink = runs(mask)
    bar = Bars.of(ink, np.zeros(len(ink), np.intp), 1)[0]
    assert bar.middle == pytest.approx((90, 110), abs=0.5)
    assert (bar.length, bar.width) == pytest.approx((81, 13), abs=1.5)
    along = bar.axis[0] * np.cos(np.radians(angle)) + bar.axis[1] * np.sin(np.radians(angle))
    assert abs(along) == pytest.approx(1, abs=0.01)


def test_the_moments_of_each_mark_are_its_own() -> None:
    rng = np.random.default_rng(2)
    masks = [(rng.random((30, 40)) < share).astype(np.uint8) for share in (0.1, 0.5, 0.9)]
    ink = runs(np.concatenate(masks))
    bars = Bars.of(ink, ink.row // 30, 3)
    for i, mask in enumerate(masks):
        bar, of = bars[i], cv2.moments(mask)
        middle = (of["m10"] / of["m00"], of["m01"] / of["m00"] + 30 * i)
        assert bar.middle == pytest.approx(middle)
        spread = (bar.length**2 + bar.width**2) / 12
        assert spread == pytest.approx((of["mu20"] + of["mu02"]) / of["m00"])


def test_a_pixel_has_no_length() -> None:
    mask = np.zeros((5, 5), np.uint8)
    mask[2, 3] = 1
    bar = Bars.of(runs(mask), np.zeros(1, np.intp), 1)[0]
    assert (bar.middle, bar.length, bar.width) == ((3, 2), 0, 0)
