import numpy as np
import pytest

from camd.median import median


@pytest.mark.parametrize("shape", [(1,), (2,), (5,), (20,), (1, 2), (8, 2), (9, 2)])
def test_it_is_numpys(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).normal(0, 9, shape)
    assert median(values) == pytest.approx(np.median(values, axis=0))
    assert median(values.tolist()).shape == shape[1:]
