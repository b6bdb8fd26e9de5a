import numpy as np

from camd.capture.liveliness import Liveliness, Verdict
from camd.values import Image

RNG = np.random.default_rng(7)


def noisy(count: int) -> list[Image]:
    return [RNG.integers(100, 104, (48, 64, 3), np.uint8) for _ in range(count)]


def verdicts(life: Liveliness, images: list[Image], start: float, period: float) -> list[Verdict]:
    return [life.update(image, start + n * period) for n, image in enumerate(images)]


def test_a_still_scene_has_noise_and_is_fine() -> None:
    assert set(verdicts(Liveliness(5, 5), noisy(300), 0, 0.1)) == {"fine"}


def test_a_picture_that_stays_the_same_is_frozen_after_its_time() -> None:
    image = noisy(1)[0]
    said = verdicts(Liveliness(5, 60), [image.copy() for _ in range(51)], 0, 0.1)
    assert said == ["fine"] * 50 + ["frozen"]


def test_one_pixel_elsewhere_is_another_picture() -> None:
    image = noisy(1)[0]
    other = image.copy()
    other[17, 17, 1] += 1  # between the pixels that are compared first
    assert set(verdicts(Liveliness(5, 60), [image, other] * 60, 0, 0.1)) == {"fine"}


def test_the_picture_that_froze_stays_withheld_after_opening_again_until_it_changes() -> None:
    life = Liveliness(5, 60)
    image = noisy(1)[0]
    assert verdicts(life, [image] * 51, 0, 0.1)[-1] == "frozen"
    life.opened()
    assert verdicts(life, [image] * 51, 100, 0.1) == ["withheld"] * 50 + ["frozen"]
    life.opened()
    assert verdicts(life, [image, *noisy(2)], 200, 0.1) == ["withheld", "fine", "fine"]


def test_an_outage_does_not_count_as_a_picture_that_stays() -> None:
    life = Liveliness(5, 60)
    image = noisy(1)[0]
    assert life.update(image, 0) == "fine"
    life.opened()
    assert life.update(image, 100) == "fine"


def test_zero_never_takes_a_picture_for_frozen() -> None:
    assert set(verdicts(Liveliness(0, 60), [noisy(1)[0]] * 50, 0, 10)) == {"fine"}


def test_a_rate_that_collapses_is_slow_and_one_that_always_was_low_is_fine() -> None:
    life = Liveliness(0, 5)
    assert set(verdicts(life, noisy(90), 0, 1 / 30)) == {"fine"}
    assert set(verdicts(life, noisy(20), 3, 1 / 5)) == {"fine"}  # it got dark
    assert "slow" in verdicts(life, noisy(9), 7, 1)
    life.opened()
    assert set(verdicts(life, noisy(60), 20, 1)) == {"fine"}
