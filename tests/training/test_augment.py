from dataclasses import replace

import cv2
import numpy as np
import pytest

from training.augment import CHUNK, Distortion, distort

STILL = Distortion(0, 0, 0, 0, 4, 0, 0, 0, 0)


def eights(count: int) -> np.ndarray:
    crop = np.zeros((28, 28), np.uint8)
    cv2.putText(crop, "8", (7, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2, cv2.LINE_AA)
    return np.repeat(crop[None], count, axis=0)


def extent(crop: np.ndarray) -> int:
    return max(cv2.boundingRect((crop > 64).astype(np.uint8))[2:])


def centre(crop: np.ndarray) -> np.ndarray:
    moments = cv2.moments(crop)
    return np.array([moments["m10"], moments["m01"]]) / moments["m00"]


def test_equal_seeds_give_equal_copies_and_others_do_not() -> None:
    crops = eights(20)
    first = distort(crops, Distortion(), 1)
    np.testing.assert_array_equal(first, distort(crops, Distortion(), 1))
    assert (first != distort(crops, Distortion(), 2)).any()
    assert len({crop.tobytes() for crop in first}) == 20


def test_the_global_random_state_has_no_say() -> None:
    crops = eights(5)
    np.random.seed(1)  # noqa: NPY002
    first = distort(crops, Distortion(), 1)
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(first, distort(crops, Distortion(), 1))


def test_no_distortion_gives_the_crop_as_mnist_would_have_it() -> None:
    (crop,) = distort(eights(1), STILL, 0)
    assert abs(extent(crop) - 20) <= 1
    np.testing.assert_allclose(centre(crop), 14, atol=0.15)
    assert crop.max() == 255


def test_every_copy_is_whole_and_centred() -> None:
    for crop in distort(eights(200), Distortion(), 0):
        assert 18 <= extent(crop) <= 23
        np.testing.assert_allclose(centre(crop), 14, atol=0.9)


@pytest.mark.parametrize(
    "how",
    [
        replace(STILL, rotate=10.0),
        replace(STILL, shear=10.0),
        replace(STILL, stretch=0.1),
        replace(STILL, elastic=0.9),
        replace(STILL, pen=1.0),
        replace(STILL, blur=1.0),
        replace(STILL, size=0.1),
        replace(STILL, off_centre=0.5),
    ],
)
def test_each_distortion_does_something_of_its_own(how: Distortion) -> None:
    copies = distort(eights(10), how, 0)
    assert len({crop.tobytes() for crop in copies}) > 5


def test_pens_become_thicker_and_thinner() -> None:
    plain = distort(eights(1), STILL, 0).sum()
    ink = distort(eights(100), replace(STILL, pen=1.0), 0).reshape(100, -1).sum(axis=1)
    assert ink.min() < 0.9 * plain
    assert ink.max() > 1.1 * plain


def test_a_hairline_and_an_empty_crop_survive() -> None:
    crops = np.zeros((2, 28, 28), np.uint8)
    crops[1, 4:24, 14] = 90
    empty, hairline = distort(crops, Distortion(pen=4.0), 3)
    assert not empty.any()
    assert hairline.max() > 200


def test_more_crops_than_a_chunk_and_none() -> None:
    crops = eights(CHUNK + 2)
    copies = distort(crops, Distortion(), 0)
    assert copies.shape == crops.shape
    assert copies.reshape(len(copies), -1).any(axis=1).all()
    assert distort(crops[:0], Distortion(), 0).shape == (0, 28, 28)
