import numpy as np

from tests.training.fit.small_digits import digits
from training.render.photographs import photograph


def test_equal_seeds_give_equal_crops_of_all_classes() -> None:
    own = digits()
    first, again = (photograph(own, 30, 1) for _ in range(2))
    assert len(first) == len(first.images) >= 25
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert set(np.unique(first.labels)) <= set(range(10))
    assert len(np.unique(first.labels)) > 5
    assert not np.array_equal(photograph(own, 30, 2).images[:20], first.images[:20])


def test_none_asked_for_gives_none() -> None:
    none = photograph(digits(), 0, 1)
    assert len(none) == 0
    assert none.images.shape == (0, 28, 28)
