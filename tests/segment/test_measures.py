import cv2
import numpy as np
import pytest

from camd.segment.components import components
from camd.segment.measures import Bars, marks, stroke_width
from camd.segment.runs import runs


def test_groups_are_measured_as_their_pixels_are() -> None:
    rng = np.random.default_rng(6)
    ink = cv2.blur(rng.integers(0, 255, (80, 120), np.uint8), (5, 5))
    mask = ((ink > 130) * 255).astype(np.uint8)
    found = components(mask)
    assert len(found) > 12
    groups = [[3], [7, 1, 10], [len(found) - 1], [0]]
    measured = marks(found, groups)
    for i, group in enumerate(groups):
        own = found.mask(group, (0, 0, 120, 80))
        assert measured.stroke[i] == pytest.approx(stroke_width(runs(own)))
        moments = cv2.moments(own)
        middle = (moments["m10"] / moments["m00"], moments["m01"] / moments["m00"])
        assert measured.bars[i].middle == pytest.approx(middle)


def test_no_groups() -> None:
    blank = np.zeros((20, 20), np.uint8)
    assert len(marks(components(blank), []).stroke) == 0


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


def by_opencv(mask: np.ndarray) -> float:
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    outline = sum(cv2.arcLength(contour, True) for contour in contours)
    return 2 * cv2.countNonZero(mask) / (outline + 4) if outline else 1.0


@pytest.mark.parametrize("blur", [1, 2, 3, 5, 9])
def test_width_is_that_of_the_outlines_that_opencv_follows(blur: int) -> None:
    rng = np.random.default_rng(blur)
    for _ in range(20):
        mask = (cv2.blur(rng.random((40, 50)), (blur, blur)) > 0.5).astype(np.uint8)
        assert stroke_width(runs(mask)) == pytest.approx(by_opencv(mask))


def test_a_dot_has_no_outline() -> None:
    assert stroke_width(runs(np.ones((1, 1), np.uint8))) == 1


@pytest.mark.parametrize("pen", [1, 5, 11])
def test_stroke_width(pen: int) -> None:
    mask = np.zeros((200, 200), np.uint8)
    mask[100 : 100 + pen, 30:170] = 1
    assert stroke_width(runs(mask)) == pytest.approx(pen, rel=0.2, abs=0.2)
