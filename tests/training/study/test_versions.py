from pathlib import Path

import numpy as np
import pytest

from tests.training.fit.small_digits import digits
from training.study.split import pixels
from training.study.versions import augmented, distort, scale_gamma
from training.workers import Workers

IMAGES = digits().images[:150]
PLAIN = {"noise": False, "scaling": False}


def ink(images: np.ndarray) -> np.ndarray:
    return (images > 0).mean(axis=(1, 2))


def test_equal_seeds_give_equal_versions_and_others_do_not() -> None:
    first = distort(IMAGES, PLAIN, (42, 1, 0))
    np.testing.assert_array_equal(first, distort(IMAGES, PLAIN, (42, 1, 0)))
    assert (first != distort(IMAGES, PLAIN, (42, 2, 0))).any()
    assert (first != IMAGES).any(axis=(1, 2)).all()


def test_digits_move_by_a_tenth_at_most() -> None:
    dot = np.zeros((300, 28, 28), np.uint8)
    dot[:, 13:15, 13:15] = 255
    moved = distort(dot, PLAIN, (1, 1, 0)).astype(float)
    for axis in (1, 2):
        weights = moved.sum(axis=3 - axis)
        centre = (weights * np.arange(28)).sum(axis=1) / weights.sum(axis=1)
        assert np.abs(centre - 13.5).max() < 3.5
        assert np.ptp(centre) > 4


def test_noise_and_scaling_do_what_they_say() -> None:
    noisy = distort(IMAGES, {"noise": True, "scaling": False}, (1, 1, 0))
    assert ink(noisy).mean() > ink(IMAGES).mean() + 0.2
    square = np.zeros((300, 28, 28), np.uint8)
    square[:, 9:19, 9:19] = 255
    sizes = [
        distort(square, {"noise": False, "scaling": scaling}, (1, 1, 0)).sum(axis=(1, 2)) / 255
        for scaling in (False, True)
    ]
    assert sizes[1].std() > 3 * sizes[0].std()


def test_the_set_holds_the_images_and_three_versions_and_leaves_nothing(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with augmented(
        IMAGES, PLAIN, seed=42, folder=tmp_path, workers=Workers(2),
        tell=lambda done, of: told.append((done, of)),
    ) as held:  # fmt: skip
        assert held.shape == (600, 784)
        assert held.dtype == np.float32
        np.testing.assert_array_equal(held[:150], pixels(IMAGES))
        for copy in (1, 2, 3):
            expected = pixels(distort(IMAGES, PLAIN, (42, copy, 0)))
            np.testing.assert_array_equal(held[150 * copy : 150 * (copy + 1)], expected)
        assert scale_gamma(held) == pytest.approx(1 / (784 * held.var(dtype=np.float64)))
        assert list(tmp_path.iterdir())
    assert told[-1] == (3, 3)
    assert not list(tmp_path.iterdir())
