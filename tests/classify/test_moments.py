import cv2
import numpy as np
import pytest

from camd.classify.moments import NUMBERS, Shapes, upright

SIZE = 24.0


def drawn(slant: float = 0.0, stretch: float = 1.0, shift: tuple[float, float] = (0, 0)):
    """A 4 of thin strokes, sheared and stretched about the middle of the crop."""
    points = np.array([[3, -8], [3, 8], [3, 1], [-5, 1], [1, -8]], np.float64)
    points[:, 0] = points[:, 0] * stretch + slant * points[:, 1]
    at = np.round((points + 13.5 + shift) * 16).astype(np.int32)
    crop = np.zeros((28, 28), np.uint8)
    cv2.polylines(crop, [at], False, 255, 2, cv2.LINE_AA, shift=4)
    return cv2.GaussianBlur(crop, (0, 0), 0.7)


def made_upright(*crops: np.ndarray) -> np.ndarray:
    stacked = np.stack(crops)
    return upright(stacked, Shapes.of(stacked), SIZE)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("other", [drawn(slant=0.4), drawn(slant=-0.4), drawn(shift=(2.3, -1.6))])
def test_leaning_and_lying_elsewhere_make_no_difference(other: np.ndarray) -> None:
    plain, same = made_upright(drawn(), other)
    assert likeness(drawn(), other) < 0.8
    assert likeness(plain, same) > 0.95


def test_narrow_ink_is_widened_but_stays_the_narrower() -> None:
    narrow, wide = drawn(stretch=0.6), drawn()
    before, after = likeness(narrow, wide), likeness(*made_upright(narrow, wide))
    assert after > max(before, 0.85)
    again = Shapes.of(made_upright(narrow, wide))
    assert (again.height > again.width).all()
    np.testing.assert_allclose(again.height, SIZE, rtol=0.05)


def test_the_numbers_tell_what_was_taken_away() -> None:
    leaning, narrow, faint = drawn(slant=0.4), drawn(stretch=0.6), drawn() // 2
    plain, leant, slim, weak = Shapes.of(np.stack([drawn(), leaning, narrow, faint])).numbers()
    assert leant[0] - plain[0] == pytest.approx(0.4, abs=0.05)
    assert slim[1] < plain[1] - 0.2
    assert weak[2] == pytest.approx(plain[2] - np.log(2), abs=0.05)


def test_a_crop_does_not_depend_on_its_neighbours() -> None:
    full = np.full((28, 28), 255, np.uint8)
    alone = made_upright(drawn())[0]
    np.testing.assert_array_equal(made_upright(full, drawn(), full)[1], alone)


def test_a_blank_crop_stays_blank_and_its_numbers_finite() -> None:
    blank = np.zeros((1, 28, 28), np.uint8)
    shapes = Shapes.of(blank)
    assert not upright(blank, shapes, SIZE).any()
    assert np.isfinite(shapes.numbers()).all()


def test_a_single_dot_is_no_number_that_is_not_finite() -> None:
    dot = np.zeros((1, 28, 28), np.uint8)
    dot[0, 5, 5] = 255
    shapes = Shapes.of(dot)
    assert np.isfinite(shapes.numbers()).all()
    assert upright(dot, shapes, SIZE).any()


def test_no_crops_give_none() -> None:
    none = np.empty((0, 28, 28), np.uint8)
    shapes = Shapes.of(none)
    assert upright(none, shapes, SIZE).shape == (0, 28, 28)
    assert shapes.numbers().shape == (0, NUMBERS)
