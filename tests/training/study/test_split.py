import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from camd.errors import DataError
from training.digits import Digits
from training.study.split import pixels, split


def numbered(count: int) -> Digits:
    """Images that tell their own number."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(count) % 256, np.arange(count) // 256
    return Digits(images, np.arange(count) % 10)


def numbers(digits: Digits) -> list[int]:
    return (digits.images[:, 0, 0] + 256 * digits.images[:, 0, 1].astype(int)).tolist()


def test_it_is_the_notebooks() -> None:
    rest, test = train_test_split(np.arange(700), test_size=100, random_state=42)
    train, validation = train_test_split(rest, test_size=100, random_state=42)
    parts = split(numbered(700), quick=False, seed=42)
    assert numbers(parts.train) == train.tolist()
    assert numbers(parts.validation) == validation.tolist()
    assert numbers(parts.test) == test.tolist()


def test_quick_is_a_tenth_and_no_image_is_in_two_sets() -> None:
    parts = split(numbered(7000), quick=True, seed=42)
    sets = [numbers(part) for part in (parts.train, parts.validation, parts.test)]
    assert [len(part) for part in sets] == [500, 100, 100]
    assert len(set().union(*sets)) == 700


def test_what_is_no_digit_stays_out() -> None:
    digits = numbered(700)
    digits.labels[:70] = -1
    parts = split(digits, quick=False, seed=42)
    assert sum(map(len, (parts.train, parts.validation, parts.test))) == 630


@pytest.mark.parametrize("count", [3, 40])
def test_too_few_images_are_one_clear_error(count: int) -> None:
    with pytest.raises(DataError, match=r"too few|folds need"):
        split(numbered(count), quick=count > 10, seed=42)


def test_a_class_smaller_than_the_folds_is_named() -> None:
    digits = numbered(700)
    digits.labels[digits.labels == 7] = 8
    digits.labels[:2] = 7
    with pytest.raises(DataError, match="digit 7"):
        split(digits, quick=False, seed=42)


def test_pixels_are_0_to_1_in_single_precision() -> None:
    image = np.full((1, 28, 28), 255, np.uint8)
    assert pixels(image).dtype == np.float32
    assert pixels(image).max() == 1
    assert pixels(image // 5).max() == np.float32(0.2)
